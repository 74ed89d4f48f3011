#!/usr/bin/env bash
# The compose files, as Compose reads them: limits, rights, ports, and who gets which secret. Needs docker-compose, not Docker.
# shellcheck source=deploy/tests/kit.sh
. "$(dirname "$0")/kit.sh"

if docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
elif command -v docker-compose >/dev/null; then
    compose=(docker-compose)
else
    echo "  Compose is not installed; the compose files were not read"
    exit
fi

# A copy, because a clone has no secrets, and the ones of whoever runs this are nobody's business.
mkdir "$work/copy"
cp -r .env docker-compose.yml deploy "$work/copy"
cd "$work/copy"
for name in ERROR_TRACKER_API_KEY LOG_VIEWER_API_KEY METRICS_COLLECTOR_API_KEY BROWSER_RELAY_ADMIN_API_KEY; do echo "$name=secret-$name"; done >deploy/secrets.env
printf '%s=secret-%s\n' SMTP_PASSWORD SMTP_PASSWORD POSTMARK_API_TOKEN POSTMARK_API_TOKEN ALERT_WEBHOOK_SECRET ALERT_WEBHOOK_SECRET >>deploy/secrets.env

# The part of the last answer that is about the service.
part() { awk -v service="$1:" '/^  [a-z]/ { inside = ($1 == service) } inside' "$work/said"; }
secrets_of() { part "$1" | grep -oE 'secret-[A-Z_]+' | sort -u | sed 's/^secret-//' | tr '\n' ' '; }

works "${compose[@]}" config
[ "$(secrets_of error-tracker)" = "ALERT_WEBHOOK_SECRET ERROR_TRACKER_API_KEY POSTMARK_API_TOKEN SMTP_PASSWORD " ] || wrong "error-tracker: $(secrets_of error-tracker)"
[ "$(secrets_of log-viewer)" = "LOG_VIEWER_API_KEY " ] || wrong "log-viewer: $(secrets_of log-viewer)"
[ "$(secrets_of metrics-collector)" = "METRICS_COLLECTOR_API_KEY " ] || wrong "metrics-collector: $(secrets_of metrics-collector)"
[ "$(secrets_of browser-relay)" = "BROWSER_RELAY_ADMIN_API_KEY ERROR_TRACKER_API_KEY METRICS_COLLECTOR_API_KEY " ] || wrong "browser-relay: $(secrets_of browser-relay)"
claim "each secret goes to those who need it, and to nobody else"

for service in error-tracker log-viewer metrics-collector browser-relay; do
    part $service >"$work/part"
    for text in 'read_only: true' 'no-new-privileges:true' 'restart: unless-stopped' "- --healthcheck" "ghcr.io/monlight/monlight/$service:latest"; do
        grep -qF -- "$text" "$work/part" || wrong "$service has no: $text"
    done
    grep -qE "mem_limit: ('?30m'?|\"?31457280\"?)$" "$work/part" || wrong "$service has no limit of 30 MB"
    grep -qE "user: '?\"?(65532:65532|0:65532)" "$work/part" || wrong "$service runs as root"
done
[ "$(grep -c '0:65532' "$work/said")" = 1 ] || wrong "more than the log viewer is user 0"
claim "rights and limits are there, and only the log viewer is user 0"

private=$(grep -cE '127\.0\.0\.1' "$work/said")
[ "$private" = 3 ] || wrong "$private ports are bound to loopback, and not three"
part browser-relay | grep -q 'service_healthy' || wrong "the relay does not wait for its peers"
claim "three ports are private, and the relay waits for its peers"

for file in deploy/docker-compose.monitoring.yml deploy/docker-compose.test.yml; do works "${compose[@]}" -f $file config; done
for port in 15010 15011 15012 15013; do grep -q $port "$work/said" || wrong "no port $port"; done
rm deploy/secrets.env
if "${compose[@]}" config >"$work/said" 2>&1; then wrong "without secrets.env nothing is said"; fi
says secrets.env
claim "the other files are read, and a missing secrets.env is named"

printf '%s\n' "$passed" >"${COUNT_FILE:-/dev/null}"
