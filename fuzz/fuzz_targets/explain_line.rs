//! Any line has an answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| clawbutler_fuzz::explain_line(bytes));
