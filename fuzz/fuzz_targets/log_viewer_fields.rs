//! See [`log_viewer::fuzzing::check_fields`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| log_viewer::fuzzing::check_fields(input));
