#!/usr/bin/env bash
# install.sh into a folder of its own, and the services with the settings that it makes.
# shellcheck source=deploy/tests/kit.sh
. "$(dirname "$0")/kit.sh"
: "${BIN_DIR:?names the folder with the built services}"

export DESTDIR=$work/root FIRST_PORT
FIRST_PORT=$(free_ports)
settings=$DESTDIR/etc/monlight

works deploy/install.sh --from "$BIN_DIR" error-tracker log-viewer metrics-collector browser-relay
for service in error-tracker log-viewer metrics-collector browser-relay; do
    [ -x "$DESTDIR/usr/local/bin/$service" ] || wrong "$service is not there"
    [ "$(stat -c %a "$settings/$service.env")" = 600 ] || wrong "others may read the key of $service"
done
[ "$(sed -n 's/^ERROR_TRACKER_API_KEY=//p' "$settings/browser-relay.env")" = "$(sed -n 's/^API_KEY=//p' "$settings/error-tracker.env")" ] ||
    wrong "the relay has another key of the error tracker"
[ "$(grep -h '^A[A-Z_]*_KEY=' "$settings"/*.env | sort -u | wc -l)" = 4 ] || wrong "the keys are not four different ones"
[ -e "$DESTDIR/etc/systemd/system/monlight@.service" ] || wrong "the units are not there"
claim "binaries, units and settings with keys of their own are put in place"

mkdir "$work/data"
sed "s#^DATABASE_PATH=.*#DATABASE_PATH=$work/data/errors.db#" "$settings/error-tracker.env" >"$work/env"
mapfile -t variables < <(grep -v '^#' "$work/env")
env -i "${variables[@]}" "$DESTDIR/usr/local/bin/error-tracker" 2>"$work/log" &
stack_pid=$!
for _ in $(seq 100); do
    if LISTEN=127.0.0.1:$FIRST_PORT "$BIN_DIR/error-tracker" --healthcheck 2>/dev/null; then healthy=true && break; fi
    sleep 0.1
done
[ "${healthy:-}" = true ] || { cat "$work/log" >&2 && wrong "the error tracker does not start with its settings"; }
claim "a service starts with the settings that were made for it"

key=$(cat "$settings/error-tracker.env")
works deploy/install.sh --from "$BIN_DIR" errors
says "was replaced by"
[ "$(cat "$settings/error-tracker.env")" = "$key" ] || wrong "the settings were changed"
[ -x "$DESTDIR/usr/local/bin/error-tracker.rollback" ] || wrong "the old binary is not kept"
claim "a second time keeps settings and the old binary, while the service runs"

mkdir "$work/broken"
echo "no program" >"$work/broken/error-tracker"
refuses 1 "cannot be run on this machine" deploy/install.sh --from "$work/broken" error-tracker
refuses 1 "there is no log-viewer in" deploy/install.sh --from "$work/broken" log-viewer
refuses 64 "which version of error-tracker?" deploy/install.sh error-tracker
refuses 64 "which services?" deploy/install.sh
"$DESTDIR/usr/local/bin/error-tracker" --version >/dev/null || wrong "a broken file was installed"
claim "what cannot be run or found is refused before anything is replaced"

# What a release holds, played by curl: a binary and a list of checksums.
mkdir "$work/bin" "$work/release"
case $(uname -m) in x86_64) processor=amd64 ;; *) processor=arm64 ;; esac
cp "$BIN_DIR/error-tracker" "$work/release/error-tracker-linux-$processor"
(cd "$work/release" && sha256sum -- error-tracker-linux-* >SHA256SUMS)
cat >"$work/bin/curl" <<'END'
#!/usr/bin/env bash
# curl -fsSL -o FILE URL
cp "$RELEASE/${4##*/}" "$3"
END
chmod +x "$work/bin/curl"
export RELEASE=$work/release
PATH=$work/bin:$PATH works deploy/install.sh error-tracker=1.2.3
echo more >>"$work/release/error-tracker-linux-$processor"
PATH=$work/bin:$PATH refuses 1 "is not what SHA256SUMS of the release says" deploy/install.sh error-tracker=1.2.3
claim "a release is installed when its checksum is right, and only then"

if command -v systemd-analyze >/dev/null; then
    cp deploy/systemd/monlight@.service "$work/monlight@.service"
    # The folder has no such program as the template's placeholder; all else that is wrong is told.
    systemd-analyze verify "$work/monlight@.service" 2>&1 | grep -v 'is not executable' >"$work/said" || true
    [ ! -s "$work/said" ] || wrong "the unit is not right"
    claim "systemd understands the unit"
fi

printf '%s\n' "$passed" >"${COUNT_FILE:-/dev/null}"
