#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oarlock_fuzz::calls::run(data));
