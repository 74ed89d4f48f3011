#!/usr/bin/env bash
# Builds Monlight from this folder and runs it on this machine until Ctrl-C: `make run`.
#
# Keys are made once and kept in .run/keys.env, data lies in .run/data/. Every other setting can be
# given as always: `ALERT_WEBHOOK_URL=https://… make run`. FIRST_PORT moves all ports, RUN_FOLDER keys and data; with BIN_DIR
# nothing is built, and the services are those of that folder. RUN_BESIDE is a command that runs as long as the services do.
set -euo pipefail
cd "$(dirname "$0")/.."

first_port=${FIRST_PORT:-5010}
data=${RUN_FOLDER:-.run}/data
keys=${RUN_FOLDER:-.run}/keys.env

# Name, port, settings of its own. A new service needs a line here and nothing else.
services=(
    "error-tracker $((first_port)) DATABASE_PATH=$data/errors.db BASE_URL=http://127.0.0.1:$((first_port))"
    "log-viewer $((first_port + 1)) DATABASE_PATH=$data/logs.db"
    "metrics-collector $((first_port + 2)) DATABASE_PATH=$data/metrics.db"
    "browser-relay $((first_port + 3)) DATABASE_PATH=$data/browser-relay.db ERROR_TRACKER_UI_URL=http://127.0.0.1:$((first_port)) METRICS_COLLECTOR_UI_URL=http://127.0.0.1:$((first_port + 2))"
)

binaries=${BIN_DIR:-${CARGO_TARGET_DIR:-target}/debug}
longest_name=17
names=() pids=() readers=()

say() { printf 'make run: %s\n' "$*" >&2; }

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_ports() {
    local service name port taken=false
    for service in "${services[@]}"; do
        read -r name port _ <<<"$service"
        if port_is_taken "$port"; then
            say "port $port, which $name needs, is taken by another program"
            taken=true
        fi
    done
    if $taken; then
        say "stop that program (ss -ltnp names it), or use other ports: FIRST_PORT=6010 make run"
        exit 1
    fi
}

# The variable that holds the key of a service. That of the relay is for its administrator: browsers have keys of their own.
key_name() {
    local upper=${1^^}
    case $1 in
        browser-relay) printf 'BROWSER_RELAY_ADMIN_API_KEY' ;;
        *) printf '%s_API_KEY' "${upper//-/_}" ;;
    esac
}

key_of() { sed -n "s/^$(key_name "$1")=//p" "$keys"; }

demo_key() { sed -n 's/^DEMO_DSN_KEY=//p' "$keys"; }

new_key() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# A service that came later gets its key then; a key that is there stays.
make_keys() {
    local service name
    (umask 077 && mkdir -p "$data" && touch "$keys")
    chmod 600 "$keys"
    for service in "${services[@]}"; do
        read -r name _ <<<"$service"
        if [ -z "$(key_of "$name")" ]; then
            printf '%s=%s\n' "$(key_name "$name")" "$(new_key)" >>"$keys"
        fi
    done
    if [ -z "$(demo_key)" ]; then
        printf 'DEMO_DSN_KEY=%s\n' "$(new_key)" >>"$keys"
    fi
}

build() {
    local service name packages=()
    for service in "${services[@]}"; do
        read -r name _ <<<"$service"
        packages+=(-p "$name")
    done
    scripts/setup.sh build
    say "building; the first time takes some minutes"
    npm run build
    cargo build "${packages[@]}"
}

# Puts the service's name before each line of its log. Goes on until the service ends.
prefix() {
    local line
    trap '' INT TERM HUP
    while IFS= read -r line || [ -n "$line" ]; do
        printf '%-*s | %s\n' "$longest_name" "$1" "$line"
    done
}

# Each service shows links to the others, unless their addresses were given.
link_others() {
    local service name port variable
    for service in "${services[@]}"; do
        read -r name port _ <<<"$service"
        variable=${name^^}
        variable=${variable//-/_}_URL
        if [ "$name" != "$1" ] && [ -z "${!variable:-}" ]; then
            export "$variable=http://127.0.0.1:$port"
        fi
    done
}

# The relay hands on what browsers send, and has a key for pages of a demo project.
lend_keys() {
    local peer
    for peer in error-tracker metrics-collector; do
        export "$(key_name "$peer")=$(key_of "$peer")"
    done
    export "DSN_KEYS=${DSN_KEYS:-${DEMO_PROJECT:-demo}:$(demo_key)}"
}

# Turns the shell that it runs in into the service. The key goes through the environment, where nobody else sees it.
become() {
    local name=$1 port=$2
    export "LISTEN=127.0.0.1:$port" "$(key_name "$name")=$(key_of "$name")" "LOG_FORMAT=${LOG_FORMAT:-text}" "${@:3}"
    link_others "$name"
    if [ "$name" = browser-relay ]; then
        lend_keys
    fi
    exec "$binaries/$name"
}

start() {
    local name=$1 pipe out
    pipe=$(mktemp -u)
    mkfifo -m 600 "$pipe"
    prefix "$name" <"$pipe" &
    readers+=($!)
    exec {out}>"$pipe"
    rm "$pipe"
    become "$@" >&"$out" 2>&1 &
    pids+=($!)
    names+=("$name")
    exec {out}>&-
}

fail_when_one_has_ended() {
    local index code=0
    for index in "${!pids[@]}"; do
        if ! kill -0 "${pids[index]}" 2>/dev/null; then
            wait "${pids[index]}" || code=$?
            say "${names[index]} ended by itself with exit code $code; everything is stopped"
            exit 1
        fi
    done
}

wait_until_healthy() {
    local name=$1 port=$2 tries
    for ((tries = 0; tries < 150; tries++)); do
        fail_when_one_has_ended
        if LISTEN=127.0.0.1:$port "$binaries/$name" --healthcheck 2>/dev/null; then
            return
        fi
        sleep 0.2
    done
    say "$name is not healthy after 30 s; everything is stopped"
    exit 1
}

introduce() {
    local service name port
    echo
    for service in "${services[@]}"; do
        read -r name port _ <<<"$service"
        printf '  %-*s  http://127.0.0.1:%s   key %s\n' "$longest_name" "$name" "$port" "$(key_of "$name")"
    done
    # Something that sends by itself explains itself.
    [ -z "${RUN_BESIDE:-}" ] || return 0
    cat <<END

Send a first report:

  curl http://127.0.0.1:$first_port/api/errors -H 'X-API-Key: $(key_of error-tracker)' -H 'Content-Type: application/json' \\
    -d '{"project": "shop", "exception_type": "KeyError", "message": "7", "traceback": "  File \"/srv/shop/cart.py\", line 31, in total\nKeyError: 7"}'

Then open the address and sign in with the key. A page of any origin sends its errors with:

  <script>
    addEventListener('error', ({ error, message }) => navigator.sendBeacon(
      'http://127.0.0.1:$((first_port + 3))/api/browser/errors?key=$(demo_key)',
      JSON.stringify({ type: error?.name, message: error?.message ?? message, stack: error?.stack, url: location.href })))
  </script>

Ctrl-C stops everything.

END
}

# shellcheck disable=SC2317 # the traps call it
stop() {
    trap '' INT TERM HUP
    trap - EXIT
    kill -TERM "${pids[@]}" 2>/dev/null || true
    # Each service ends by itself within eight seconds, and its log with it.
    wait "${pids[@]}" "${readers[@]}" || true
}

# Something that is watched, beside the services; it ends with them, and they with it.
start_beside() {
    $RUN_BESIDE &
    pids+=($!)
    names+=("$RUN_BESIDE")
}

check_ports
make_keys
[ -n "${BIN_DIR:-}" ] || build

trap stop EXIT
trap 'stop; exit 0' INT TERM HUP
for service in "${services[@]}"; do
    # shellcheck disable=SC2086 # the settings are words of their own
    start $service
done
for service in "${services[@]}"; do
    read -r name port _ <<<"$service"
    wait_until_healthy "$name" "$port"
done
introduce
[ -z "${RUN_BESIDE:-}" ] || start_beside
while true; do
    fail_when_one_has_ended
    # In the background, because a signal does not end a command in the foreground.
    sleep 1 &
    wait $! || true
done
