#!/usr/bin/env bash
# Puts a backup in the place of a database: deploy/restore.sh errors|logs|metrics|browser-relay FILE|latest
#
# The file is verified by the service before anything is touched. What is replaced is kept in the folder of the backups, as
# replaced-NAME-TIME/; delete it when all is well. With Compose the service is stopped, and started again; it need not exist. With
# DATA_DIR (see deploy/lib.sh) stop the service before, and start it after.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "$0")/lib.sh"

folder=${BACKUP_DIR:-$root/backups}

# The newest of the database's backups; their names hold the time.
newest() {
    local copies=("$folder/$1"-[0-9]*Z.db)
    [ -f "${copies[-1]}" ] || fail "there is no backup of $1 in $folder"
    echo "${copies[-1]}"
}

# A verified copy of the file, or the end: `backup` refuses what is damaged or of another service.
verify() {
    local service=$1
    if is_local; then
        DATABASE_PATH=$file "$(binary_of "$service")" backup "$verified" >/dev/null
    else
        # Folders that the service's user may use, whoever that is; nobody else gets through the one around them.
        mkdir -m 755 "$work/from"
        cp -- "$file" "$work/from/backup.db"
        chmod 644 "$work/from/backup.db"
        in_image "$container" -v "$work/from:/from:ro,z" -v "$work/verified:/verified:z" -e DATABASE_PATH=/from/backup.db \
            -- backup "/verified/$name.db" >/dev/null
    fi || fail "$file cannot be restored; nothing was changed"
}

# Who has the database open: the ids of processes. Only those that this user may look at.
users_of() {
    local link
    for link in /proc/[0-9]*/fd/*; do
        if [ "$(readlink "$link" 2>/dev/null)" = "$1" ]; then
            cut -d / -f 3 <<<"$link"
        fi
    done | sort -u | tr '\n' ' '
}

restore_local() {
    local database users suffix
    database=$(local_database "$name")
    mkdir -p "$(dirname "$database")"
    database=$(realpath -m "$database")
    users=$(users_of "$database")
    [ -z "$users" ] || fail "$database is in use by process ${users% }; stop $service first"
    # Beside it first, so that it is there as a whole or not at all.
    cp -- "$verified" "$database.restoring"
    if [ -f "$database" ]; then
        chown --reference="$database" "$database.restoring"
        chmod --reference="$database" "$database.restoring"
        mkdir -m 700 "$replaced"
        for suffix in "" -wal -shm; do
            [ ! -e "$database$suffix" ] || mv -- "$database$suffix" "$replaced/"
        done
        say "what was there is kept in $replaced"
    else
        chown --reference="$(dirname "$database")" "$database.restoring"
    fi
    sync -- "$database.restoring"
    mv -- "$database.restoring" "$database"
    say "$name was restored from $file; start $service now"
}

# Without a shell in the image nothing can be removed there, so the files beside the database are emptied: an empty write-ahead
# log is none.
restore_container() {
    local user owner
    compose stop "$service"
    mkdir -m 700 "$replaced"
    docker cp "$container:$IN_CONTAINER/." - | tar -x -C "$replaced" --no-same-owner ||
        fail "what is there cannot be kept in $replaced, so nothing was changed; $service is stopped"
    if [ -f "$replaced/$name.db" ]; then
        say "what was there is kept in $replaced"
    else
        rm -rf "$replaced"
    fi
    user=$(inspect '{{.Config.User}}' "$container")
    user=${user:-0:0}
    owner=(--owner="${user%%:*}" --group="${user##*:}" --numeric-owner --mode=0640)
    : >"$work/verified/$name.db-wal"
    : >"$work/verified/$name.db-shm"
    tar -c -C "$work/verified" "${owner[@]}" "$name.db" "$name.db-wal" "$name.db-shm" | docker cp - "$container:$IN_CONTAINER" ||
        fail "the database could not be put into its volume; $service is stopped, and what was there is in $replaced"
    compose start "$service"
    wait_until_healthy "$container" || fail "$name was restored, but $service does not become healthy: docker logs $container"
    say "$name was restored from $file; $service runs and is healthy"
}

[ $# = 2 ] || usage_error "usage: deploy/restore.sh errors|logs|metrics|browser-relay FILE|latest"
name=$(database_of "$1") || exit
service=$(service_of "$name")
file=$2
[ "$file" != latest ] || file=$(newest "$name") || exit
[ -s "$file" ] || fail "there is no file $file"
file=$(realpath "$file")

mkdir -p "$folder" || fail "cannot make the folder $folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/.restoring.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -m 777 "$work/verified"
verified=$work/verified/$name.db
replaced=$folder/replaced-$name-$(date -u +%Y%m%dT%H%M%SZ)

if is_local; then
    verify "$service"
    restore_local
else
    container=$(container_of "$service")
    if [ -z "$container" ]; then
        compose up --no-start --no-deps "$service"
        container=$(container_of "$service")
    fi
    [ -n "$container" ] || fail "Compose made no container of $service"
    verify "$service"
    restore_container
fi
