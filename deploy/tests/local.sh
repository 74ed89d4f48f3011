#!/usr/bin/env bash
# Smoke test, backup and restore against the layout of `make run`.
# shellcheck source=deploy/tests/kit.sh
. "$(dirname "$0")/kit.sh"

start_stack
export DATA_DIR=$work/run/data BACKUP_DIR=$work/backups
copies() { find "$BACKUP_DIR" -maxdepth 1 -name "$1-*.db" | wc -l; }

LOG_FOLDER=$LOG_SOURCES works deploy/smoke-test.sh
says "all four services work"
[ "$(ask_tracker /api/errors?resolved=all)" = "$(ask_tracker '/api/errors?resolved=all&project=none')" ] || wrong "the smoke test left errors behind"
claim "the smoke test passes, and takes away what it made"

sed 's/^ERROR_TRACKER_API_KEY=.*/ERROR_TRACKER_API_KEY=wrong/' "$KEYS" >"$work/wrong.env"
KEYS=$work/wrong.env refuses 1 "does not take the key in $work/wrong.env" deploy/smoke-test.sh
sed 's/^BROWSER_RELAY_ADMIN_API_KEY=.*/BROWSER_RELAY_ADMIN_API_KEY=wrong/' "$KEYS" >"$work/wrong.env"
KEYS=$work/wrong.env refuses 1 "browser-relay: right key" deploy/smoke-test.sh
KEYS=$work/none refuses 1 "no file with keys" deploy/smoke-test.sh
FIRST_PORT=1 refuses 1 "nothing answers at" deploy/smoke-test.sh
claim "the smoke test names what is wrong: keys, files, addresses"

works deploy/sizes.sh
says "together"
claim "the sizes are printed"

report First
works deploy/backup.sh
for name in errors logs metrics browser-relay; do
    [ "$(copies $name)" = 1 ] || wrong "$(copies $name) copies of $name"
done
[ "$(stat -c %a "$BACKUP_DIR")" = 700 ] || wrong "others may read the backups"
[ -z "$(find "$BACKUP_DIR" -name '.incoming*')" ] || wrong "something was left behind"
claim "without a name all four are backed up, for nobody else to read"

first=$(find "$BACKUP_DIR" -name 'errors-*.db')
for day in 20200101 20200102 20200103; do cp "$first" "$BACKUP_DIR/errors-${day}T000000Z.db"; done
# So that the next one is of another second.
mv "$first" "$BACKUP_DIR/errors-20210101T000000Z.db"
touch "$BACKUP_DIR/errors-mine.db"
RETENTION_COUNT=3 works deploy/backup.sh errors
[ "$(find "$BACKUP_DIR" -name 'errors-2*.db' | wc -l)" = 3 ] || wrong "not 3 copies: $(ls "$BACKUP_DIR")"
if [ -e "$BACKUP_DIR/errors-20200102T000000Z.db" ] || [ ! -e "$BACKUP_DIR/errors-20200103T000000Z.db" ]; then wrong "the wrong ones went"; fi
[ -e "$BACKUP_DIR/errors-mine.db" ] || wrong "a file that is no backup was deleted"
claim "the oldest go, and nothing else"

mkdir "$work/damaged"
head -c 100000 /dev/urandom >"$work/damaged/errors.db"
before=$(ls "$BACKUP_DIR")
DATA_DIR=$work/damaged RETENTION_COUNT=1 refuses 1 "not backed up: errors" deploy/backup.sh errors
[ "$(ls "$BACKUP_DIR")" = "$before" ] || wrong "a bad one has moved good ones"
DATA_DIR=$work/damaged refuses 1 "not backed up: logs" deploy/backup.sh logs
refuses 64 "there is no database 'everything'" deploy/backup.sh everything
RETENTION_COUNT=none refuses 64 "RETENTION_COUNT" deploy/backup.sh
BIN_DIR=/nowhere refuses 1 "there is no error-tracker in BIN_DIR=/nowhere" deploy/backup.sh errors
claim "what cannot be backed up is named, and no good copy goes for it"

refuses 1 "is in use by process" deploy/restore.sh errors latest
refuses 1 "cannot be restored" deploy/restore.sh errors "$work/damaged/errors.db"
refuses 1 "cannot be restored" deploy/restore.sh errors "$(find "$BACKUP_DIR" -name 'logs-*.db')"
refuses 1 "there is no file" deploy/restore.sh errors "$work/nothing"
refuses 64 "usage" deploy/restore.sh errors
kept=$(ask_tracker /api/errors?resolved=all)
claim "a running service, a damaged file, another service's and a missing one are refused"

works deploy/backup.sh errors
report Second
stop_stack
works deploy/restore.sh errors latest
says "errors was restored"
replaced=$(find "$BACKUP_DIR" -name 'replaced-errors-*' -type d)
[ -s "$replaced/errors.db" ] || wrong "what was there is not kept"
start_stack
[ "$(ask_tracker /api/errors?resolved=all)" = "$kept" ] || wrong "after the restore there is something else: $(ask_tracker /api/errors)"
claim "a restore brings back what was backed up, and keeps what it replaces"

stop_stack
rm "$DATA_DIR/errors.db"
works deploy/restore.sh errors latest
start_stack
[ "$(ask_tracker /api/errors?resolved=all)" = "$kept" ] || wrong "after the loss of the database there is something else"
claim "a restore works when the database is gone"

printf '%s\n' "$passed" >"${COUNT_FILE:-/dev/null}"
