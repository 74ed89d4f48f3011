# shellcheck shell=bash disable=SC2034 # those who source it use the names
# What the tests of the scripts have in common. Each test file sources it, and runs in a folder of its own under $work.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
work=$(mktemp -d)
stack_pid=
passed=0

end() {
    local code=$?
    stop_stack
    rm -rf "$work"
    [ $code = 0 ] || printf '%s: FAILED after %s claims\n' "$(basename "$0")" "$passed" >&2
}
trap end EXIT
trap 'exit 1' INT TERM HUP

claim() {
    passed=$((passed + 1))
    printf '  ok: %s\n' "$*"
}

wrong() {
    printf 'WRONG: %s\n' "$*" >&2
    [ ! -s "$work/said" ] || sed 's/^/  | /' "$work/said" >&2
    exit 1
}

# works COMMAND …: exit code 0. What it says is in $work/said.
works() { "$@" >"$work/said" 2>&1 || wrong "exit code $? of: $*"; }

# refuses CODE TEXT COMMAND …: that exit code, and the text among what it says.
refuses() {
    local code=0 wanted=$1 text=$2
    shift 2
    "$@" >"$work/said" 2>&1 || code=$?
    [ "$code" = "$wanted" ] || wrong "exit code $code instead of $wanted of: $*"
    says "$text"
}

says() { grep -qF -- "$1" "$work/said" || wrong "what it said has no: $1"; }

# Eleven ports in a row that nobody listens on: the services, and what a demo would put beside them. They are below those that
# the kernel gives to outgoing connections (32768 and up), or one of these could take a port before the service does.
free_ports() {
    local first port
    for _ in $(seq 50); do
        first=$((20000 + RANDOM % 12000))
        for port in $(seq "$first" $((first + 10))); do
            if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue 2; fi
        done
        echo "$first"
        return
    done
    wrong "no free ports were found"
}

# The services as `make run` lays them, from the binaries of BIN_DIR.
start_stack() {
    : "${BIN_DIR:?names the folder with the built services}"
    export BIN_DIR FIRST_PORT RUN_FOLDER=$work/run LOG_SOURCES=$work/containers KEYS=$work/run/keys.env
    FIRST_PORT=${FIRST_PORT:-$(free_ports)}
    mkdir -p "$LOG_SOURCES"
    : >"$work/stack.log"
    deploy/run.sh >"$work/stack.log" 2>&1 &
    stack_pid=$!
    local deadline=$((SECONDS + 30))
    until grep -q 'Ctrl-C stops' "$work/stack.log"; do
        if [ $SECONDS -ge $deadline ] || ! kill -0 $stack_pid 2>/dev/null; then
            cat "$work/stack.log" >&2
            wrong "the stack does not start"
        fi
        sleep 0.1
    done
}

stop_stack() {
    [ -n "$stack_pid" ] || return 0
    kill -TERM "$stack_pid" 2>/dev/null || true
    wait "$stack_pid" || true
    stack_pid=
}

key() { sed -n "s/^$1=//p" "$KEYS"; }

# ask_tracker PATH [curl options]
ask_tracker() { curl -sf -m 20 -H "X-API-Key: $(key ERROR_TRACKER_API_KEY)" "http://127.0.0.1:$FIRST_PORT$1" "${@:2}"; }

report() {
    ask_tracker /api/errors -o "$work/answer" -H 'Content-Type: application/json' \
        -d '{"project": "shop", "exception_type": "'"$1"'", "message": "m", "traceback": ""}'
}
