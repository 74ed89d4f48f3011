#!/usr/bin/env bash
# Runs the tests of the pages and of the browser SDK in Chromium, folder by folder, and ends at the first that fails, so
# that what failed is the last thing printed. npm itself would go on, and its summary names only the folder.
#
# With CI set, a folder that fails is run once more, and both runs are in the log: a shared machine may stand still for some
# seconds in the middle of a click. What is broken fails twice.
set -euo pipefail
cd "$(dirname "$0")/.."

for folder in {error-tracker,log-viewer,metrics-collector,browser-relay}/ui tests/browser clients/js; do
    npm run e2e --workspace "$folder" && continue
    if [ -n "${CI:-}" ]; then
        echo "The tests in Chromium of $folder failed; once more." >&2
        npm run e2e --workspace "$folder" && continue
    fi
    echo "The tests in Chromium of $folder failed; see above." >&2
    exit 1
done
