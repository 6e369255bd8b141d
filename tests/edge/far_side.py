"""A far side on this computer: a real sshd on 127.0.0.1, with keys, configuration and known hosts of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 10.0


def _tool(name, package):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"needs {name}: sudo apt install {package}")
    return found


def _key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def _free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class FarSide:
    """host: as the client's configuration names it. home: a folder there, with a space in its name."""

    work: Path
    port: int
    home: Path
    process: subprocess.Popen = field(repr=False)

    host = "far"

    def config(self, name="config", **changes):
        """Write a configuration of ssh, some of its lines others."""
        lines = {
            "HostName": "127.0.0.1",
            "Port": self.port,
            "User": getpass.getuser(),
            "IdentityFile": self.work / "user",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": self.work / "known_hosts",
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            **changes,
        }
        path = self.work / name
        path.write_text(f"Host {self.host}\n" + "".join(f'  {key} "{value}"\n' for key, value in lines.items()))
        path.chmod(0o600)
        return path

    def stop(self):
        """End sshd, and with it what it still serves."""
        self.process.terminate()
        self.process.wait(10)


def start_far_side(work: Path) -> FarSide:
    """Start sshd; skip, with the tool's name, where one is missing."""
    sshd = _tool("sshd", "openssh-server")
    _tool("ssh", "openssh-client")
    _tool("rsync", "rsync")
    host_key, user_key = _key(work / "host"), _key(work / "user")
    _key(work / "stranger")
    (work / "authorized").write_bytes(user_key.with_suffix(".pub").read_bytes())
    programs, home = work / "programs", work / "a line's folder"
    programs.mkdir()
    home.mkdir()
    program = programs / "edge-sort"
    code = "from edge.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -c {shlex.quote(code)} "$@"\n')
    program.chmod(0o755)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it leaves its privileges behind
    port = _free_port()
    (work / "known_hosts").write_text(f"[127.0.0.1]:{port} {(work / 'host.pub').read_text()}")
    config = work / "sshd_config"
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nAuthorizedKeysFile {work / 'authorized'}\n"
        "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f'PermitRootLogin prohibit-password\nSetEnv PATH="{path}" PYTHONPATH="{ROOT}"\n'
    )
    with (work / "sshd.log").open("wb") as log:
        process = subprocess.Popen([sshd, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stderr=log)
    until = time.monotonic() + STARTS_WITHIN_S
    while True:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
            return FarSide(work, port, home, process)
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            pytest.skip(f"needs an sshd that starts: {(work / 'sshd.log').read_text().strip()[-200:]}")
        time.sleep(0.02)
