#!/bin/sh
# What the tests use and pip does not bring: compilers for microcontrollers, QEMU, simavr, node with rp2040js and MicroPython,
# an MQTT broker, Prometheus, sshd (none of these is started), rsync, Chromium, in which the page is tried, and what an emulated
# Raspberry Pi is made with.
# As root on Debian or Ubuntu it installs what is missing, in about a minute; elsewhere it says what is missing, and the tests
# that need it skip with its name. The node packages go into .tools, which git ignores.
set -eu
cd "$(dirname "$0")/.."

# command:package, the command being what the package is looked for by
PATH="$PATH:/usr/sbin" # where the broker and sshd are
wanted='arm-none-eabi-gcc:gcc-arm-none-eabi qemu-system-arm:qemu-system-arm avr-gcc:gcc-avr simavr:simavr valgrind:valgrind node:nodejs npm:npm mosquitto:mosquitto sshd:openssh-server ssh:openssh-client rsync:rsync chromium:chromium promtool:prometheus mmdebstrap:mmdebstrap fdtput:device-tree-compiler cpio:cpio'
missing=''
for one in $wanted; do
    command -v "${one%%:*}" >/dev/null || missing="$missing ${one#*:}"
done
# no command tells of these
for one in libnewlib-arm-none-eabi avr-libc libsimavr-dev libelf-dev; do
    dpkg -s "$one" >/dev/null 2>&1 || missing="$missing $one"
done

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing$missing"
        apt-get update -qq
        # servers are to be there, not to run: not now, and not with the next start of the system
        policy=/usr/sbin/policy-rc.d
        if [ ! -e "$policy" ]; then
            trap 'rm -f "$policy"' EXIT
            printf '#!/bin/sh\nexit 101\n' >"$policy"
            chmod +x "$policy"
        fi
        # shellcheck disable=SC2086 # several words on purpose
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
        for one in mosquitto:mosquitto prometheus:prometheus openssh-server:ssh; do
            case " $missing " in *" ${one%%:*} "*) systemctl disable --quiet "${one#*:}" 2>/dev/null || true ;; esac
        done
    else
        echo "missing, so some tests will skip:$missing"
    fi
fi

if command -v npm >/dev/null; then
    mkdir -p .tools
    cp scripts/test-tools.json .tools/package.json
    npm install --prefix .tools --silent --no-audit --no-fund --ignore-scripts
fi
