#!/usr/bin/env bash
# Runs the Rust tests: with cargo-nextest where it is installed, which is faster and ends a test that hangs.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v cargo-nextest >/dev/null; then
    exec cargo nextest run --workspace
fi
exec cargo test --workspace --lib --bins --tests
