#!/bin/sh
# From a fresh Raspberry Pi OS (64 bit, Bookworm or later) to a line that can run. Run it as the user of the line, in a
# clone of edge-sort:
#
#   sh scripts/install-pi.sh                                             # install, look at the Pi, sort on an emulated line
#   sh scripts/install-pi.sh --machine machine.toml --bundle bundle      # then also install the line as a service
#
# Options: --venv DIR (default ~/edge-sort), --no-camera (no picamera2: a webcam, or another Debian), --yes (ask nothing).
# Running it again is harmless: what is there already stays, and is brought up to date.
set -eu

venv=$HOME/edge-sort machine='' bundle='' camera=yes yes=no

main() {
    read_options "$@"
    source=$(cd "$(dirname "$0")/.." && pwd)
    check_computer
    venv=$(realpath -m "$venv")
    say "This installs Debian packages with sudo, and edge-sort into $venv."
    agree
    install_packages
    make_venv
    install_edge_sort
    join_groups
    prove
    if [ -n "$machine" ]; then install_service; fi
    say "Done. Use it: . $venv/bin/activate && edge-sort --help"
    if [ "$joined" = yes ]; then say 'Log out and in again first: you are in new groups.'; fi
}

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --venv) venv=$(value "$@"); shift ;;
            --machine) machine=$(existing "$@"); shift ;;
            --bundle) bundle=$(existing "$@"); shift ;;
            --no-camera) camera=no ;;
            --yes) yes=yes ;;
            -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" && exit 0 ;;
            *) fail "expected an option, found '$1'; see: sh $0 --help" ;;
        esac
        shift
    done
    if { [ -n "$machine" ] && [ -z "$bundle" ]; } || { [ -z "$machine" ] && [ -n "$bundle" ]; }; then
        fail 'a service needs both --machine FILE and --bundle DIR'
    fi
}

value() {
    if [ $# -lt 2 ] || [ -z "$2" ]; then fail "$1 needs a value"; fi
    printf '%s\n' "$2"
}

existing() {
    path=$(value "$@")
    [ -e "$path" ] || fail "$1: expected $path to be there, found nothing; correct the path"
    realpath "$path"
}

check_computer() {
    [ "$(id -u)" != 0 ] || fail 'expected the user of the line, found root; run it without sudo, it asks for sudo itself'
    [ -f "$source/setup.cfg" ] || fail "expected the clone of edge-sort around $0, found none in $source"
    command -v apt-get >/dev/null || fail 'expected Raspberry Pi OS or another Debian, found no apt-get'
    arch=$(dpkg --print-architecture)
    case $arch in
        arm64 | amd64) ;;
        *) fail "expected a 64-bit system, found $arch; install the 64-bit Raspberry Pi OS, whatever the kernel is" ;;
    esac
    free_mb=$(df -Pm "$HOME" | awk 'NR == 2 { print $4 }')
    [ "$free_mb" -ge 1500 ] || fail "expected 1500 MB free in $HOME, found $free_mb; make room first"
}

agree() {
    [ "$yes" = no ] || return 0
    printf 'Go on? [y/N] '
    read -r answer || answer=n
    case $answer in y | Y | yes) ;; *) fail 'nothing was changed' ;; esac
}

install_packages() {
    packages='python3 python3-venv python3-pip'
    if [ "$camera" = yes ]; then packages="$packages python3-picamera2"; fi
    say "Debian packages: $packages"
    sudo apt-get update -q
    # shellcheck disable=SC2086 # several words on purpose
    sudo apt-get install -q -y --no-install-recommends $packages ||
        fail 'apt-get could not install them (above); without a Pi camera try --no-camera'
    /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "expected Python 3.11 or later, found $(/usr/bin/python3 -V); install Raspberry Pi OS Bookworm or later"
}

# apt's Python, and its packages visible: picamera2 comes from nowhere else
make_venv() {
    say "Virtual environment: $venv"
    /usr/bin/python3 -m venv --system-site-packages "$venv"
}

# what apt compiled against numpy 1 does not load beside numpy 2
install_edge_sort() {
    set -- "${source}[pi]"
    case $(/usr/bin/python3 -c 'import numpy; print(numpy.__version__)' 2>/dev/null || true) in
        1.*) set -- "$@" 'numpy<2' ;;
    esac
    if [ "$camera" = no ]; then set -- "$@" 'opencv-python-headless>=4.8'; fi
    say "edge-sort: pip install $*"
    "$venv/bin/pip" install -q --disable-pip-version-check "$@"
}

join_groups() {
    joined=no
    for group in gpio video; do
        if getent group "$group" >/dev/null && ! id -nG | tr ' ' '\n' | grep -qx "$group"; then
            say "Group $group: adding $(id -un)"
            sudo usermod -aG "$group" "$(id -un)"
            joined=yes
        fi
    done
}

prove() {
    say 'What is missing on this computer:'
    cd "$HOME"
    "$venv/bin/edge-sort" doctor ${machine:+--machine "$machine"} ${bundle:+--bundle "$bundle"} ||
        say 'Mend what says FAIL, then: edge-sort doctor'
    say 'Fifty parts on an emulated line:'
    "$venv/bin/edge-sort" run --emulate --fast --count 50 --seed 7
}

install_service() {
    say 'The line as a service:'
    sudo "$venv/bin/edge-sort" service install --machine "$machine" --bundle "$bundle" --user "$(id -un)"
    if [ -d /run/systemd/system ]; then
        sudo systemctl restart edge-sort ||
            fail 'the line does not start; why: journalctl --unit edge-sort --lines 50'
        "$venv/bin/edge-sort" service status
    fi
}

say() { printf '\n== %s\n' "$@"; }

fail() {
    printf 'Error: %s\n' "$1" >&2
    exit 1
}

main "$@"
