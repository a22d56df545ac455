#!/bin/bash -eu
# One binary a target, its committed inputs as seed corpus, and the dictionary that fits.
cargo fuzz build -O
for target in fuzz/fuzz_targets/*.rs; do
    name=$(basename "$target" .rs)
    cp "fuzz/target/x86_64-unknown-linux-gnu/release/$name" "$OUT/"
    zip -jq "$OUT/${name}_seed_corpus.zip" "properties/fuzz-seeds/$name"/*
    case $name in
        schedule) ;;
        conference_info) cp fuzz/xml.dict "$OUT/$name.dict" ;;
        *) cp fuzz/sip.dict "$OUT/$name.dict" ;;
    esac
done
