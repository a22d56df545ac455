#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    imsconf_properties::fuzz::multipart(data).unwrap_or_else(|broken| panic!("{broken}"));
});
