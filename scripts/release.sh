#!/usr/bin/env bash
# The parts of a release that are more than one command; the Makefile's release verbs show the order.
#
#   release.sh check VERSION COMPONENT …     the version is one, is new, and the tree is clean
#   release.sh set VERSION COMPONENT …       writes it into the files
#   release.sh versions                      prints the versions in the files, and the newest tags
#
# Components are the four services, python and js. Each has a tag of its own: error-tracker-v1.2.3, python-v1.2.3.
set -euo pipefail
cd "$(dirname "$0")/.."

ALL=(error-tracker log-viewer metrics-collector browser-relay python js)
# As semver.org gives it, without build metadata: a tag and an image's tag hold no plus sign.
SEMVER='^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?$'

fail() {
    printf 'release: %s\n' "$*" >&2
    exit 1
}

manifest_of() {
    case $1 in
        python) echo clients/python/pyproject.toml ;;
        js) echo clients/js/package.json ;;
        error-tracker | log-viewer | metrics-collector | browser-relay) echo "$1/Cargo.toml" ;;
        *) fail "there is no component '$1'; there are ${ALL[*]}" ;;
    esac
}

# The version in the files. A service that was never released has that of the workspace.
version_of() {
    local file
    file=$(manifest_of "$1")
    case $1 in
        js) node -p 'require("./clients/js/package.json").version' ;;
        *) sed -nE '/^\[(project|package)\]/,/^\[[^pP]/s/^version = "([^"]*)"$/\1/p; /^\[package\]/,/^$/s/^version\.workspace = true$/workspace/p' "$file" | head -n 1 |
            sed "s/^workspace$/$(sed -nE '/^\[workspace\.package\]/,/^$/s/^version = "([^"]*)"$/\1/p' Cargo.toml)/" ;;
    esac
}

check() {
    local version=$1 component
    shift
    [ -n "$version" ] || fail "which version? make … V=1.2.3"
    [[ $version =~ $SEMVER ]] || fail "'$version' is no version such as 1.2.3 or 1.2.3-rc.1 (https://semver.org)"
    [ -z "$(git status --porcelain)" ] || fail "the tree is not clean; commit or stash what 'git status' shows"
    git symbolic-ref -q HEAD >/dev/null || fail "no branch is checked out; a release is a commit on one"
    for component in "$@"; do
        [ -f "$(manifest_of "$component")" ] || fail "there is no $(manifest_of "$component")"
        ! git rev-parse -q --verify "refs/tags/$component-v$version" >/dev/null || fail "the tag $component-v$version is there already"
        is_newer "$version" "$component" || fail "$version is not newer than $component's newest tag, $(newest_tag "$component")"
    done
}

newest_tag() { git -c versionsort.suffix=- tag --list "$1-v*" --sort=-v:refname | head -n 1; }

is_newer() {
    local newest
    newest=$(newest_tag "$2")
    # A release candidate comes before its release, as in Debian's versions with a tilde.
    [ -z "$newest" ] || [ "$(printf '%s\n' "${newest#"$2-v"}" "$1" | sed 's/-/~/' | sort -V | tail -n 1)" = "${1/-/\~}" ]
}

# Replaces in the file, and fails when there was nothing to replace.
replace() {
    local file=$1 expression=$2
    sed -E "$expression" "$file" >"$file.new"
    if cmp -s "$file" "$file.new" && [ "$(version_of "$component")" != "$version" ]; then
        rm "$file.new"
        fail "$file names no version that could be set"
    fi
    cat "$file.new" >"$file"
    rm "$file.new"
}

set_version() {
    local version=$1 component
    shift
    for component in "$@"; do
        case $component in
            python) replace clients/python/pyproject.toml "/^\[project\]/,/^\[[^p]/s/^version = .*/version = \"$version\"/" ;;
            js)
                replace clients/js/package.json "s/^  \"version\": .*/  \"version\": \"$version\",/"
                replace package-lock.json "/^    \"clients\/js\": \{/,/^    \}/s/^      \"version\": .*/      \"version\": \"$version\",/"
                ;;
            *)
                replace "$component/Cargo.toml" "/^\[package\]/,/^$/s/^version.*/version = \"$version\"/"
                # fuzz/ is a workspace of its own, and knows some of them.
                replace fuzz/Cargo.lock "/^name = \"$component\"$/,/^$/s/^version = .*/version = \"$version\"/"
                replace Cargo.lock "/^name = \"$component\"$/,/^$/s/^version = .*/version = \"$version\"/"
                replace "docs/api/$component.json" "/^  \"info\": \{/,/^  \}/s/^    \"version\": .*/    \"version\": \"$version\"/"
                ;;
        esac
    done
    # The pages show the version of the documents that they are made from.
    node scripts/api-pages.mjs
}

versions() {
    local component
    printf '%-18s %-12s %s\n' '' 'in the files' 'newest tag'
    for component in "${ALL[@]}"; do
        if [ -f "$(manifest_of "$component")" ]; then
            printf '%-18s %-12s %s\n' "$component" "$(version_of "$component")" "$(newest_tag "$component")"
        fi
    done
}

verb=${1:-}
shift || true
case $verb in
    check) check "$@" ;;
    set) set_version "$@" ;;
    versions) versions ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" && exit 64 ;;
esac
