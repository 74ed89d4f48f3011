#!/usr/bin/env bash
# Tests the scripts and examples of deploy/ without Docker. BIN_DIR is the folder with the built services.
set -euo pipefail
cd "$(dirname "$0")"

count=$(mktemp)
trap 'rm -f "$count"' EXIT
export COUNT_FILE=$count
total=0
for test in compose-files release upgrade install local proxy demo; do
    echo "deploy: $test"
    echo 0 >"$count"
    "./$test.sh"
    total=$((total + $(cat "$count")))
done
echo "deploy: $total passed, 0 failed"
