#!/usr/bin/env bash
# Runs each fuzz target for a while: FUZZ_SECONDS (60), or only those that FUZZ names. What it finds interesting is kept in
# fuzz/found, which is not committed; an input that breaks something is in fuzz/artifacts and belongs into fuzz/corpus with the fix.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is missing: cargo install cargo-fuzz" >&2; exit 1; }

# No sanitizer: our code has no `unsafe`, and the services' allocator takes the place of malloc, which AddressSanitizer wants
# for itself. What is left of nightly's flags the stable compiler has too.
export RUSTC_BOOTSTRAP=1
read -ra targets <<<"${FUZZ:-$(cargo fuzz list | tr '\n' ' ')}"
for target in "${targets[@]}"; do
    echo "== $target"
    mkdir -p "fuzz/found/$target"
    cargo fuzz run --sanitizer none "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- \
        -max_total_time="${FUZZ_SECONDS:-60}" -max_len=4096 -timeout=10 -rss_limit_mb=512 -print_final_stats=0 -verbosity=0
done
