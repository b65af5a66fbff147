#!/usr/bin/env bash
# Makes the environment: `bash packaging/setup.sh FOLDER`, called by `make setup`.
# Installs the system libraries a Qt window needs where it may (root, or sudo without a
# password), says which are missing where it may not, and then the Python packages.
set -euo pipefail
venv="$1"
cd "$(dirname "$0")/.."

# What Qt's xcb platform, OpenCV and the screenshots of `make demo` need on Debian and Ubuntu.
system_packages=(
    libegl1 libgl1 libglib2.0-0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
    libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1
    fonts-dejavu-core xvfb xauth
)

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

install_system_packages() {
    command -v dpkg-query >/dev/null || {
        say "This is no Debian or Ubuntu; if the window does not open, install the equivalents of:"
        say "  ${system_packages[*]}"
        return
    }
    local missing=() package
    for package in "${system_packages[@]}" "$@"; do
        # After the 64-bit time transition some names end in t64; either form will do.
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok' ||
            dpkg-query -W -f '${Status}' "${package}t64" 2>/dev/null | grep -q 'install ok' ||
            missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return
    say "Installing system packages: ${missing[*]}"
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
        return
    fi
    say "They could not be installed from here. Without them the window may not open. Please run:"
    say "  sudo apt-get install ${missing[*]}"
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.12 python3.11; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))'; then
            printf '%s' "$candidate"
            return
        fi
    done
    say "FIQA Studio needs Python 3.11 or 3.12 (MediaPipe has no later build with its face models)."
    say "Install one and name it: make setup PYTHON=/path/to/python3.11"
    exit 1
}

python="$(find_python)"
needs=()
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    needs+=("$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')")
install_system_packages "${needs[@]}"

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
say "Installing the Python packages into $venv (the first time: some minutes, about 7 GB)"
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$venv/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
"$venv/bin/python" -m pip install --quiet --constraint constraints.txt --editable '.[all]' --group dev
say "Ready."
