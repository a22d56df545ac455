#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    imsconf_properties::fuzz::stream(data).unwrap_or_else(|broken| panic!("{broken}"));
});
