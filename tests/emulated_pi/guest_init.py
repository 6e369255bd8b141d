#!/usr/bin/python3
"""The first process of the emulated Pi. It runs in there, never here.

It mounts what programs expect, then does what comes over the second serial line: one JSON object a line each way.
A byte that no console message holds stands before each answer, so that the kernel may speak on the same line.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import termios
import time
import tty
from pathlib import Path

LINE = "/dev/ttyS1"
MARK = b"\x1e"
ENV = {"PATH": "/usr/bin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}
MOUNTS = (("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp"), ("tmpfs", "/run"))
STARTED: dict[int, subprocess.Popen] = {}


def run(argv, timeout_s, cwd="/root"):
    """Run a command to its end."""
    try:
        done = subprocess.run(argv, capture_output=True, timeout=timeout_s, env=ENV, cwd=cwd, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as late:
        return {"code": None, "out": _text(late.stdout), "err": _text(late.stderr)}
    return {"code": done.returncode, "out": _text(done.stdout), "err": _text(done.stderr)}


def start(argv, out, cwd="/root"):
    """Start a command whose output goes to a file. Returns its pid."""
    with Path(out).open("wb") as file:
        child = subprocess.Popen(argv, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=ENV, cwd=cwd)
    STARTED[child.pid] = child
    return child.pid


def wait(pid, timeout_s):
    """Return the exit code of a started command, None while it runs."""
    try:
        return STARTED[pid].wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None


def kill(pids, number):
    """Send a signal to processes, all in one breath."""
    for pid in pids:
        os.kill(pid, number)


def processes():
    """Return the command lines of what lives, by pid; the kernel's own and the dead have none."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words != [b""] and int(folder.name) != os.getpid():
            found[folder.name] = [word.decode(errors="replace") for word in words if word]
    return found


def read(path):
    """Return a file of text."""
    return Path(path).read_text(encoding="utf-8", errors="replace")


def write(path, content):
    """Write a file, given in base64."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(base64.b64decode(content))


def now():
    """Return the monotonic clock, in seconds."""
    return time.monotonic()


CALLS = {one.__name__: one for one in (run, start, wait, kill, processes, read, write, now)}


def serve(line):
    """Answer calls for ever."""
    _say(line, {"value": "ready"})
    for text in line:
        try:
            asked = json.loads(text)
            answer = {"value": CALLS[asked["call"]](*asked["args"], **asked["options"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        _say(line, answer)


def _say(line, answer):
    line.write(MARK + json.dumps(answer).encode() + b"\n")


def _text(data):
    return (data or b"").decode(errors="replace")


def main():
    """Mount, keep the line for a child, and bury the orphans."""
    for kind, place in MOUNTS:
        Path(place).mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", kind, kind, place], check=False, env=ENV)
    Path("/proc/sys/kernel/printk").write_text("1")
    if os.fork() == 0:
        with Path(LINE).open("r+b", buffering=0) as line:
            tty.setraw(line, termios.TCSANOW)
            serve(line)
    while True:
        os.wait()


if __name__ == "__main__":
    main()
