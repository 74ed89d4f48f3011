//! See [`error_tracker::fuzzing::check_report`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| error_tracker::fuzzing::check_report(input));
