//! See [`error_tracker::fuzzing::check_search`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| error_tracker::fuzzing::check_search(input));
