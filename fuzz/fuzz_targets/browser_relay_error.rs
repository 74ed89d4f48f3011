//! See [`browser_relay::fuzzing::check_error`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| browser_relay::fuzzing::check_error(input));
