//! See [`browser_relay::fuzzing::check_envelope`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| browser_relay::fuzzing::check_envelope(input));
