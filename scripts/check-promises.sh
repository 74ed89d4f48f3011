#!/usr/bin/env bash
# Each test that SECURITY.md names is in the file that it names it in.
set -euo pipefail
cd "$(dirname "$0")/.."

# Lines of "FILE<tab>TEST": the tests before "in" are in each of the files behind it.
named() {
    grep '^|' SECURITY.md | awk -F '|' '{
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

count=0
while IFS=$'\t' read -r file test; do
    count=$((count + 1))
    # A Rust test by its function, one of a page by its name.
    grep -qE "fn $test\(|test\('$test'" "$file" 2>/dev/null || {
        echo "SECURITY.md names the test '$test', which is not in $file" >&2
        exit 1
    }
done < <(named)
if [ "$count" -lt 20 ]; then
    echo "SECURITY.md should name its tests; $count were found" >&2
    exit 1
fi
