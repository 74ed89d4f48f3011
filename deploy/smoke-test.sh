#!/usr/bin/env bash
# Tries every running service end to end: deploy/smoke-test.sh. Exit code 0 when all of it works.
#
# It runs against Compose, `make run` and the systemd units. What it sends belongs to the project monlight-smoke-test; errors, keys and source
# maps are taken away again. Settings:
#
#   KEYS        the file with the keys, or a folder with SERVICE.env. Otherwise that of deploy/secrets.env, .run/keys.env,
#               .run/demo/keys.env and /etc/monlight whose keys are right.
#   FIRST_PORT  the error tracker's port (5010); the others follow.
#   MONLIGHT_HOST  where they listen (127.0.0.1).
#   LOG_FOLDER  a folder that the log viewer reads: a line is written there, and looked for. Otherwise one that is there already.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "$0")/lib.sh"
project=monlight-smoke-test
tracker=$(address_of error-tracker)
viewer=$(address_of log-viewer)
collector=$(address_of metrics-collector)
relay=$(address_of browser-relay)
# Told apart from what an earlier run has left.
run=$(date +%s)$RANDOM
work=$(mktemp -d)

# What was made and has to go again: METHOD URL, with the key of the service in hand then.
leftovers=()
clean_up() {
    local entry key method url
    for entry in "${leftovers[@]}"; do
        read -r key method url <<<"$entry"
        ask "$key" "$method" "$url"
    done
    rm -rf "$work" ${log_container:+"$log_container"}
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# ask KEY METHOD URL [curl options]: leaves the status in $status and the body in $body.
ask() {
    local key=$1 method=$2 url=$3
    shift 3
    # The key comes from standard input: arguments can be seen by everybody on the machine.
    status=$(printf 'header = "X-API-Key: %s"' "$key" | curl -s -m 20 -K - -o "$work/body" -w '%{http_code}' -X "$method" "$@" "$url") || status=000
    body=$(tr -d '\0' <"$work/body" 2>/dev/null || true)
}

expect() {
    local what=$1 wanted=$2 text=${3:-}
    # The list of statuses that are fine is separated by bars.
    [[ "|$wanted|" == *"|$status|"* ]] || fail "$what: status $status instead of $wanted: ${body:0:300}"
    [ -z "$text" ] || [[ $body == *"$text"* ]] || fail "$what: the answer has no $text: ${body:0:300}"
}

post() { ask "$1" POST "$2" -H 'Content-Type: application/json' -d "$3"; }

# The first number under this name in the last answer.
number_of() { grep -o "\"$1\":[0-9]*" <<<"$body" | head -n 1 | cut -d : -f 2; }

# until_seen WHAT TEXT KEY URL [curl options]: the answer has the text within 20 seconds.
until_seen() {
    local what=$1 text=$2 key=$3 url=$4 deadline=$((SECONDS + 20))
    shift 4
    while [ $SECONDS -lt $deadline ]; do
        ask "$key" GET "$url" "$@"
        [ "$status" = 200 ] && [[ $body == *"$text"* ]] && return
        sleep 0.3
    done
    fail "$what: not seen within 20 s; the last answer was $status: ${body:0:300}"
}

common() {
    local name=$1 url=$2 key=$3
    ask "" GET "$url/health"
    expect "$name: health" 200 '"status":"ok"'
    ask "" GET "$url/"
    expect "$name: page" 200 "class="
    ask wrong GET "$url/api/about"
    expect "$name: wrong key" 401 "Invalid API key"
    ask "$key" GET "$url/api/about"
    expect "$name: right key" 200 "\"service\":\"$name\""
    ask "$key" GET "$url/metrics"
    expect "$name: own figures" 200 resident_memory_bytes
}

try_error_tracker() {
    common error-tracker "$tracker" "$tracker_key"
    local report id
    report='{"project": "'$project'", "exception_type": "SmokeTest'$run'", "message": "run '$run'",
        "traceback": "  File \"/srv/smoke.py\", line 7, in run\nSmokeTest: '$run'"}'
    post "$tracker_key" "$tracker/api/errors" "$report"
    expect "error-tracker: first report" 201 '"status":"created"'
    id=$(number_of id)
    leftovers+=("$tracker_key DELETE $tracker/api/errors/$id")
    post "$tracker_key" "$tracker/api/errors" "$report"
    expect "error-tracker: second report" 200 '"status":"incremented"'
    post "$tracker_key" "$tracker/api/errors/$id/resolve" '{}'
    expect "error-tracker: resolve" 200
    post "$tracker_key" "$tracker/api/errors" "$report"
    expect "error-tracker: it came back" 201 '"status":"reopened"'
    ask "$tracker_key" GET "$tracker/api/errors/$id"
    expect "error-tracker: one error" 200 '"count":3'
    until_seen "error-tracker: search" "SmokeTest$run" "$tracker_key" "$tracker/api/errors?project=$project&search=$run"
    say "error-tracker: reported, counted, resolved, reopened, found"
}

try_metrics_collector() {
    common metrics-collector "$collector" "$collector_key"
    post "$collector_key" "$collector/api/metrics" '{"metrics": [
        {"project": "'$project'", "name": "smoke_total", "type": "counter", "value": 1, "labels": {"run": "'"$run"'"}},
        {"project": "'$project'", "name": "smoke_ms", "type": "histogram", "value": 42, "labels": {"run": "'"$run"'"}}]}'
    expect "metrics-collector: two points" 202 '"count":2'
    ask "$collector_key" GET "$collector/api/metrics?project=$project&name=smoke_total&period=1h&labels=run:$run"
    expect "metrics-collector: the counter" 200 '"sum":1'
    ask "$collector_key" GET "$collector/api/metrics?project=$project&name=smoke_ms&period=1h&labels=run:$run"
    expect "metrics-collector: the percentile" 200 '"p95":42'
    say "metrics-collector: stored, summed, percentiles found"
}

try_browser_relay() {
    common browser-relay "$relay" "$relay_key"
    local dsn_key map
    post "$relay_key" "$relay/api/dsn-keys" '{"project": "'$project'"}'
    expect "browser-relay: a DSN key" 201 '"public_key"'
    leftovers+=("$relay_key DELETE $relay/api/dsn-keys/$(number_of id)")
    dsn_key=$(grep -o '"public_key":"[0-9a-f]*"' <<<"$body" | cut -d '"' -f 4)

    # A map of one place: column 0 of the only line is line 1 of src/cart.ts, in a function called total.
    map='{"version":3,"sources":["src/cart.ts"],"sourcesContent":["throw new Error(1)"],"names":["total"],"mappings":"AAAAA"}'
    printf '%s' "$map" >"$work/map"
    ask "$relay_key" POST "$relay/api/source-maps" -F "project=$project" -F release="$run" -F 'file_url=~/app.js' -F "map_content=@$work/map"
    expect "browser-relay: upload of a source map" 201
    leftovers+=("$relay_key DELETE $relay/api/source-maps/$(number_of id)")

    ask "" POST "$relay/api/browser/errors?key=$dsn_key" -H 'Origin: https://smoke.example' -d '{"type": "SmokeTest", "message": "page '"$run"'",
        "release": "'"$run"'", "url": "https://smoke.example/cart?token=hidden'"$run"'", "stack": "Error: page\n    at t (https://smoke.example/app.js:1:1)"}'
    expect "browser-relay: error of a page" "200|201|202"
    until_seen "browser-relay: the error in the error tracker" "page $run" "$tracker_key" "$tracker/api/errors?project=$project&source=browser&search=$run"
    leftovers+=("$tracker_key DELETE $tracker/api/errors/$(number_of id)")
    ask "$tracker_key" GET "$tracker/api/errors/$(number_of id)"
    expect "browser-relay: its stack through the source map" 200 "cart.ts"
    [[ $body != *"hidden$run"* ]] || fail "browser-relay: a secret of the page's URL has come through"

    ask "" POST "$relay/api/browser/metrics?key=$dsn_key" -d '{"metrics": [{"name": "smoke_page_ms", "type": "histogram", "value": 7, "labels": {"run": "'"$run"'"}}]}'
    expect "browser-relay: metric of a page" 202
    until_seen "browser-relay: the metric in the collector" '"count":1' "$collector_key" \
        "$collector/api/metrics?project=$project&name=smoke_page_ms&period=1h&labels=run:$run"
    ask "" POST "$relay/api/browser/errors?key=00000000000000000000000000000000" -d '{}'
    expect "browser-relay: unknown DSN key" 401
    say "browser-relay: key made, stack through a source map, error and metric handed on"
}

# A container as Docker would write it.
write_log_line() {
    local id
    id=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    log_container=$LOG_FOLDER/$id
    mkdir "$log_container"
    printf '{"log":"smoke test %s\\n","stream":"stdout","time":"%s"}\n' "$run" "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)" >"$log_container/$id-json.log"
    printf '{"ID":"%s","Name":"/monlight-smoke-test","Config":{"Image":"none","Labels":{}},"State":{"Running":true},"LogPath":"%s/%s-json.log","HostConfig":{"LogConfig":{"Type":"json-file","Config":{}}}}' \
        "$id" "$log_container" "$id" >"$log_container/config.v2.json"
}

try_log_viewer() {
    common log-viewer "$viewer" "$viewer_key"
    # The stream says something at the latest with its first heartbeat, after 15 s.
    curl -s -N -m 20 -K <(printf 'header = "X-API-Key: %s"' "$viewer_key") "$viewer/api/logs/tail" >"$work/tail" &
    local tail=$! deadline=$((SECONDS + 20))
    if [ -n "${LOG_FOLDER:-}" ]; then
        write_log_line
        until_seen "log-viewer: the line just written" "smoke test $run" "$viewer_key" "$viewer/api/logs" -G --data-urlencode "search=\"smoke test $run\""
    fi
    ask "$viewer_key" GET "$viewer/api/stats"
    expect "log-viewer: figures" 200 '"total_logs"'
    if [ "$(number_of total_logs)" = 0 ]; then
        ask "$viewer_key" GET "$viewer/api/about"
        say "log-viewer: NOTE: it has read no line yet, so only its API was tried: ${body#*\"sources\":}"
    else
        ask "$viewer_key" GET "$viewer/api/logs?limit=1"
        expect "log-viewer: the newest line" 200 '"message"'
        ask "$viewer_key" GET "$viewer/api/logs/histogram?since=-1h"
        expect "log-viewer: histogram" 200
    fi
    until [ -s "$work/tail" ]; do
        [ $SECONDS -lt $deadline ] || fail "log-viewer: the live stream said nothing for 20 s"
        sleep 0.1
    done
    kill "$tail"
    say "log-viewer: answers, finds, streams"
}

find_keys
tracker_key=$(key_of error-tracker)
viewer_key=$(key_of log-viewer)
collector_key=$(key_of metrics-collector)
relay_key=$(key_of browser-relay)
try_error_tracker
try_metrics_collector
try_browser_relay
try_log_viewer
say "all four services work"
