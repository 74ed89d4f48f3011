//! See [`shared::fuzzing::check_query`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shared::fuzzing::check_query(input));
