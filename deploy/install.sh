#!/usr/bin/env bash
# Installs or upgrades services without containers, for systemd: deploy/install.sh [--from FOLDER] SERVICE[=VERSION] …
#
#   sudo deploy/install.sh error-tracker=1.2.3 log-viewer=1.2.3 metrics-collector=1.2.3 browser-relay=1.2.3
#
# Fetches the static binaries of these releases and compares their checksums, or takes them from FOLDER. Puts them into
# /usr/local/bin, the units into /etc/systemd/system, and makes /etc/monlight/SERVICE.env with a new key where there is none.
# A service that runs is restarted; when it does not become healthy within WAIT_SECONDS (30) it gets its old binary back, and the
# exit code is 1. DESTDIR=/folder puts everything below that folder, and starts nothing.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "$0")/lib.sh"

destination=${DESTDIR:-}
binaries=$destination/usr/local/bin
settings=$destination/etc/monlight
units=$destination/etc/systemd/system
from=

case $(uname -m) in
    x86_64) processor=amd64 ;;
    aarch64) processor=arm64 ;;
    *) fail "there are releases for x86_64 and aarch64, and this machine is $(uname -m); build with: make static" ;;
esac

fetch() {
    local service=$1 version=$2 owner url
    if [ -n "$from" ]; then
        [ -f "$from/$service" ] || fail "there is no $service in $from"
        cp -- "$from/$service" "$work/$service"
        return
    fi
    [ -n "$version" ] || usage_error "which version of $service? $service=1.2.3, or --from FOLDER"
    owner=${MONLIGHT_OWNER:-$(sed -n 's/^MONLIGHT_OWNER=//p' "$root/.env")}
    url=https://github.com/$owner/monlight/releases/download/$service-v$version
    curl -fsSL -o "$work/$service" "$url/$service-linux-$processor" || fail "$url/$service-linux-$processor cannot be fetched"
    curl -fsSL -o "$work/sums" "$url/SHA256SUMS" || fail "$url/SHA256SUMS cannot be fetched"
    (cd "$work" && sed -n "s/ $service-linux-$processor\$/ $service/p" sums | sha256sum -c --status) ||
        fail "$service is not what SHA256SUMS of the release says; nothing was installed"
}

port_of() { local address; address=$(address_of "$1"); echo "${address##*:}"; }

new_key() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# The key of a service as its file has it, for the relay.
key_from() { sed -n 's/^API_KEY=//p' "$settings/$1.env" 2>/dev/null | cut -d , -f 1; }

make_settings() {
    local service=$1 file=$settings/$1.env name
    [ ! -f "$file" ] || return 0
    name=$(database_of "$service")
    (
        umask 077
        {
            echo "# Settings of $service; docs/settings.md lists them. systemctl restart monlight@$service after a change."
            echo "LISTEN=127.0.0.1:$(port_of "$service")"
            echo "DATABASE_PATH=/var/lib/monlight/$service/$name.db"
            if [ "$service" = browser-relay ]; then
                echo "ADMIN_API_KEY=$(new_key)"
                echo "ERROR_TRACKER_URL=$(address_of error-tracker)"
                echo "ERROR_TRACKER_API_KEY=$(key_from error-tracker)"
                echo "METRICS_COLLECTOR_URL=$(address_of metrics-collector)"
                echo "METRICS_COLLECTOR_API_KEY=$(key_from metrics-collector)"
            else
                echo "API_KEY=$(new_key)"
            fi
        } >"$file"
    )
    say "$service: the settings, with a new key, are in $file"
    if [ "$service" = browser-relay ] && grep -q 'API_KEY=$' "$file"; then
        warn "browser-relay: the keys of its peers are not in $settings; put them into $file before it is started"
    fi
}

is_healthy() { (LISTEN=$(sed -n 's/^LISTEN=//p' "$settings/$1.env") && export LISTEN && exec "$binaries/$1" --healthcheck) 2>/dev/null; }

wait_until_answers() {
    local deadline=$((SECONDS + ${WAIT_SECONDS:-30}))
    while [ $SECONDS -lt $deadline ]; do
        if is_healthy "$1"; then return; fi
        sleep 0.5
    done
    return 1
}

install_one() {
    local service=$1 old=$binaries/$1.rollback was
    was=$("$binaries/$service" --version 2>/dev/null || true)
    [ -z "$was" ] || cp -p -- "$binaries/$service" "$old"
    # Beside it and then renamed, because a program that runs cannot be written to.
    install -m 755 "$work/$service" "$binaries/$service.new"
    mv -- "$binaries/$service.new" "$binaries/$service"
    make_settings "$service"
    say "$service: ${was:+$was was replaced by }$("$binaries/$service" --version) in $binaries"
    [ -z "$destination" ] || return 0
    if ! systemctl is-active --quiet "monlight@$service"; then
        say "$service: start it with: systemctl enable --now monlight@$service"
        return
    fi
    systemctl restart "monlight@$service"
    if wait_until_answers "$service"; then
        say "$service: restarted and healthy"
        return
    fi
    cp -p -- "$old" "$binaries/$service.new"
    mv -- "$binaries/$service.new" "$binaries/$service"
    systemctl restart "monlight@$service"
    wait_until_answers "$service" || fail "$service has its old binary back, $was, and is NOT healthy with it either: journalctl -u monlight@$service"
    fail "$service did not become healthy, and was rolled back to $was: journalctl -u monlight@$service"
}

wanted=()
while [ $# -gt 0 ]; do
    case $1 in
        --from)
            from=${2:?--from needs a folder}
            shift
            ;;
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
            exit
            ;;
        -*) usage_error "there is no option $1" ;;
        *)
            name=$(database_of "${1%%=*}") || exit
            version=
            [[ $1 != *=* ]] || version=${1#*=}
            wanted+=("$(service_of "$name")=$version")
            ;;
    esac
    shift
done
[ ${#wanted[@]} -gt 0 ] || usage_error "which services? deploy/install.sh [--from FOLDER] SERVICE[=VERSION] …"
if [ -z "$destination" ]; then
    [ "$(id -u)" = 0 ] || fail "installing needs root: sudo deploy/install.sh …"
    command -v systemctl >/dev/null || fail "there is no systemd here; DESTDIR=/folder only puts the files there"
fi

install -d -m 755 "$binaries"
# Not in /tmp, where many systems let nothing be started.
work=$(mktemp -d "$binaries/.install.XXXXXX")
trap 'rm -rf "$work"' EXIT
for word in "${wanted[@]}"; do
    service=${word%%=*}
    fetch "$service" "${word#*=}"
    chmod 755 "$work/$service"
    "$work/$service" --version >/dev/null || fail "$service cannot be run on this machine"
done

install -d -m 755 "$units/monlight@log-viewer.service.d"
install -d -m 700 "$settings"
install -m 644 "$root/deploy/systemd/monlight@.service" "$units/"
install -m 644 "$root/deploy/systemd/monlight@log-viewer.service.d/docker-logs.conf" "$units/monlight@log-viewer.service.d/"
[ -n "$destination" ] || systemctl daemon-reload
for word in "${wanted[@]}"; do
    install_one "${word%%=*}"
done
