#!/usr/bin/env bash
# Sends each service what its OpenAPI document allows and what it forbids, and checks every answer against the document.
#
# BIN_DIR has the binaries. EXAMPLES (100) is how many requests each operation gets at most, SEED makes a run the same again,
# and the arguments name services: `scripts/attack.sh browser-relay`. What fails is printed with the request that shows it.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly key=attack-0123456789abcdef dsn_key=00112233445566778899aabbccddeeff
binaries=${BIN_DIR:?names the folder with the binaries of the services}
first_port=${FIRST_PORT:-5910}
services=("$@")
[ $# -gt 0 ] || services=(error-tracker log-viewer metrics-collector browser-relay)
root=$PWD
folder=$(mktemp -d)
pids=()

finish() {
    for pid in "${pids[@]}"; do
        # One that has crashed has been told of, and the others must still be ended.
        kill "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$folder"
}
trap finish EXIT

install_tools() {
    local stamp
    stamp=$(sha256sum scripts/attack-requirements.txt)
    if [ "$(cat .venv-attack/stamp 2>/dev/null)" != "$stamp" ]; then
        echo "installing schemathesis into .venv-attack"
        rm -rf .venv-attack
        "${PYTHON:-python3}" -m venv .venv-attack
        .venv-attack/bin/pip install --quiet --disable-pip-version-check -r scripts/attack-requirements.txt
        echo "$stamp" >.venv-attack/stamp
    fi
}

# port_of NAME
port_of() {
    case $1 in
        error-tracker) echo "$first_port" ;;
        log-viewer) echo $((first_port + 1)) ;;
        metrics-collector) echo $((first_port + 2)) ;;
        browser-relay) echo $((first_port + 3)) ;;
        *) echo "there is no service $1" >&2 && return 1 ;;
    esac
}

# start NAME VARIABLE=VALUE...
start() {
    local name=$1 port
    port=$(port_of "$name")
    shift
    env LISTEN="127.0.0.1:$port" DATABASE_PATH="$folder/$name.db" LOG_FORMAT=text RATE_LIMIT=4000000000 API_KEY="$key" "$@" \
        "$binaries/$name" 2>"$folder/$name.log" &
    pids+=($!)
    for _ in {1..100}; do
        ! is_well "$name" || return 0
        kill -0 "${pids[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    cat "$folder/$name.log" >&2
    return 1
}

is_well() {
    LISTEN="127.0.0.1:$(port_of "$1")" "$binaries/$1" --healthcheck 2>/dev/null
}

# Some lines of a container, so that there is something to find.
write_logs() {
    local id line
    id=$(printf 'a%.0s' {1..64})
    mkdir -p "$folder/containers/$id"
    printf '{"ID":"%s","Name":"/shop","Config":{"Image":"shop:1","Labels":{}},"State":{"Running":true}}\n' "$id" \
        >"$folder/containers/$id/config.v2.json"
    for line in {10..59}; do
        printf '{"log":"ERROR order %d failed\\n","stream":"stderr","time":"2026-03-01T12:00:%dZ"}\n' "$line" "$line"
    done >"$folder/containers/$id/$id-json.log"
}

# attack NAME HEADER OPTION...
attack() {
    local name=$1 header=$2 port
    port=$(port_of "$name")
    shift 2
    echo "== $name, ${header%%:*}"
    # It keeps what it has found in the folder where it runs.
    (cd "$folder" && "$root/.venv-attack/bin/schemathesis" --config-file "$root/scripts/attack.toml" run \
        "$root/docs/api/$name.json" --url "http://127.0.0.1:$port" --header "$header" --continue-on-failure \
        --max-examples "${EXAMPLES:-100}" --warnings off ${SEED:+--seed "$SEED"} "$@")
}

install_tools
write_logs
start error-tracker
start log-viewer LOG_SOURCES="$folder/containers"
start metrics-collector
tracker=http://127.0.0.1:$(port_of error-tracker) collector=http://127.0.0.1:$(port_of metrics-collector)
start browser-relay ADMIN_API_KEY="$key" DSN_KEYS="shop:$dsn_key" ERROR_TRACKER_URL="$tracker" ERROR_TRACKER_API_KEY="$key" \
    METRICS_COLLECTOR_URL="$collector" METRICS_COLLECTOR_API_KEY="$key"

failed=()
browser='^/api/(browser/)?(errors|metrics)$'
for name in "${services[@]}"; do
    if [ "$name" = browser-relay ]; then
        attack "$name" "X-API-Key: $key" --exclude-path-regex "$browser" || failed+=("$name")
        attack "$name" "X-Monlight-Key: $dsn_key" --include-path-regex "$browser" || failed+=("$name as a browser")
    else
        attack "$name" "X-API-Key: $key" || failed+=("$name")
    fi
done
for name in error-tracker log-viewer metrics-collector browser-relay; do
    is_well "$name" || failed+=("$name, which is ill")
    ! grep -n -i panicked "$folder/$name.log" || failed+=("$name, which panicked")
done
if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
