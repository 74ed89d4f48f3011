#!/usr/bin/env bash
# Each test that README.md and SECURITY.md name is in the file that they name it in.
set -euo pipefail
cd "$(dirname "$0")/.."

# named DOCUMENT: lines of "FILE<tab>TEST"; the tests before "in" are in each of the files behind it.
named() {
    grep '^|' "$1" | awk -F '|' '{
        tests = 0; are_listed = 0
        rest = $3
        while (match(rest, /`[^`]+`|\]\([^)]+\)/)) {
            found = substr(rest, RSTART, RLENGTH)
            rest = substr(rest, RSTART + RLENGTH)
            if (found ~ /^`/) {
                if (are_listed) { tests = 0; are_listed = 0 }
                names[++tests] = substr(found, 2, length(found) - 2)
            } else {
                are_listed = 1
                for (one = 1; one <= tests; one++) print substr(found, 3, length(found) - 3) "\t" names[one]
            }
        }
    }'
}

# check DOCUMENT LEAST: it names no test that is not there, and at least so many.
check() {
    local count=0 file test
    while IFS=$'\t' read -r file test; do
        count=$((count + 1))
        # A test of Rust or Python by its function, one of a page or of the scripts by its name.
        grep -qE "(fn|def) $test\(|test\('$test'|claim \"$test\"" "$file" 2>/dev/null || {
            echo "$1 names the test '$test', which is not in $file" >&2
            return 1
        }
    done < <(named "$1")
    if [ "$count" -lt "$2" ]; then
        echo "$1 should name its tests; $count were found" >&2
        return 1
    fi
}

check README.md 12
check SECURITY.md 20
