#!/usr/bin/env bash
# Runs the stack as deploy/run.sh does, and beside it a small shop that it watches: `make demo`.
#
# Keys, data and the shop's logs are in .run/demo/, apart from those of `make run`. The shop listens ten ports above the first one.
set -euo pipefail
cd "$(dirname "$0")/.."

export FIRST_PORT=${FIRST_PORT:-5010} RUN_FOLDER=${RUN_FOLDER:-.run/demo}
export KEYS=$RUN_FOLDER/keys.env LOG_SOURCES=$RUN_FOLDER/containers
# The page belongs to the same project as the programs behind it.
export DEMO_PROJECT=shop
# Visitors of the demo all come from this machine, and count as one.
export RATE_LIMIT=${RATE_LIMIT:-60000}

mkdir -p "$LOG_SOURCES"
if (exec 3<>"/dev/tcp/127.0.0.1/$((FIRST_PORT + 10))") 2>/dev/null; then
    echo "make demo: port $((FIRST_PORT + 10)), which the shop needs, is taken by another program; FIRST_PORT=6010 make demo uses others" >&2
    exit 1
fi
if [ -n "${BIN_DIR:-}" ] && [ ! -f clients/js/dist/monlight.full.min.js ]; then
    scripts/setup.sh build
    npm run build -w clients/js
fi
# The shop is started by run.sh when all services are healthy, and ends with them.
RUN_BESIDE="node deploy/demo/main.mjs" exec deploy/run.sh
