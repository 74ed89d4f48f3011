#!/usr/bin/env bash
# The release verbs, in a scratch clone with a bare remote. The tests within them are left out: these are part of the tests.
# shellcheck source=deploy/tests/kit.sh
. "$(dirname "$0")/kit.sh"

git init -q --bare "$work/remote"
mkdir "$work/clone"
# The files as they are now, committed or not.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar -c --null -T - | tar -x -C "$work/clone"
cd "$work/clone"
if [ ! -e clients/python/pyproject.toml ]; then
    mkdir -p clients/python
    printf '[project]\nname = "monlight"\nversion = "0.0.0"\n' >clients/python/pyproject.toml
fi
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.com GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.com GIT_CONFIG_GLOBAL=/dev/null
git init -q -b main
git add -A
git commit -qm start
git remote add origin "$work/remote"
git push -q origin main
release() { make --no-print-directory MAKE=true "$@"; }
tags() { git -C "$work/remote" tag | sort | tr '\n' ' '; }

works make -n release-error-tracker V=1.2.3 MAKE=true
says 'git push origin "refs/tags/error-tracker-v1.2.3"'
[ -z "$(tags)" ] || wrong "a dry run has pushed tags"
claim "make -n shows all and does nothing"

works release release-error-tracker V=1.2.3
[ "$(tags)" = "error-tracker-v1.2.3 " ] || wrong "the tags are $(tags)"
grep -qx 'version = "1.2.3"' error-tracker/Cargo.toml || wrong "the version is not in Cargo.toml"
grep -A1 '^name = "error-tracker"$' Cargo.lock | grep -qx 'version = "1.2.3"' || wrong "the version is not in Cargo.lock"
grep -q '"version": "1.2.3"' docs/api/error-tracker.json || wrong "the version is not in the OpenAPI document"
grep -q 'Version 1.2.3' docs/api/error-tracker.md || wrong "the version is not in the API's page"
grep -q 'workspace = true' log-viewer/Cargo.toml || wrong "another service was changed"
[ -z "$(git status --porcelain)" ] || wrong "not all was committed"
[ "$(git rev-parse HEAD)" = "$(git -C "$work/remote" rev-parse main)" ] || wrong "the commit was not pushed"
[ "$(git -C "$work/remote" rev-parse 'error-tracker-v1.2.3^{commit}')" = "$(git rev-parse HEAD)" ] || wrong "the tag is not on that commit"
if command -v cargo >/dev/null; then
    works cargo metadata --locked --offline --no-deps --format-version 1
fi
claim "a service is released: its versions, one commit, one tag, pushed"

works release release-error-tracker V=1.3.0-rc.1
works release release-error-tracker V=1.3.0
refuses 2 "is there already" release release-error-tracker V=1.3.0
refuses 2 "is not newer than error-tracker's newest tag" release release-error-tracker V=1.3.0-rc.2
refuses 2 "is not newer than error-tracker's newest tag" release release-services V=1.2.9
for version in 1.2 v1.2.3 1.02.3 1.2.3-01 '1.2.3 ' latest; do refuses 2 "is no version" release release-log-viewer V="$version"; done
refuses 2 "which version?" release release-log-viewer
touch scratch
refuses 2 "the tree is not clean" release release-log-viewer V=9.0.0
rm scratch
claim "what is no version, not new or not clean is refused"

works release release-services V=2.0.0
[ "$(tags | tr ' ' '\n' | grep -c 'v2\.0\.0$')" = 4 ] || wrong "the tags are $(tags)"
works release release-js V=0.1.0
works release release-python V=0.1.0
grep -q '"version": "0.1.0"' clients/js/package.json || wrong "the version is not in package.json"
grep -A2 '^    "clients/js": {' package-lock.json | grep -q '"version": "0.1.0"' || wrong "the version is not in package-lock.json"
grep -qx 'version = "0.1.0"' clients/python/pyproject.toml || wrong "the version is not in pyproject.toml"
works release release-all V=3.0.0
[ "$(tags | tr ' ' '\n' | grep -c 'v3\.0\.0$')" = 6 ] || wrong "the tags are $(tags)"
[ "$(git log -1 --format=%s)" = "release: everything 3.0.0" ] || wrong "the commit is called $(git log -1 --format=%s)"
works make --no-print-directory versions
[ "$(grep -c '3\.0\.0 .*-v3\.0\.0' "$work/said")" = 6 ] || wrong "the versions are not told"
claim "services, SDKs and everything are released, and the versions told"

cd "$root"
printf '%s\n' "$passed" >"${COUNT_FILE:-/dev/null}"
