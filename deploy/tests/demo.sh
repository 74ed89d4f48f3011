#!/usr/bin/env bash
# `make demo`: within a minute every page has something to show. Needs the built SDK (`make ui`).
# shellcheck source=deploy/tests/kit.sh
. "$(dirname "$0")/kit.sh"
: "${BIN_DIR:?names the folder with the built services}"

FIRST_PORT=$(free_ports)
export FIRST_PORT BIN_DIR RUN_FOLDER=$work/run KEYS=$work/run/keys.env
deploy/demo.sh >"$work/stack.log" 2>&1 &
stack_pid=$!
deadline=$((SECONDS + 60))

# shows NAME KEY PORT PATH TEXT: the answer has the text before the minute is over.
shows() {
    local what=$1 name=$2 port=$((FIRST_PORT + $3)) path=$4 text=$5
    until curl -s -m 5 -H "X-API-Key: $(key "$name" 2>/dev/null)" "http://127.0.0.1:$port$path" >"$work/said" && grep -qE -- "$text" "$work/said"; do
        if [ $SECONDS -ge $deadline ]; then
            tail -n 20 "$work/stack.log" >&2
            wrong "after a minute there is no $what"
        fi
        kill -0 $stack_pid 2>/dev/null || { cat "$work/stack.log" >&2 && wrong "the demo has ended"; }
        sleep 0.2
    done
    claim "there is $what"
}

shows "an error of the shop's program" ERROR_TRACKER_API_KEY 0 '/api/errors?source=server&project=shop' '"exception_type":"(PaymentRefused|TypeError)"'
shows "a traceback of the shop's worker" ERROR_TRACKER_API_KEY 0 '/api/errors?source=server&project=shop' 'jobs|invoice\.py|mail\.py|image\.py'
shows "an error of its page, in the lines of its source" ERROR_TRACKER_API_KEY 0 '/api/errors?source=browser&project=shop' '"culprit":"[^"]*page/cart\.js:[0-9]+'
for container in shop-web shop-proxy shop-worker shop-db; do
    shows "a log of $container" LOG_VIEWER_API_KEY 1 "/api/logs?container=$container" '"message"'
done
shows "a day of requests" METRICS_COLLECTOR_API_KEY 2 '/api/metrics?project=shop&name=http_requests_total&since=-23h&until=-22h' '"sum":[1-9]'
shows "a request of this minute" METRICS_COLLECTOR_API_KEY 2 '/api/metrics?project=shop&name=http_request_duration_seconds&since=-2m&labels=endpoint:/products/\{id\}' '"count":[1-9]'
shows "a Web Vital of a browser" METRICS_COLLECTOR_API_KEY 2 '/api/metrics?project=shop&name=web_vitals_lcp&since=-2m&labels=source:browser' '"count":[1-9]'
shows "a source map in use" BROWSER_RELAY_ADMIN_API_KEY 3 '/api/source-maps' '"last_used":"2'
shows "the shop's page" "" 10 / 'A tea shop that goes wrong'
shows "the SDK on it" "" 10 /monlight.full.min.js 'Monlight'

stop_stack
grep -q 'stopped clean=true' "$work/stack.log" || wrong "the services did not stop well"
if grep -E '^demo: ' "$work/stack.log"; then wrong "the demo complains"; fi
if (exec 3<>"/dev/tcp/127.0.0.1/$((FIRST_PORT + 10))") 2>/dev/null; then wrong "the shop still runs"; fi
claim "all of it ends together"

printf '%s\n' "$passed" >"${COUNT_FILE:-/dev/null}"
