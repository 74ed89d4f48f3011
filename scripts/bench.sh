#!/usr/bin/env bash
# Measures all services and the Python SDK with what `make bench` has built: bench.sh TARGET_DIR TARGET [--quick]
#
# The tables are Markdown. They are printed, and kept in TARGET_DIR/bench.md.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly tools=$1/release binaries=$1/$2/release page=$1/bench.md
shift 2

measure() {
    local service
    echo "# Figures of $(git describe --always --dirty 2>/dev/null || echo unknown), $(date -u +%F), $(nproc) processors"
    for service in error-tracker log-viewer metrics-collector browser-relay; do
        printf '\n## %s\n\n' "$service"
        "$tools/bench" "$service" --binary "$binaries/$service" "$@"
    done
    printf '\n## Python SDK\n\n'
    ERROR_TRACKER_BIN=$binaries/error-tracker METRICS_COLLECTOR_BIN=$binaries/metrics-collector scripts/python.sh bench "$@"
}

measure "$@" | tee "$page"
echo "the tables are in $page"
