#!/bin/sh
# Make or complete the virtual environment:  tools/install.sh FOLDER base|test|dev|editable
#
# Needs Python 3.11 or later, and PyPI or the mirror that pip is configured for. Everything comes from
# the pinned files in requirements/, hashes checked. uv is used because it halves the waiting; where it
# cannot be had pip does the same.
set -eu
case $1 in
/*) venv=$1 ;;
*) venv=$PWD/$1 ;;
esac
level=$2
root=$(cd "$(dirname "$0")/.." && pwd)
pins=$root/requirements

find_python() {
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Zhike needs Python 3.11 or later; none was found. Name one with PYTHON=..." >&2
    exit 1
}

make_venv() {
    python=$(find_python)
    echo "Making $venv with $("$python" --version)"
    if ! "$python" -m venv "$venv" 2>/dev/null; then
        # Debian keeps ensurepip in a package of its own; a pip of the system can stand in for it.
        rm -rf "$venv"
        if ! { "$python" -m venv --without-pip "$venv" &&
               "$python" -m pip --python "$venv/bin/python" install --quiet pip; }; then
            rm -rf "$venv"
            echo "Python's venv module is incomplete. On Debian or Ubuntu: apt install python3-venv" >&2
            exit 1
        fi
    fi
}

[ -x "$venv/bin/python" ] || make_venv
export PIP_DISABLE_PIP_VERSION_CHECK=1
pip="$venv/bin/python -m pip"

if [ "${ZHIKE_UV:-1}" = 0 ]; then
    uv=
elif [ -x "$venv/bin/uv" ]; then
    uv="$venv/bin/uv"
elif command -v uv >/dev/null 2>&1; then
    uv=uv
elif $pip install --quiet --require-hashes --no-deps -r "$pins/uv.txt" 2>/dev/null; then
    uv="$venv/bin/uv"
else
    uv=
fi
if [ -n "$uv" ] && [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    # Whoever pointed pip to a mirror means uv as well.
    mirror=${PIP_INDEX_URL:-$($pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$mirror" ]; then
        export UV_DEFAULT_INDEX="$mirror"
    fi
fi

install() {  # install ARGUMENTS: with hashes, nothing that is not listed
    if [ -n "$uv" ]; then
        "$uv" pip install --quiet --python "$venv/bin/python" --require-hashes --no-deps "$@"
    else
        $pip install --quiet --require-hashes --no-deps "$@"
    fi
}

case $level in
base | test | dev)
    install -r "$pins/$level.txt"
    ;;
editable)
    # Build requirements stay beside the environment, not in it: a site has no Django.
    rm -rf "$venv/build"
    install --target "$venv/build" -r "$pins/build.txt"
    set -- -e "$root/core"
    for plugin in "$root"/plugins/*/pyproject.toml; do
        set -- "$@" -e "$(dirname "$plugin")"
    done
    PYTHONPATH="$venv/build" $pip install --quiet --no-deps --no-build-isolation --no-index "$@"
    rm -rf "$venv/build"
    ;;
*)
    echo "unknown level: $level" >&2
    exit 2
    ;;
esac
