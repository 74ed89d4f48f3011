#!/usr/bin/env bash
# Works on clients/python: python.sh setup|check|fmt|build|test|test-all|bench
#
# `test` runs the suite against the built wheel, with the interpreters that PYTHONS names ("python3.11 python3.13"), else with
# python3; `test-all` with each of python3.10 to python3.14 that is on the PATH;
# `bench` with the one that PYTHON_BENCH names. The services to test with are named by
# ERROR_TRACKER_BIN and METRICS_COLLECTOR_BIN. What is installed stays in clients/python/.venv* until its list of packages changes.
set -euo pipefail
cd "$(dirname "$0")/../clients/python"

# works PYTHON: it runs, and is one that the SDK supports. A name on the PATH may be an empty promise.
works() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

default_python() {
    local python
    for python in ${PYTHON:-python3} python3.14 python3.13 python3.12 python3.11 python3.10; do
        if works "$python"; then
            echo "$python"
            return
        fi
    done
    echo "python: no Python 3.10 or later on the PATH; install one, or name it with PYTHON" >&2
    return 1
}

# environment FOLDER PYTHON FILE...: a virtual environment with what the files list, made anew when they change.
environment() {
    local folder=$1 python=$2 stamp
    shift 2
    stamp=$({ "$python" --version && cat "$@"; } | sha256sum)
    if [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ]; then
        echo "installing the Python packages of $folder"
        rm -rf "$folder"
        "$python" -m venv "$folder" || {
            echo "python: $python cannot make virtual environments; install the venv module with: sudo apt-get install python3-venv" >&2
            return 1
        }
        "$folder/bin/pip" install --quiet --disable-pip-version-check "${@/#/-r}"
        echo "$stamp" >"$folder/stamp"
    fi
}

tools() {
    environment .venv "$(default_python)" requirements-dev.txt
}

check() {
    tools
    .venv/bin/ruff format --check --quiet .
    .venv/bin/ruff check --quiet .
    .venv/bin/mypy
}

# The wheel is built from the sdist, so that both are complete.
build() {
    tools
    rm -rf dist
    .venv/bin/python -m build --no-isolation . >.venv/build.log 2>&1 || {
        cat .venv/build.log >&2
        return 1
    }
}

run_tests() {
    local python=$1 version
    shift
    version=$("$python" -c 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")')
    local locked=constraints/$version.txt
    # A Python that is newer than all that are locked gets the packages of the newest.
    [ -f "$locked" ] || locked=constraints/3.13.txt
    environment ".venv-$version" "$python" "$locked"
    ".venv-$version/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps dist/*.whl
    echo "tests with Python $version"
    ".venv-$version/bin/python" -m pytest -q "$@"
}

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
    setup) tools ;;
    check) check ;;
    fmt)
        tools
        .venv/bin/ruff format .
        .venv/bin/ruff check --fix .
        ;;
    build) build ;;
    test)
        build
        for python in ${PYTHONS:-$(default_python)}; do
            run_tests "$python" "$@"
        done
        ;;
    test-all)
        build
        for python in python3.10 python3.11 python3.12 python3.13 python3.14; do
            if works "$python"; then
                run_tests "$python" "$@"
            else
                echo "$python is not here"
            fi
        done
        ;;
    bench)
        build
        python=${PYTHON_BENCH:-$(default_python)}
        environment .venv-bench "$python" bench/requirements.txt
        .venv-bench/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps dist/*.whl
        .venv-bench/bin/python -m bench "$@"
        ;;
    *)
        echo "usage: scripts/python.sh setup|check|fmt|build|test|test-all|bench" >&2
        exit 64
        ;;
esac
