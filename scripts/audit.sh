#!/usr/bin/env bash
# Asks the advisories of crates, npm and Python packages whether what is locked here is known to be unsafe, and checks
# the licences of the crates (deny.toml). Needs cargo-deny, npm and pip-audit, and the network.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()

# audit TOOL COMMAND...: goes on after a failure, so that one run tells all.
audit() {
    local tool=$1
    shift
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is not installed" >&2
        failed+=("$tool")
        return
    fi
    echo "$*"
    "$@" || failed+=("$tool")
}

audit cargo-deny cargo deny --locked check
audit npm npm audit
for list in clients/python/requirements-dev.txt scripts/attack-requirements.txt; do
    audit pip-audit pip-audit --strict --requirement "$list"
done

if ((${#failed[@]})); then
    echo "not clean, or not looked at: ${failed[*]}" >&2
    exit 1
fi
