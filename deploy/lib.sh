# shellcheck shell=bash disable=SC2034 # those who source it use the names
# What the scripts beside it have in common: the names of things, and where the stack runs. Sourced, never started.
#
# With DATA_DIR set the services run without containers, and their databases are in that folder, as `make run` and the systemd
# units lay them. Without it they are Compose's: those of docker-compose.yml, or of COMPOSE_FILE.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$(basename "$0")

# The order in which they are replaced: the relay last, because it bridges the gap of the others.
SERVICES=(error-tracker metrics-collector log-viewer browser-relay)

say() { printf '%s: %s\n' "$script" "$*"; }
warn() { printf '%s: %s\n' "$script" "$*" >&2; }
fail() {
    warn "$*"
    exit 1
}
usage_error() {
    warn "$*"
    exit 64
}

# What a database is called in backups and on the command line; the services' own names are fine there too.
database_of() {
    case $1 in
        errors | error-tracker) echo errors ;;
        logs | log-viewer) echo logs ;;
        metrics | metrics-collector) echo metrics ;;
        browser-relay) echo browser-relay ;;
        *) usage_error "there is no database '$1'; there are errors, logs, metrics and browser-relay" ;;
    esac
}

service_of() {
    case $1 in
        errors) echo error-tracker ;;
        logs) echo log-viewer ;;
        metrics) echo metrics-collector ;;
        *) echo "$1" ;;
    esac
}

is_local() { [ -n "${DATA_DIR:-}" ]; }

# The database's path below DATA_DIR: in one folder as with `make run`, or in one of the service's own as with systemd.
local_database() {
    local name=$1 service
    service=$(service_of "$name")
    if [ ! -f "$DATA_DIR/$name.db" ] && [ -d "$DATA_DIR/$service" ]; then
        echo "$DATA_DIR/$service/$name.db"
    else
        echo "$DATA_DIR/$name.db"
    fi
}

# The service's binary: from BIN_DIR, as installed, or as built here.
binary_of() {
    local candidate
    if [ -n "${BIN_DIR:-}" ]; then
        [ -x "$BIN_DIR/$1" ] || fail "there is no $1 in BIN_DIR=$BIN_DIR"
        echo "$BIN_DIR/$1"
        return
    fi
    for candidate in "$(command -v "$1" || true)" "${CARGO_TARGET_DIR:-$root/target}"/{release,debug}/"$1"; do
        if [ -x "$candidate" ]; then
            echo "$candidate"
            return
        fi
    done
    fail "the program $1 was not found; BIN_DIR=/folder/with/it $script … says where it is"
}

# The current `docker compose`, or docker-compose of older systems.
compose() {
    if [ -z "${compose_command:-}" ]; then
        command -v docker >/dev/null || fail "docker is not installed; DATA_DIR=/folder says where the databases are without it"
        if docker compose version >/dev/null 2>&1; then
            compose_command="docker compose"
        elif command -v docker-compose >/dev/null; then
            compose_command=docker-compose
        else
            fail "neither 'docker compose' nor docker-compose is installed"
        fi
    fi
    # Compose looks for .env beside the file that it reads, and another project's name would be another stack.
    (
        cd "$root" || exit
        : "${COMPOSE_PROJECT_NAME:=$(sed -n 's/^COMPOSE_PROJECT_NAME=//p' .env)}"
        export COMPOSE_PROJECT_NAME
        # shellcheck disable=SC2086 # two words, when it is two
        $compose_command "$@"
    )
}

# The id of the service's container, whether it runs or not. Empty when there is none.
container_of() { compose ps -a -q "$1" 2>/dev/null | head -n 1 || true; }

inspect() { docker inspect -f "$1" "$2"; }

# The container's image run beside it, as the same user on the same volumes: in_image CONTAINER [OPTION …] -- ARGUMENT …
in_image() {
    local container=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    docker run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges:true --log-driver none \
        --user "$(inspect '{{.Config.User}}' "$container")" --volumes-from "$container" "${options[@]}" \
        "$(inspect '{{.Image}}' "$container")" "$@"
}

# The folder of the data within the containers, and how the services call their databases there.
IN_CONTAINER=/app/data

need_number() { [[ $2 =~ ^[1-9][0-9]*$ ]] || usage_error "$1 is '$2', and a number of 1 or more is needed"; }

# Whether the container becomes healthy within WAIT_SECONDS (60). One that ends or is started again does not.
wait_until_healthy() {
    local container=$1 deadline=$((SECONDS + ${WAIT_SECONDS:-60})) state
    while [ $SECONDS -lt $deadline ]; do
        state=$(inspect '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}} {{.RestartCount}}' "$container") || return 1
        case $state in
            "running healthy "*) return 0 ;;
            "running unhealthy "* | "exited "* | "dead "* | "restarting "* | *[1-9]) return 1 ;;
        esac
        sleep 0.5
    done
    return 1
}

# Where the service listens, seen from this machine.
address_of() {
    local port=${FIRST_PORT:-5010}
    case $1 in
        log-viewer) port=$((port + 1)) ;;
        metrics-collector) port=$((port + 2)) ;;
        browser-relay) port=$((port + 3)) ;;
    esac
    echo "http://${MONLIGHT_HOST:-127.0.0.1}:$port"
}

# The service's key in what find_keys has found: one file for all, or a folder with one for each. Of two keys the first is used.
key_of() {
    local upper=${1^^} name file=$keys_file
    name=${upper//-/_}_API_KEY
    [ "$1" != browser-relay ] || name=BROWSER_RELAY_ADMIN_API_KEY
    if [ -d "$keys_file" ]; then
        file=$keys_file/$1.env
        name='(ADMIN_)?API_KEY'
    fi
    sed -nE "s/^$name=//p" "$file" | tail -n 1 | cut -d , -f 1
}

# Sets keys_file to the one of KEYS, or else deploy/secrets.env, .run/keys.env, .run/demo/keys.env and /etc/monlight, whose keys the
# running services take.
find_keys() {
    local candidates=("$root/deploy/secrets.env" "$root/.run/keys.env" "$root/.run/demo/keys.env" /etc/monlight) tried=() url status
    command -v curl >/dev/null || fail "curl is missing; install it with: sudo apt-get install curl"
    url=$(address_of error-tracker)/api/projects
    [ -z "${KEYS:-}" ] || candidates=("$KEYS")
    for keys_file in "${candidates[@]}"; do
        [ -r "$keys_file" ] || continue
        tried+=("$keys_file")
        # The key comes from standard input: arguments can be seen by everybody on the machine.
        status=$(printf 'header = "X-API-Key: %s"' "$(key_of error-tracker)" | curl -s -m 20 -o /dev/null -w '%{http_code}' -K - "$url") || true
        [ "$status" != 000 ] || fail "nothing answers at $url; is the stack up? FIRST_PORT=… $script if its ports are others"
        if [ "$status" = 200 ]; then
            say "the keys are those of $keys_file"
            return
        fi
    done
    [ ${#tried[@]} -gt 0 ] || fail "no file with keys: neither deploy/secrets.env, .run/keys.env nor /etc/monlight; KEYS=/path/to/it $script"
    fail "the error tracker does not take the key in ${tried[*]}"
}
