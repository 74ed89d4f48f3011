#!/usr/bin/env bash
# Puts the stack of deploy/docker-compose.test.yml through its life with Docker: `make test-compose`, after `make images`.
#
# Sizes, limits and rights; smoke test; stop; backup, destruction and restore; an upgrade, and two that roll back. On ports 15010
# to 15013, as a project of its own, which is removed at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."

export COMPOSE_PROJECT_NAME=monlight-test COMPOSE_FILE=deploy/docker-compose.test.yml FIRST_PORT=15010
work=$(mktemp -d)
export BACKUP_DIR=$work/backups KEYS=$work/keys.env
services=(error-tracker log-viewer metrics-collector browser-relay)
# shellcheck source=deploy/lib.sh
. deploy/lib.sh

step() { printf '\n== %s\n' "$*"; }

clean_up() {
    compose down -v --remove-orphans >/dev/null 2>&1 || true
    for service in "${services[@]}"; do
        docker tag "monlight/$service:test-kept" "monlight/$service:local" 2>/dev/null || true
        docker rmi -f "monlight/$service:test-kept" "monlight/$service:rollback" >/dev/null 2>&1 || true
    done
    if [ "${made_secrets:-}" = true ]; then rm deploy/secrets.env; fi
    rm -rf "$work"
}
trap clean_up EXIT

errors() { curl -sf -H "X-API-Key: $(keys_file=$KEYS key_of error-tracker)" "$(address_of error-tracker)/api/errors?resolved=all"; }

report() {
    curl -sf -o /dev/null -H "X-API-Key: $(keys_file=$KEYS key_of error-tracker)" -H 'Content-Type: application/json' "$(address_of error-tracker)/api/errors" \
        -d '{"project": "shop", "exception_type": "Kept'"$1"'", "message": "'"$1"'", "traceback": ""}'
}

# An image that says of itself that it is newer.
newer_image() { docker build -q -t "monlight/$1:local" - <<<"FROM monlight/$1:test-kept
LABEL monlight.test=$RANDOM" >/dev/null; }

sed -nE 's/.*(ERROR_TRACKER_API_KEY|LOG_VIEWER_API_KEY|METRICS_COLLECTOR_API_KEY|BROWSER_RELAY_ADMIN_API_KEY): ([a-z-]+).*/\1=\2/p' "$COMPOSE_FILE" >"$KEYS"

step "sizes of the images"
for service in "${services[@]}"; do
    size=$(docker image inspect -f '{{.Size}}' "monlight/$service:local") || fail "there is no image of $service; make static images"
    docker tag "monlight/$service:local" "monlight/$service:test-kept"
    echo "$service: $size bytes"
    [ "$size" -lt 20000000 ] || fail "the image of $service has 20 MB or more"
done

step "the compose files are read"
[ -f deploy/secrets.env ] || { cp deploy/secrets.env.example deploy/secrets.env && made_secrets=true; }
for file in deploy/docker-compose.monitoring.yml docker-compose.yml; do
    COMPOSE_FILE=$file compose config >/dev/null || fail "$file cannot be read"
done

step "up, and all healthy"
compose up -d
for service in "${services[@]}"; do
    container=$(container_of "$service")
    wait_until_healthy "$container" || fail "$service does not become healthy"
    rights=$(inspect '{{.HostConfig.Memory}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}' "$container")
    [ "$rights" = "31457280 true [ALL] [no-new-privileges:true]" ] || fail "$service runs with $rights"
    echo "$service: healthy, user $(inspect '{{.Config.User}}' "$container"), 30 MB, read-only"
done
for secret in LOG_VIEWER_API_KEY METRICS_COLLECTOR_API_KEY BROWSER_RELAY_ADMIN_API_KEY; do
    inspect '{{.Config.Env}}' "$(container_of error-tracker)" | grep -q "$secret=test" && fail "the error tracker was given $secret"
done

step "smoke test"
deploy/smoke-test.sh

step "backup, destruction, restore"
for number in 1 2 3; do report $number; done
before=$(errors)
deploy/backup.sh
compose down -v
deploy/restore.sh errors latest
deploy/restore.sh metrics latest
deploy/restore.sh logs latest
deploy/restore.sh browser-relay latest
[ "$(errors)" = "$before" ] || fail "after the restore there is something else: $(errors)"
deploy/smoke-test.sh | tail -n 1

step "an upgrade"
newer_image error-tracker
deploy/upgrade.sh --no-pull errors
report 4

step "upgrades that roll back: an image that is another service, and one that says something and ends"
for broken in metrics-collector ending; do
    old=$(inspect '{{.Image}}' "$(container_of error-tracker)")
    if [ $broken = ending ]; then
        docker build -q -t monlight/error-tracker:local - <<<'FROM monlight/error-tracker:test-kept
ENTRYPOINT ["/service", "--help"]' >/dev/null
    else
        docker tag "monlight/$broken:local" monlight/error-tracker:local
    fi
    if WAIT_SECONDS=20 deploy/upgrade.sh --no-pull --no-backup errors; then fail "a broken image was taken for an upgrade"; fi
    [ "$(inspect '{{.Image}}' "$(container_of error-tracker)")" = "$old" ] || fail "it was not rolled back"
    report 5$broken
done

step "stop: exit 0 in time"
for service in "${services[@]}"; do
    container=$(container_of "$service")
    docker update --restart=no "$container" >/dev/null
    started=$(date +%s%N)
    docker kill -s TERM "$container" >/dev/null
    code=$(docker wait "$container")
    milliseconds=$((($(date +%s%N) - started) / 1000000))
    echo "$service: exit code $code after $milliseconds ms"
    if [ "$code" != 0 ] || [ $milliseconds -ge 8000 ]; then fail "$service did not stop as it should"; fi
done

step "all is well"
