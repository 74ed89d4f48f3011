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

# The service writes into a folder of its own below the backups, under any user; nobody else gets through the folder above.
make_folders() {
    mkdir -p "$folder" || fail "cannot make the folder $folder"
    folder=$(cd "$folder" && pwd)
    chmod 700 "$folder" || fail "$folder belongs to somebody else; BACKUP_DIR=/another/folder $script …"
    incoming=$(mktemp -d "$folder/.incoming.XXXXXX") || fail "cannot write to $folder"
    chmod 777 "$incoming"
    trap 'rm -rf "$incoming"' EXIT
    trap 'exit 1' INT TERM HUP
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
    [ -n "$container" ] || { warn "there is no container of $service; is the stack up? (DATA_DIR=/folder if it runs without Docker)"; return 1; }
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

back_up() {
    local name=$1 place
    if ! copy "$name" || [ ! -s "$incoming/$name.db" ]; then
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
