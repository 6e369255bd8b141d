"""Every trap of a Raspberry Pi that `edge-sort doctor` knows, made on a sound Pi 4 one at a time."""

from __future__ import annotations

from dataclasses import replace

from edge.children import Ran
from edge.doctor_host import PythonFacts, UserFacts
from tests.edge.doctor_hosts import CPU

PERSIST = "/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs"
CLOCK = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
FLAGS = "/sys/devices/platform/soc/soc:firmware/get_throttled"
SYNCED = "/run/systemd/timesync/synchronized"
ABORTED, CRASHED, HUNG = Ran(-6), Ran(-11), Ran(None)
NUMPY_1 = {"version": "1.26.4", "file": "/x/numpy", "clashes": {"PIL": "ABI"}}
NUMPY_2 = {"version": "2.2.4", "file": "/x/numpy", "clashes": {"simplejpeg": "size changed"}}
PYTHON = PythonFacts((3, 13, 5), 64, "/venv/bin/python", "/usr", "/usr", "aarch64")
USER = UserFacts("pi", 1000, frozenset({"pi"}), rtprio=0, memlock=8 << 20)
CHIP = {"number": 0, "label": "pinctrl-bcm2711", "used": {"17": "lg", "3": "sda"}}

# check, what is wrong, status, words of what was found, words of what mends it
TRAPS = [
    (
        "python",
        {"python": replace(PYTHON, version=(3, 9, 2))},
        "fail",
        "3.9.2",
        "Bookworm",
    ),
    (
        "python",
        {"python": replace(PYTHON, version=(3, 14, 0))},
        "warn",
        "tested up to 3.13",
        "/usr/bin/python3 -m venv",
    ),
    (
        "bits",
        {"python": replace(PYTHON, bits=32)},
        "warn",
        "though the kernel has 64",
        "64-bit Raspberry Pi OS",
    ),
    (
        "bits",
        {"python": replace(PYTHON, bits=32, machine="armv7l"), "children": {"runtime": ValueError("no runtime")}},
        "fail",
        "32 bit: the default",
        "64-bit Raspberry Pi OS",
    ),
    ("clock-source", {"files": {CLOCK: "jiffies"}}, "warn", "jiffies", "cmdline.txt"),
    (
        "governor",
        {"files": {CPU.format(1): "ondemand"}},
        "warn",
        "ondemand, performance",
        "echo performance",
    ),
    ("throttling", {"files": {FLAGS: "50005"}}, "fail", "now: under-voltage, throttled", "power supply"),
    ("throttling", {"files": {FLAGS: "80000"}}, "warn", "since the start: hot", "heat sink"),
    (
        "throttling",
        {"files": {FLAGS: None}, "commands": {"vcgencmd": Ran(0, "throttled=0x10000\n")}},
        "warn",
        "under-voltage",
        "power supply",
    ),
    ("throttling", {"files": {FLAGS: None}}, "skipped", "vcgencmd get_throttled: it is not installed", None),
    (
        "real-time",
        {"user": USER},
        "warn",
        "pi lacks rtprio and memlock",
        "pi - rtprio 50",
    ),
    (
        "time-sync",
        {"files": {SYNCED: None}, "commands": {"timedatectl": Ran(0, "no\n")}},
        "warn",
        "not set",
        "timedatectl set-ntp 1",
    ),
    (
        "time-sync",
        {"files": {SYNCED: None}, "commands": {"timedatectl": HUNG}},
        "skipped",
        "did not come to an end in time",
        None,
    ),
    (
        "disk",
        {"free_bytes": lambda _: 300 << 20},
        "fail",
        "expected 0.4 GB",
        "du -xh",
    ),
    (
        "disk",
        {"files": {"/proc/mounts": "tmpfs / tmpfs rw 0 0\n"}},
        "warn",
        "in memory",
        "journal.path",
    ),
    (
        "disk",
        {"files": {"/proc/mounts": "server:/ / nfs4 rw 0 0\n"}},
        "fail",
        "on the network (nfs4)",
        "journal.path",
    ),
    (
        "disk",
        {"may_open": lambda _: False},
        "fail",
        "cannot be written to",
        "journal.path",
    ),
    (
        "numpy",
        {"children": {"numpy": NUMPY_2}},
        "fail",
        "numpy 2.2.4 (of the system), but simplejpeg does not load: size changed",
        "pip install 'numpy<2'",
    ),
    ("numpy", {"children": {"numpy": NUMPY_1}}, "fail", "PIL does not load", "--upgrade 'numpy>=2'"),
    (
        "numpy",
        {"children": {"numpy": ABORTED}},
        "fail",
        "it was ended by SIGABRT",
        "--force-reinstall",
    ),
    (
        "tflite-runtime",
        {"children": {"runtime": CRASHED}},
        "fail",
        "ended by SIGSEGV",
        "ai-edge-litert",
    ),
    (
        "tflite-runtime",
        {"children": {"runtime": HUNG}},
        "fail",
        "in time after 60 s",
        "ai-edge-litert",
    ),
    (
        "tflite-runtime",
        {"children": {"runtime": {"runtime": "tensorflow", "version": "2.21"}}},
        "warn",
        "half a gigabyte",
        "ai-edge-litert",
    ),
    (
        "venv",
        {"python": replace(PYTHON, prefix="/venv", base_prefix="/opt/python3.12")},
        "fail",
        "made from the Python in /opt/python3.12",
        "--system-site-packages",
    ),
    (
        "venv",
        {"python": replace(PYTHON, prefix="/no-such-venv")},
        "fail",
        "cannot be read",
        "--system-site-packages",
    ),
    (
        "picamera2",
        {"children": {"picamera2": ImportError("No module named 'picamera2'")}},
        "fail",
        "No module named",
        "apt install python3-picamera2",
    ),
    (
        "picamera2",
        {"children": {"picamera2": ValueError("numpy.dtype size changed, Expected 96 from C header")}},
        "fail",
        "compiled for another numpy",
        "numpy<2",
    ),
    (
        "picamera2",
        {"children": {"picamera2": Ran(-6, err="terminate called")}},
        "fail",
        "ended by SIGABRT",
        "full-upgrade",
    ),
    (
        "camera",
        {"children": {"cameras": []}},
        "fail",
        "no camera is connected",
        "rpicam-hello --list-cameras",
    ),
    (
        "camera",
        {"children": {"cameras": Ran(0, "hello\n")}},
        "fail",
        "its answer was lost",
        "rpicam-hello",
    ),
    (
        "camera",
        {"children": {"cameras": [{"model": "imx296"}, {"model": "imx708"}]}},
        "warn",
        "takes the first",
        "unplug",
    ),
    (
        "camera-memory",
        {"files": {"/proc/meminfo": "CmaTotal: 524288 kB\nCmaFree: 8192 kB\n"}},
        "warn",
        "8 of 512 MB",
        "dtoverlay=vc4-kms-v3d,cma-256",
    ),
    (
        "camera-memory",
        {"files": {"/proc/meminfo": "CmaTotal: 16384 kB\nCmaFree: 8192 kB\n"}},
        "fail",
        "8 of 16",
        "cma-256",
    ),
    (
        "colour-order",
        {"children": {"red-card": [30.0, 40.0, 180.0]}},
        "fail",
        "red and blue are swapped",
        "full-upgrade",
    ),
    (
        "colour-order",
        {"children": {"red-card": [90.0, 80.0, 85.0]}},
        "warn",
        "that is no red card",
        "more light",
    ),
    (
        "colour-order",
        {"children": {"red-card": ValueError("camera: it is busy")}},
        "fail",
        "it is busy",
        "about the camera",
    ),
    (
        "group-video",
        {"closed": ["/dev/media0"]},
        "fail",
        "pi may not open /dev/media0 (1 of 3)",
        "usermod -aG video pi",
    ),
    (
        "pin-factory",
        {"children": {"pin-factory": ValueError("expected 'lgpio', found its library missing")}},
        "fail",
        "library missing",
        "pip install '.[pi]'",
    ),
    (
        "gpio-chip",
        {"files": {"/dev/gpiochip0": None}},
        "fail",
        "no /dev/gpiochip*",
        "Raspberry Pi",
    ),
    (
        "gpio-chip",
        {"children": {"pins": [{**CHIP, "label": "brcmvirt-gpio"}]}},
        "fail",
        "not the header",
        "full-upgrade",
    ),
    (
        "gpio-chip",
        {"children": {"pins": ImportError("No module named 'lgpio'")}},
        "skipped",
        "cannot be asked",
        None,
    ),
    (
        "pins-free",
        {"children": {"pins": [CHIP]}},
        "fail",
        "pin 17 (gate nut) by lg in use",
        "config.txt",
    ),
    (
        "pins-free",
        {"children": {"pins": [{"number": 0, "problem": "'can not open gpiochip'"}]}},
        "skipped",
        "can not open gpiochip",
        None,
    ),
    (
        "group-gpio",
        {"closed": ["/dev/gpiochip0"]},
        "fail",
        "but not in this session",
        "log in again",
    ),
    (
        "group-gpio",
        {"closed": ["/dev/gpiochip0"], "files": {"/etc/group": "gpio:x:993:\n"}},
        "fail",
        "pi may not open /dev/gpiochip0",
        "usermod -aG gpio pi",
    ),
    (
        "working-directory",
        {"environ": {"LG_WD": "/no/such/folder"}},
        "fail",
        "/no/such/folder cannot be",
        "cd ~",
    ),
    (
        "pin-persistence",
        {"files": {PERSIST: "Y"}},
        "warn",
        "stays away",
        "dtparam=strict_gpiod",
    ),
    (
        "bundle",
        {"children": {"bundle": {"looked_at": 19, "wrong": ["file model.tflite: expected a, found b"]}}},
        "fail",
        "1 of 19 are not as expected, first file model.tflite",
        "edge-sort check",
    ),
    (
        "bundle",
        {"children": {"bundle": ValueError("bundle.json: damaged")}},
        "fail",
        "damaged",
        "copy it again",
    ),
]
