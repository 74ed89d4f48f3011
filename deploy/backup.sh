#!/usr/bin/env bash
# Copies the databases of the running services: deploy/backup.sh [errors|logs|metrics|browser-relay …]. All four without a name.
#
# Each copy is of one moment, and is verified page by page by the service's own `backup` before it counts. Of each database the
# RETENTION_COUNT (7) newest copies stay; an old one goes only after a new one has come. The exit code is 0 only when everything
# named was copied.
#
# BACKUP_DIR (backups/ in this folder) is where they go. DATA_DIR: see deploy/lib.sh.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "$0")/lib.sh"

keep=${RETENTION_COUNT:-7}
folder=${BACKUP_DIR:-$root/backups}
need_number RETENTION_COUNT "$keep"

# The service writes into a folder that is open to any user; nobody else gets through the one around it.
make_folders() {
    [ -d "$folder" ] || (umask 077 && mkdir -p "$folder") || fail "cannot make the folder $folder"
    folder=$(cd "$folder" && pwd)
    work=$(mktemp -d "$folder/.incoming.XXXXXX") || fail "cannot write to $folder"
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM HUP
    incoming=$work/copies
    mkdir -m 777 "$incoming"
}

copy_local() {
    local name=$1 database
    database=$(local_database "$name")
    [ -f "$database" ] || { warn "there is no database at $database"; return 1; }
    DATABASE_PATH=$database "$(binary_of "$(service_of "$name")")" backup "$incoming/$name.db" >/dev/null
}

copy_from_container() {
    local name=$1 service container
    service=$(service_of "$name")
    container=$(container_of "$service")
    if [ -z "$container" ]; then
        warn "there is no container of $service; is the stack up? (DATA_DIR=/folder if it runs without Docker)"
        return 1
    fi
    in_image "$container" -v "$incoming:/backup:z" -- backup "/backup/$name.db" >/dev/null
}

copy() { if is_local; then copy_local "$1"; else copy_from_container "$1"; fi; }

# Names hold the time, so the oldest comes first.
rotate() {
    local name=$1 copies old
    copies=("$folder/$name"-[0-9]*Z.db)
    for old in "${copies[@]:0:$((${#copies[@]} > keep ? ${#copies[@]} - keep : 0))}"; do
        rm -f -- "$old"
        say "$name: $(basename "$old") is one too many and was deleted"
    done
}

# The copy belonged to the service's user; now it does to whoever backs up, and nobody else may read it.
take_over() {
    if [ -O "$1" ] || chown "$(id -u):$(id -g)" "$1" 2>/dev/null; then
        chmod 600 "$1"
    else
        (umask 077 && cp -- "$1" "$1.mine" && sync -- "$1.mine" && mv -f -- "$1.mine" "$1")
    fi
}

back_up() {
    local name=$1 place
    if ! copy "$name" || [ ! -s "$incoming/$name.db" ] || ! take_over "$incoming/$name.db"; then
        warn "$name was NOT backed up; older copies stay as they are"
        return 1
    fi
    place=$folder/$name-$(date -u +%Y%m%dT%H%M%SZ).db
    mv -f -- "$incoming/$name.db" "$place"
    say "$name: $place ($(du -h "$place" | cut -f 1))"
    rotate "$name"
}

names=()
for word in "${@:-errors}"; do
    case $word in
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit ;;
    esac
    names+=("$(database_of "$word")") || exit
done
[ $# -gt 0 ] || names=(errors logs metrics browser-relay)

make_folders
failed=()
for name in "${names[@]}"; do
    back_up "$name" || failed+=("$name")
done
[ ${#failed[@]} = 0 ] || fail "not backed up: ${failed[*]}"
