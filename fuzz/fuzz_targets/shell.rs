//! Any shell text has a verdict.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| clawbutler_fuzz::shell(bytes));
