//! See [`log_viewer::fuzzing::check_level`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| log_viewer::fuzzing::check_level(input));
