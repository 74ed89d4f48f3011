#!/usr/bin/env bash
# Replaces the services of Compose by newer images, one at a time: deploy/upgrade.sh [--no-pull] [--no-backup] [--force] [service …]
#
# The databases are backed up, the new images are pulled (or built, where the compose file builds), and then each service whose image
# has changed is replaced; the image that it had is tagged `:rollback`. One that does not become healthy within WAIT_SECONDS (60)
# gets its old image back, nothing further is replaced, and the exit code is 1. Meanwhile the relay keeps what browsers send.
#
#   --no-pull     take the images that are on this machine
#   --no-backup   do not back up before
#   --force       go on when a backup fails, and replace what has not changed too
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "$0")/lib.sh"

pulls=true backs_up=true forced=false services=()
while [ $# -gt 0 ]; do
    case $1 in
        --no-pull) pulls=false ;;
        --no-backup) backs_up=false ;;
        --force) forced=true ;;
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
            exit
            ;;
        -*) usage_error "there is no option $1; there are --no-pull, --no-backup and --force" ;;
        *)
            name=$(database_of "$1") || exit
            services+=("$(service_of "$name")")
            ;;
    esac
    shift
done
is_local && usage_error "DATA_DIR is set, and this script is for Compose; deploy/install.sh upgrades services without containers"
[ ${#services[@]} -gt 0 ] || services=("${SERVICES[@]}")

# REPOSITORY:TAG becomes REPOSITORY:rollback. A colon may also stand before a port, which a slash follows.
rollback_name() {
    local repository=$1
    [[ ${1##*/} != *:* ]] || repository=${1%:*}
    echo "$repository:rollback"
}

# The image that the compose file names for the service now, which is another name when the tag was changed in .env.
wanted_image() {
    awk -v service="$1" '
        /^[a-z]/ { inside = ($1 == "services:") }
        inside && /^  [a-z]/ { found = ($1 == service ":") }
        inside && found && $1 == "image:" { print $2; exit }' <<<"$config"
}

declare -A old_image image_name
remember() {
    local service container
    for service in "${services[@]}"; do
        container=$(container_of "$service")
        [ -n "$container" ] || fail "there is no container of $service; start the stack first, then it can be upgraded"
        image_name[$service]=$(wanted_image "$service")
        [ -n "${image_name[$service]}" ] || fail "the compose file names no image of $service"
        old_image[$service]=$(inspect '{{.Image}}' "$container")
    done
}

back_up_all() {
    local names=() service
    for service in "${services[@]}"; do
        names+=("$(database_of "$service")")
    done
    if ! "$root/deploy/backup.sh" "${names[@]}"; then
        $forced || fail "the backup failed, so nothing was replaced; --force goes on without it"
        warn "the backup failed; going on because of --force"
    fi
}

# What the compose file builds is built, everything else is pulled.
fetch() {
    if grep -q '^    build:' <<<"$config"; then
        compose build "${services[@]}" || fail "the build failed, so nothing was replaced"
    else
        compose pull "${services[@]}" || fail "the images could not be pulled, so nothing was replaced; --no-pull takes those on this machine"
    fi
}

start_with() {
    compose up -d --no-deps --no-build --force-recreate "$1" >"$log" 2>&1 || { cat "$log" >&2 && return 1; }
    wait_until_healthy "$(container_of "$1")"
}

roll_back() {
    local service=$1
    warn "$service does not become healthy; the end of its log:"
    docker logs --tail 5 "$(container_of "$service")" >&2 2>&1 || true
    docker tag "${old_image[$service]}" "${image_name[$service]}"
    if start_with "$service"; then
        fail "$service was rolled back and is healthy with its old image. ${image_name[$service]} is that one on this machine until it is pulled or built again. Replaced before it: ${replaced[*]:-nothing}"
    fi
    fail "$service was rolled back, and is NOT healthy with its old image either: docker logs $(container_of "$service")"
}

replace() {
    local service=$1 new
    new=$(docker image inspect -f '{{.Id}}' "${image_name[$service]}" 2>/dev/null) || fail "there is no image ${image_name[$service]} on this machine"
    if [ "$new" = "${old_image[$service]}" ] && ! $forced; then
        say "$service: nothing new"
        return
    fi
    # Only now, so that one that changes nothing leaves the way back as it was.
    docker tag "${old_image[$service]}" "$(rollback_name "${image_name[$service]}")"
    say "$service: the image in use is now also $(rollback_name "${image_name[$service]}")"
    if start_with "$service"; then
        replaced+=("$service")
        say "$service: replaced and healthy"
    else
        roll_back "$service"
    fi
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'warn "interrupted; replaced so far: ${replaced[*]:-nothing}"; exit 1' INT TERM HUP
replaced=()
config=$(compose config) || fail "the compose file cannot be used"
remember
! $backs_up || back_up_all
! $pulls || fetch
for service in "${services[@]}"; do
    replace "$service"
done
say "done; replaced: ${replaced[*]:-nothing}"
