//! See [`metrics_collector::fuzzing::check_page`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| metrics_collector::fuzzing::check_page(input));
