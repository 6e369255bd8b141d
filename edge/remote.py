"""A computer that is reached by ssh: its name, what is run there, and what is carried to and from it.

The system's own `ssh` and `rsync` do it, so a user's keys, agent, configuration and known hosts are what they always
are; nothing here ever relaxes the check of a host's key. All commands share one connection, so that a passphrase is
asked for once.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType

from edge.errors import RemoteError

_HOST = re.compile(r"(?:[A-Za-z0-9_.][A-Za-z0-9_.+-]*@)?(?:[A-Za-z0-9_.][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+(?:%\w+)?\])")
_REFUSED, _NOT_FOUND = 255, 127
_VANISHED = 24  # of rsync: files went while it copied, as the oldest pictures do
_MOST_BYTES = 1 << 26
_REMEDIES = (
    ("permission denied", "let your key in there with: ssh-copy-id {host}"),
    ("identification has changed", "find out why its key is another one before you connect with: ssh {host}"),
    ("host key verification failed", "connect once by hand and compare its key: ssh {host}"),
    ("could not resolve", "correct the name, or give its address"),
    ("connection refused", "switch ssh on there: sudo systemctl enable --now ssh"),
    ("no route", "see whether it is switched on and in this network"),
    ("timed out", "see whether it is switched on and in this network"),
    ("unreachable", "see whether it is switched on and in this network"),
    ("bad owner or permissions", "correct that file's permissions: chmod 600"),
)


@dataclass(frozen=True)
class Place:
    """A folder on a host. folder: absolute, or below the home folder there."""

    host: str
    folder: str

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read HOST or HOST:DIR; HOST may be a name of ssh's configuration, USER@NAME, or an address in brackets.

        Raises RemoteError for what is no such thing, such as an option in disguise.
        """
        match = _HOST.match(text)
        rest = text[match.end() :] if match else text
        if match is None or (rest and not rest.startswith(":")) or rest.startswith("://"):
            raise RemoteError(
                f"expected HOST or HOST:DIR, such as pi@raspberrypi.local:line, found {text!r}; correct it"
            )
        folder = rest[1:].removeprefix("~/") if rest[1:] != "~" else ""
        if not folder.isprintable():
            raise RemoteError(f"expected HOST:DIR with a folder's name, found {text!r}; correct it")
        return cls(match.group(), folder or ".")

    def below(self, *names: str) -> str:
        """Return a path in the folder, as the far side understands it; never one that looks like an option."""
        return (
            str(PurePosixPath(self.folder, *names))
            if self.folder[0] == "/"
            else f"./{PurePosixPath(self.folder, *names)}"
        )


@dataclass(frozen=True)
class Reply:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def last_words(self) -> str:
        """The last line of its complaints, else of what it said."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1].removeprefix("Error: ") if lines else f"exit code {self.code}"


class Remote:
    """A connection to one host. Use it as a context manager."""

    def __init__(self, host: str, *, config: Path | None = None, edge_sort: str | None = None) -> None:
        """config: of ssh; the user's own where none is given. edge_sort: its command on the far side.

        Raises RemoteError when ssh or rsync is not installed here.
        """
        for program, package in (("ssh", "openssh-client"), ("rsync", "rsync")):
            if shutil.which(program) is None:
                raise RemoteError(f"expected {program} on this computer, found none; sudo apt install {package}")
        self.host, self._edge_sort = host, edge_sort
        self._sockets = Path(tempfile.mkdtemp(prefix="edge-sort-"))
        options = [
            *(["-F", str(config.absolute())] if config else []),
            *("-o", "ControlMaster=auto", "-o", f"ControlPath={self._sockets}/s", "-o", "ControlPersist=60"),
            *("-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
        ]
        if not sys.stdin.isatty():
            options += ["-o", "BatchMode=yes"]  # nobody is there to be asked
        self._ssh = ["ssh", *options]

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the connection."""
        if (self._sockets / "s").exists():
            _run([*self._ssh, "-O", "exit", "--", self._bare_host])
        shutil.rmtree(self._sockets, ignore_errors=True)

    def shell(self, script: str) -> Reply:
        """Run a script for the far side's shell. Raises RemoteError when the host cannot be reached or got into."""
        reply = _run([*self._ssh, "--", self._bare_host, script])
        if reply.code == _REFUSED:
            raise self._unreachable(reply)
        return reply

    def edge_sort(self, folder: str, *words: str) -> Reply:
        """Run an edge-sort command in a folder there. Raises RemoteError when it is missing, or says no."""
        command = f'{_PROGRAM_FINDER}\ncd -- {shlex.quote(folder)} && exec "$program" {shlex.join(words)}'
        reply = self.shell(f"wanted={shlex.quote(self._edge_sort or '')}\n{command}")
        if reply.code == _NOT_FOUND:
            raise RemoteError(
                f"{self.host}: expected edge-sort there, found none; install it there, or say where it is with "
                "--edge-sort PATH"
            )
        if reply.code != 0:
            old = "; install the same edge-sort there" if "No such command" in reply.last_words else ""
            raise RemoteError(f"{self.host}: {reply.last_words}{old}")
        return reply

    def fetch(self, source: str, target: Path, *options: str) -> int:
        """Copy from there to here what is not here yet. Returns how many files, hidden ones apart."""
        return self._rsync([*options, "--", f"{self.host}:{source}", str(target)])

    def send(self, source: Path, target: str, *options: str) -> int:
        """Copy from here to there. Returns how many files. Raises RemoteError."""
        return self._rsync([*options, "--", str(source), f"{self.host}:{target}"])

    @property
    def _bare_host(self) -> str:
        return self.host.replace("[", "").replace("]", "")

    def _rsync(self, words: Sequence[str]) -> int:
        """Every file gets its name when it is whole; what was interrupted goes on from there the next time."""
        usual = ("-rt", "--protect-args", "--partial-dir=.rsync-partial", "--timeout=120", "--out-format=%n")
        reply = _run(["rsync", *usual, "-e", shlex.join(self._ssh), *words])
        if reply.code not in (0, _VANISHED):
            raise self._not_copied(reply)
        names = [PurePosixPath(line).name for line in reply.out.splitlines() if not line.endswith("/")]
        return sum(bool(name) and not name.startswith(".") for name in names)

    def _not_copied(self, reply: Reply) -> RemoteError:
        if "rsync: command not found" in reply.err or "rsync: not found" in reply.err:
            return RemoteError(f"{self.host}: expected rsync there, found none; sudo apt install rsync, there")
        complaints = [line.strip() for line in reply.err.splitlines() if line.strip()]
        said = next((line for line in complaints if "rsync error" not in line), reply.last_words)
        return RemoteError(
            f"{self.host}: expected files to be copied, found: {said}; what is there is whole, and the same command "
            "goes on from here"
        )

    def _unreachable(self, reply: Reply) -> RemoteError:
        told = reply.err.lower()
        remedy = next((text for word, text in _REMEDIES if word in told), "try by hand: ssh {host}")
        return RemoteError(
            f"{self.host}: expected a connection by ssh, found: {reply.last_words}; {remedy.format(host=self.host)}"
        )


# where scripts/install-pi.sh puts it comes last; ssh does not read what a login shell adds to PATH
_PROGRAM_FINDER = """
case $wanted in
    '') program=$(command -v edge-sort) || program=$HOME/edge-sort/bin/edge-sort ;;
    /*) program=$wanted ;;
    */*) program=$HOME/$wanted ;;
    *) program=$(command -v "$wanted") || exit 127 ;;
esac
[ -x "$program" ] || exit 127"""


def _run(command: Sequence[str]) -> Reply:
    """Run a command until it ends; Ctrl-C ends it too. Passwords are asked for on the terminal, not on stdin."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = subprocess.run(list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False).returncode
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(_MOST_BYTES).decode(errors="replace"))
    return Reply(code, *texts)
