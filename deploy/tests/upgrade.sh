#!/usr/bin/env bash
# upgrade.sh, with a stand-in for Docker. With the real one: deploy/tests/compose.sh.
# shellcheck source=deploy/tests/kit.sh
. "$(dirname "$0")/kit.sh"

export DOCKER_STAND_IN=$work/docker BACKUP_DIR=$work/backups
mkdir -p "$work/bin" "$DOCKER_STAND_IN"
ln -s "$root/deploy/tests/stand-in-docker.sh" "$work/bin/docker"
PATH=$work/bin:$PATH
unset DATA_DIR

image() { printf '%s/images/ghcr.io@me@monlight@%s' "$DOCKER_STAND_IN" "$1"; }
runs() { [ "$(cat "$DOCKER_STAND_IN/containers/$1")" = "$2" ] || wrong "$1 runs $(cat "$DOCKER_STAND_IN/containers/$1") and not $2"; }

# All four run "old"; the registry has what is named: SERVICE=IMAGE …
begin() {
    rm -rf "$DOCKER_STAND_IN" "$BACKUP_DIR"
    mkdir -p "$DOCKER_STAND_IN"/{images,registry,containers}
    local service
    for service in error-tracker log-viewer metrics-collector browser-relay; do
        printf old-%s $service | tee "$(image $service:latest)" >"$DOCKER_STAND_IN/containers/$service"
    done
    for service in "$@"; do
        printf '%s' "${service#*=}" >"$DOCKER_STAND_IN/registry/ghcr.io@me@monlight@${service%=*}:latest"
    done
}

begin error-tracker=new-1 browser-relay=new-2
works deploy/upgrade.sh
runs error-tracker new-1
runs browser-relay new-2
runs log-viewer old-log-viewer
says "log-viewer: nothing new"
says "done; replaced: error-tracker browser-relay"
[ "$(cat "$(image error-tracker:rollback)")" = old-error-tracker ] || wrong "the old image is not kept as :rollback"
[ "$(find "$BACKUP_DIR" -name '*.db' | wc -l)" = 4 ] || wrong "there are no backups"
! grep -q 'compose up.*log-viewer' "$DOCKER_STAND_IN/calls" || wrong "what has not changed was replaced"
claim "what is new is replaced, after a backup, and the old image is kept"

begin error-tracker=bad-1 metrics-collector=new-1 browser-relay=new-2
refuses 1 "error-tracker was rolled back and is healthy with its old image" deploy/upgrade.sh
runs error-tracker old-error-tracker
runs metrics-collector old-metrics-collector
[ "$(cat "$(image error-tracker:latest)")" = old-error-tracker ] || wrong "the next start would take the bad image"
claim "what does not become healthy is rolled back by itself, and nothing is replaced after it"

begin error-tracker=new-1 metrics-collector=bad-1
refuses 1 "Replaced before it: error-tracker" deploy/upgrade.sh
runs error-tracker new-1
claim "what was replaced before a failure is named"

begin metrics-collector=new-1 error-tracker=new-2
works deploy/upgrade.sh --no-backup metrics
runs metrics-collector new-1
runs error-tracker old-error-tracker
[ ! -e "$BACKUP_DIR" ] || wrong "there was a backup"
claim "one service can be named, and the backup left out"

begin error-tracker=new-1
works deploy/upgrade.sh --no-pull
runs error-tracker old-error-tracker
works deploy/upgrade.sh --no-pull --force errors
grep -q 'compose up.*error-tracker' "$DOCKER_STAND_IN/calls" || wrong "--force has not replaced it"
works deploy/upgrade.sh --no-backup
[ ! -e "$(image log-viewer:rollback)" ] || wrong "what was not replaced has another image to go back to"
claim "--no-pull takes what is there, and --force replaces it though it is the same"

begin error-tracker=new-1
touch "$DOCKER_STAND_IN/backups-fail"
refuses 1 "the backup failed, so nothing was replaced" deploy/upgrade.sh
runs error-tracker old-error-tracker
works deploy/upgrade.sh --force
runs error-tracker new-1
claim "a backup that fails ends it, unless --force says otherwise"

begin error-tracker=new-1
touch "$DOCKER_STAND_IN/registry-is-away"
refuses 1 "could not be pulled, so nothing was replaced" deploy/upgrade.sh
rm "$DOCKER_STAND_IN/containers/log-viewer"
refuses 1 "there is no container of log-viewer" deploy/upgrade.sh
refuses 64 "there is no option --fast" deploy/upgrade.sh --fast
refuses 64 "there is no database 'mail'" deploy/upgrade.sh mail
DATA_DIR=/tmp refuses 64 "this script is for Compose" deploy/upgrade.sh
claim "a registry that is away, a missing container and wrong words are named"

printf '%s\n' "$passed" >"${COUNT_FILE:-/dev/null}"
