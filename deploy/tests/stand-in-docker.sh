#!/usr/bin/env bash
# Docker for the test of upgrade.sh: images, containers and their health as files in $DOCKER_STAND_IN.
#
#   images/NAME        the image's id. One that begins with "bad" makes an unhealthy container.
#   registry/NAME      what a pull brings
#   containers/SERVICE the id of the image that it runs
set -euo pipefail
cd "$DOCKER_STAND_IN"
name_of() { printf '%s' "${1//\//@}"; }
echo "$*" >>calls

case "$1 ${2:-}" in
    "compose version") ;;
    "compose config")
        echo "services:"
        for service in error-tracker metrics-collector log-viewer browser-relay; do
            printf '  %s:\n    image: ghcr.io/me/monlight/%s:latest\n' $service $service
        done
        ;;
    "compose ps") [ ! -e "containers/${!#}" ] || echo "${!#}" ;;
    "compose pull")
        shift 2
        [ ! -e registry-is-away ] || { echo "no such host" >&2 && exit 1; }
        for service in "$@"; do
            name=$(name_of "ghcr.io/me/monlight/$service:latest")
            [ ! -e "registry/$name" ] || cp "registry/$name" "images/$name"
        done
        ;;
    "compose up")
        cp "images/$(name_of "ghcr.io/me/monlight/${!#}:latest")" "containers/${!#}"
        ;;
    "inspect -f")
        image=$(cat "containers/$4")
        case $3 in
            "{{.Image}}") echo "$image" ;;
            *) if [[ $image == bad* ]]; then echo "running unhealthy 0"; else echo "running healthy 0"; fi ;;
        esac
        ;;
    "image inspect") cat "images/$(name_of "${!#}")" ;;
    "tag "*) printf '%s' "$2" >"images/$(name_of "$3")" ;;
    "logs "*) echo "the log of $4" ;;
    "run --rm")
        # A backup: the folder is that of the option -v FOLDER:/backup:z.
        for word in "$@"; do [[ $word != *:/backup:z ]] || folder=${word%:/backup:z}; done
        [ ! -e backups-fail ] || exit 1
        echo copy >"$folder/$(basename "${!#}")"
        ;;
    *) echo "the stand-in does not know: $*" >&2 && exit 1 ;;
esac
