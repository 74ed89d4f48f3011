#!/usr/bin/env bash
# Checks that docs/settings.md names the settings that the services have, each with its default.
#
# A service's `--help` is the truth. In the document its settings stand in two tables: under
# "Every service", and under the service's own name.
set -euo pipefail
cd "$(dirname "$0")/.."

document=docs/settings.md
services=(error-tracker log-viewer metrics-collector browser-relay)

# "  NAME   what it is for [default]" becomes "NAME default".
from_help() {
    sed -nE 's/^  ([A-Z][A-Z0-9_]+) .*\[([^]]*)\]$/\1 \2/p; t; s/^  ([A-Z][A-Z0-9_]+) .*/\1 /p'
}

# "| `NAME` | `default` | what it is for |" becomes "NAME default".
# shellcheck disable=SC2016 # the backticks are the table's
from_document() {
    awk -v service="$1" '/^## / { wanted = ($0 == "## Every service" || $0 == "## " service) } wanted' "$document" |
        sed -nE 's/^\| `([A-Z][A-Z0-9_]+)` \| `?([^`|]*[^`| ])?`? *\|.*/\1 \2/p'
}

for service in "${services[@]}"; do
    help=$(cargo run --quiet -p "$service" -- --help)
    if ! difference=$(diff <(from_help <<<"$help" | sort) <(from_document "$service" | sort)); then
        printf '%s and %s --help do not agree (< help, > document):\n%s\n' "$document" "$service" "$difference" >&2
        exit 1
    fi
done
