#!/usr/bin/env bash
# Prints how much memory and disk the running services take, with Compose, `make run` or `make demo`: `make sizes`.
#
# The figures are the services' own, from /metrics. KEYS, FIRST_PORT and MONLIGHT_HOST: see deploy/smoke-test.sh.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "$0")/lib.sh"

# figure METRIC SERVICE TEXT: the value, whatever the prefix of the service is.
figure() { awk -v metric="monlight_${2//-/_}_$1" '$1 == metric { printf "%.0f", $2 }' <<<"$3"; }

megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MB", bytes / 1000000 }'; }

find_keys
total=0
printf '%-18s %12s %12s\n' '' 'resident' 'database'
for service in "${SERVICES[@]}"; do
    text=$(printf 'header = "X-API-Key: %s"' "$(key_of "$service")" | curl -sf -m 20 -K - "$(address_of "$service")/metrics") ||
        fail "$service does not answer at $(address_of "$service"), or does not take its key in $keys_file"
    resident=$(figure resident_memory_bytes "$service" "$text")
    database=$(figure database_bytes "$service" "$text")
    printf '%-18s %12s %12s\n' "$service" "$(megabytes "$resident")" "$(megabytes "$database")"
    total=$((total + resident))
done
printf '%-18s %12s   (50 MB are the goal for release builds)\n' together "$(megabytes "$total")"
