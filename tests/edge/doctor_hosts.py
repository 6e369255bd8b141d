"""Pretend computers for the tests of `edge-sort doctor`: a sound Raspberry Pi 4 and 5, to be broken by a test.

What their files and commands say was taken from the formats of the Raspberry Pi kernel and firmware.
"""

from __future__ import annotations

import json

from edge.children import Ran
from edge.doctor_host import Host, PythonFacts, UserFacts

CPU = "/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor"
SOUND = {
    "/sys/devices/system/clocksource/clocksource0/current_clocksource": "arch_sys_counter\n",
    CPU.format(0): "performance\n",
    CPU.format(1): "performance\n",
    "/sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
    "/run/systemd/timesync/synchronized": "",
    "/proc/meminfo": "MemTotal: 3884444 kB\nCmaTotal:         524288 kB\nCmaFree:          449792 kB\n",
    "/proc/mounts": "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n",
    "/etc/group": "root:x:0:\ngpio:x:993:pi\nvideo:x:44:pi\n",
    "/dev/video0": "",
    "/dev/media0": "",
    "/dev/dma_heap/linux,cma": "",
    "/dev/gpiochip0": "",
    "/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs": "N\n",
}
CHILDREN = {
    "runtime": {"runtime": "ai_edge_litert", "version": "2.1.0"},
    "numpy": {"version": "2.2.4", "file": "/usr/lib/python3/dist-packages/numpy/__init__.py", "clashes": {}},
    "picamera2": {"version": "0.3.30", "file": "/usr/lib/python3/dist-packages/picamera2/__init__.py"},
    "cameras": [{"model": "imx296", "where": "/base/soc/i2c0mux/i2c@1/imx296@1a"}],
    "opencv": {"version": "4.10.0"},
    "red-card": [180.0, 40.0, 35.0],
    "pins": [{"number": 0, "label": "pinctrl-bcm2711", "used": {"42": "ACT"}}],
    "pin-factory": "LGPIOFactory",
    "edgetpu-library": "libedgetpu.so.1",
    "edgetpu": "it ran the model",
    "bundle": {"looked_at": 19, "wrong": []},
}


class Runner:
    """Answers for children and commands; what is a Ran is how one ended."""

    def __init__(self, children, commands):
        self.children, self.commands, self.calls = {**CHILDREN, **children}, commands, []

    def __call__(self, command, timeout_s):
        assert 0 < timeout_s <= 60, "every command has a timeout"
        self.calls.append(tuple(command))
        if "edge.doctor_child" not in command:
            return self.commands.get(command[0], Ran(None, missing=True))
        said = self.children[command[command.index("edge.doctor_child") + 1]]
        if isinstance(said, Ran):
            return said
        if isinstance(said, Exception):
            return Ran(0, json.dumps({"problem": str(said)}))
        return Ran(0, json.dumps({"answer": said}))


def host(tmp_path, model, files=None, **changes):
    """Build a computer. files: what differs from a sound one; None leaves one out. model: None is no Raspberry Pi."""
    root, home = tmp_path / "root", tmp_path / "home"
    home.mkdir(parents=True)
    venv = tmp_path / "venv"
    venv.mkdir()
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = true\nversion = 3.13.5\n")
    given = {**SOUND, "/proc/device-tree/model": model and f"{model}\0", **(files or {})}
    for name, text in given.items():
        if text is not None:
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    closed = [root / name.lstrip("/") for name in changes.pop("closed", ())]
    runner = Runner(changes.pop("children", {}), changes.pop("commands", {}))
    settings = {
        "root": root,
        "cwd": home,
        "run": runner,
        "environ": {},
        "python": PythonFacts((3, 13, 5), 64, f"{venv}/bin/python", str(venv), "/usr", "aarch64"),
        "user": UserFacts("pi", 1000, frozenset({"pi", "gpio", "video"}), rtprio=95, memlock=-1),
        "may_open": lambda path: path not in closed,
        "free_bytes": lambda _path: 20 * 1024**3,
    }
    return Host(**{**settings, **changes})


def pi4(tmp_path, files=None, **changes):
    return host(tmp_path, "Raspberry Pi 4 Model B Rev 1.5", files, **changes)


def pi5(tmp_path, files=None, *, chip=0, **changes):
    """chip: the number of the chip with the header's pins; it was 4 on older kernels."""
    own = {
        "/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs": None,
        "/sys/module/pinctrl_rp1/parameters/persist_gpio_outputs": "N\n",
        f"/dev/gpiochip{chip}": "",
        **(files or {}),
    }
    pins = [{"number": chip, "label": "pinctrl-rp1", "used": {}}]
    children = {"pins": pins, **changes.pop("children", {})}
    return host(tmp_path, "Raspberry Pi 5 Model B Rev 1.0", own, children=children, **changes)
