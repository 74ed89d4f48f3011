#!/usr/bin/env bash
# Makes sure that what a verb of the Makefile needs is there: setup.sh build|test|bench
#
# Debian packages are installed when that is possible (as root, with apt-get). Otherwise every
# missing tool is named with the command that installs it, and the script fails.
set -euo pipefail
cd "$(dirname "$0")/.."

NODE_AT_LEAST=20.19
faults=()
apt_is_fresh=false

# install PACKAGE: whether the Debian package could be installed.
install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    export DEBIAN_FRONTEND=noninteractive
    if ! $apt_is_fresh; then
        apt-get -qq update && apt_is_fresh=true
    fi
    echo "installing $1"
    apt-get -qq install -y "$1" >/dev/null
}

# need COMMAND PACKAGE: the command is there, or its package can be installed.
need() {
    if ! command -v "$1" >/dev/null && ! { install "$2" && command -v "$1" >/dev/null; }; then
        faults+=("$1 is missing; install it with: sudo apt-get install $2")
    fi
}

need_cargo() {
    command -v cargo >/dev/null || faults+=("cargo is missing; https://rustup.rs shows how to install Rust")
}

need_node() {
    need node nodejs
    need npm npm
    local version
    version=$(node --version 2>/dev/null) || return 0
    if [ "$(printf '%s\n' "v$NODE_AT_LEAST" "$version" | sort -V | head -n 1)" != "v$NODE_AT_LEAST" ]; then
        faults+=("node is $version, and $NODE_AT_LEAST or later is needed; https://nodejs.org has it")
    fi
}

need_browser() {
    local browser=${CHROMIUM:-/usr/bin/chromium}
    if [ ! -x "$browser" ] && ! { [ -z "${CHROMIUM:-}" ] && install chromium; }; then
        faults+=("there is no browser at $browser; install one with: sudo apt-get install chromium (or point CHROMIUM at yours)")
    fi
}

# A reverse proxy and a certificate for it: the SDK for web pages is tested behind both.
need_proxy() {
    # Debian puts nginx where only root looks.
    PATH=$PATH:/usr/sbin need nginx nginx-light
    need openssl openssl
}

# Checks and tests of clients/python run in virtual environments, whose packages scripts/python.sh installs.
need_python() {
    local python=${PYTHON:-python3}
    need "$python" python3
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        faults+=("$python is not Python 3.10 or later; install one, or name it with PYTHON")
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null && ! install python3-venv; then
        faults+=("$python cannot make virtual environments; install what it needs with: sudo apt-get install python3-venv")
    fi
}

need_musl() {
    need musl-gcc musl-tools
    local target
    target=$(uname -m)-unknown-linux-musl
    if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx "$target"; then
        rustup target add "$target" || faults+=("the Rust target is missing; install it with: rustup target add $target")
    fi
}

install_npm_packages() {
    local installed=node_modules/.package-lock.json
    if [ ! -f "$installed" ] || [ package-lock.json -nt "$installed" ]; then
        echo "installing the npm packages"
        npm ci --no-audit --no-fund --loglevel=error
    fi
}

need_cargo
# SQLite, zstd and the TLS library are compiled from C.
need cc gcc
need_node
case ${1:-build} in
    build) ;;
    test)
        need_browser
        need_proxy
        need_python
        ;;
    bench)
        need_musl
        need_python
        ;;
    *)
        echo "usage: scripts/setup.sh build|test|bench" >&2
        exit 64
        ;;
esac
if [ ${#faults[@]} -gt 0 ]; then
    printf 'setup: %s\n' "${faults[@]}" >&2
    exit 1
fi
install_npm_packages
