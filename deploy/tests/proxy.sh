#!/usr/bin/env bash
# The examples for nginx and Caddy, with the real programs before the real services: prefixes, pages, sign-in, live view, uploads.
# Names, ports and certificates are replaced; nothing else.
# shellcheck source=deploy/tests/kit.sh
. "$(dirname "$0")/kit.sh"

proxy_pid=
stop_proxy() {
    [ -z "$proxy_pid" ] || { kill "$proxy_pid" 2>/dev/null && wait "$proxy_pid" 2>/dev/null; } || true
    proxy_pid=
}
trap 'stop_proxy; end' EXIT

with_own_ports() { sed -E "s/127\.0\.0\.1:5010/127.0.0.1:$FIRST_PORT/; s/127\.0\.0\.1:5011/127.0.0.1:$((FIRST_PORT + 1))/
    s/127\.0\.0\.1:5012/127.0.0.1:$((FIRST_PORT + 2))/; s/127\.0\.0\.1:5013/127.0.0.1:$((FIRST_PORT + 3))/" "$1"; }

start_nginx() {
    mkdir -p "$work/nginx"
    openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=monlight.example.com -keyout "$work/nginx/key.pem" -out "$work/nginx/cert.pem" 2>/dev/null
    with_own_ports deploy/proxy/nginx.conf | sed -E "s/listen 443/listen 127.0.0.1:$port/; /listen \[::\]/d
        s#ssl_certificate .*#ssl_certificate $work/nginx/cert.pem;#; s#ssl_certificate_key .*#ssl_certificate_key $work/nginx/key.pem;#" >"$work/nginx/monlight.conf"
    # Its workers write into this test's folder, which only its owner may.
    cat >"$work/nginx/nginx.conf" <<END
$([ "$(id -u)" != 0 ] || echo "user root;") daemon off; pid $work/nginx/pid; error_log $work/nginx/error.log;
events {}
http {
    access_log off;
    client_body_temp_path $work/nginx/body; proxy_temp_path $work/nginx/proxy; fastcgi_temp_path $work/nginx/f; uwsgi_temp_path $work/nginx/u; scgi_temp_path $work/nginx/s;
    include $work/nginx/monlight.conf;
}
END
    nginx -c "$work/nginx/nginx.conf" -e "$work/nginx/error.log" &
    proxy_pid=$!
}

start_caddy() {
    { printf '{\n\tadmin off\n\tauto_https disable_redirects\n\thttp_port %s\n\tskip_install_trust\n}\n' "$((port + 1))"
        with_own_ports deploy/proxy/Caddyfile | sed "s/^monlight.example.com {/https:\/\/monlight.example.com:$port {\n\ttls internal\n\tbind 127.0.0.1/"; } >"$work/Caddyfile"
    HOME=$work XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work caddy run --adapter caddyfile --config "$work/Caddyfile" >"$work/caddy.log" 2>&1 &
    proxy_pid=$!
}

# through PATH [curl options]: as a client of the proxy.
through() { curl -s -m 20 -k --resolve "monlight.example.com:$port:127.0.0.1" "https://monlight.example.com:$port$1" "${@:2}"; }
status() { through "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }

try_proxy() {
    local name=$1 service code deadline=$((SECONDS + 20))
    until [ "$(status /error-tracker/health)" = 200 ]; do
        [ $SECONDS -lt $deadline ] || { cat "$work"/nginx/error.log "$work/caddy.log" 2>/dev/null >&2; wrong "$name does not answer"; }
        sleep 0.1
    done
    for service in error-tracker log-viewer metrics-collector browser-relay; do
        [ "$(status /$service/health)" = 200 ] || wrong "$name: no health of $service"
        [ "$(through /$service -o /dev/null -w '%{redirect_url}')" = "https://monlight.example.com:$port/$service/" ] ||
            [ "$(through /$service -o /dev/null -w '%{redirect_url}')" = "https://monlight.example.com/$service/" ] || wrong "$name: /$service does not lead to /$service/"
        through /$service/ >"$work/page"
        # Every file of the page has an address without a host or a slash before it, and is there.
        grep -oE '(src|href)="[^"]+\.(js|css)"' "$work/page" | cut -d '"' -f 2 >"$work/files"
        while IFS= read -r file; do
            [[ $file != /* ]] || wrong "$name: $service's page asks for $file"
            [ "$(status "/$service/$file")" = 200 ] || wrong "$name: $service has no $file"
        done <"$work/files"
        grep -q '\.js"' "$work/page" || wrong "$name: $service's page has no script"
    done
    claim "$name: four services under their prefixes, each with the files of its pages"

    code=$(through /error-tracker/api/session -o /dev/null -w '%{http_code}' -c "$work/cookies" -H 'Content-Type: application/json' -d "{\"api_key\": \"$(key ERROR_TRACKER_API_KEY)\"}")
    [ "$code" = 204 ] || wrong "$name: the sign-in was answered $code"
    [ "$(status /error-tracker/api/projects -b "$work/cookies")" = 200 ] || wrong "$name: the cookie does not authorise"
    claim "$name: a browser signs in"

    # The live view: the line is there long before the stream ends or a buffer is full.
    local id line="live through $name"
    id=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    : >"$work/tail"
    through /log-viewer/api/logs/tail -i -N -H "X-API-Key: $(key LOG_VIEWER_API_KEY)" >"$work/tail" &
    local tail=$!
    # It shows what comes from now on; its head says that it has begun.
    deadline=$((SECONDS + 20))
    until grep -qi '^content-type: text/event-stream' "$work/tail"; do
        [ $SECONDS -lt $deadline ] || wrong "$name: the live view does not begin within 20 s: $(cat "$work/tail")"
        sleep 0.1
    done
    mkdir "$LOG_SOURCES/$id"
    printf '{"log":"%s\\n","stream":"stdout","time":"%s"}\n' "$line" "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)" >"$LOG_SOURCES/$id/$id-json.log"
    printf '{"ID":"%s","Name":"/c%s","LogPath":"%s","Config":{"Image":"i"},"State":{"Running":true}}' "$id" "$RANDOM" "$LOG_SOURCES/$id/$id-json.log" >"$LOG_SOURCES/$id/config.v2.json"
    deadline=$((SECONDS + 10))
    until grep -q "$line" "$work/tail"; do
        [ $SECONDS -lt $deadline ] || wrong "$name: the live view does not show a line within 10 s: $(cat "$work/tail")"
        sleep 0.1
    done
    kill $tail
    claim "$name: the live view is live"

    # A source map of nearly the limit; what it holds does not have to be compressible.
    head -c 20000000 /dev/urandom | base64 -w 0 >"$work/random"
    { printf '{"version":3,"sources":["a.js"],"names":[],"mappings":"AAAA","sourcesContent":["'; cat "$work/random"; printf '"]}'; } >"$work/map"
    code=$(status /browser-relay/api/source-maps -H "X-API-Key: $(key BROWSER_RELAY_ADMIN_API_KEY)" -F project=demo -F "release=$name" -F 'file_url=~/a.js' -F "map_content=@$work/map")
    [ "$code" = 201 ] || wrong "$name: the upload of $(stat -c %s "$work/map") bytes was answered $code"
    head -c 300000 /dev/zero >"$work/large"
    code=$(status /error-tracker/api/errors -H "X-API-Key: $(key ERROR_TRACKER_API_KEY)" -H 'Content-Type: application/json' --data-binary "@$work/large")
    [ "$code" = 413 ] || wrong "$name: a report that is too large was answered $code"
    claim "$name: a source map of 27 MB goes through, and the services' own limits hold"

    # The service limits by the client that the proxy saw, whatever the client claims to be.
    for address in 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4; do
        code=$(status "/browser-relay/api/browser/metrics?key=$few" -H "X-Forwarded-For: $address" -d '{"metrics": []}')
    done
    [ "$code" = 429 ] || wrong "$name: a client that claims to be others was answered $code, and not 429"
    claim "$name: a client cannot choose its address"
}

programs=()
for program in nginx caddy; do
    if command -v "$program" >/dev/null; then programs+=("$program"); else echo "  $program is not installed; its example was not tried"; fi
done
[ ${#programs[@]} -gt 0 ] || exit 0

start_stack
for program in "${programs[@]}"; do
    port=$(free_ports)
    # A DSN key that may send three times a minute.
    few=$(curl -sf -H "X-API-Key: $(key BROWSER_RELAY_ADMIN_API_KEY)" -H 'Content-Type: application/json' "http://127.0.0.1:$((FIRST_PORT + 3))/api/dsn-keys" \
        -d '{"project": "few", "rate_limit": 3}' | grep -o '"public_key":"[0-9a-f]*"' | cut -d '"' -f 4)
    "start_$program"
    try_proxy "$program"
    stop_proxy
done

printf '%s\n' "$passed" >"${COUNT_FILE:-/dev/null}"
