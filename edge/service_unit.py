"""The systemd unit of a line, as text. Every setting that is not obvious says in the unit itself why it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import MachineError
from edge.real_time import PRIORITY

MARK = "# Written by: edge-sort service install"
GROUPS = ("gpio", "video", "plugdev", "apex")  # pins, camera, Edge TPU on USB and PCIe
WATCHDOG_S = 30

_TEXT = """\
{mark}
# Change it with `systemctl edit {name}`: that survives the next install.

[Unit]
Description=edge-sort: the sorting line of {machine}
# the record has dates, but a line without a network must start all the same: after, and no more
After=time-sync.target
# five failures in ten minutes are nothing that a new start mends: it stays down, its gates at rest
StartLimitIntervalSec=600
StartLimitBurst=5

[Service]
# "started" means that camera, pins and model are ready; opening them takes a while on a slow card
Type=notify
NotifyAccess=main
TimeoutStartSec=180
ExecStart={run}
# fed by the loop that steps the frames. It must be longer than one start of a lost camera takes, about fifteen seconds
WatchdogSec={watchdog_s}
# exit code 2 is a wrong option: the same again next time
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
# SIGTERM goes to all processes: the one that holds the pins ignores it, and ends when its gates are at rest
KillMode=control-group
TimeoutStopSec=30
# whatever ended the line, SIGKILL included: every gate's pin is driven to rest once more
ExecStopPost={rest}

User={user}
{groups}# the journal is here, and lgpio writes a pipe into the working directory; 0750: the record is not for everybody
StateDirectory={name}
StateDirectoryMode=0750
WorkingDirectory=/var/lib/{name}
{writable}UMask=0027
Environment=PYTHONUNBUFFERED=1

# what the gate process asks for: real-time priority, and memory that is never paged out. Limits, not privileges
LimitRTPRIO={priority}
LimitMEMLOCK=infinity
RestrictRealtime=no
# a hang ends with SIGABRT; its memory is of no use to anybody and fills the card
LimitCORE=0

# devices: those of pins, cameras with their buffers, and an Edge TPU. PrivateDevices= would hide them all
DevicePolicy=closed
DeviceAllow=char-gpiochip rw
{devices}DeviceAllow=char-video4linux rw
DeviceAllow=char-media rw
DeviceAllow=char-dma_heap rw
DeviceAllow=/dev/udmabuf rw
DeviceAllow=char-usb_device rw
DeviceAllow=char-apex rw

# the whole system is read-only but for the folders above; bundle and machine file may be in a home
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
# no privilege is needed, and none can be gained
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictSUIDSGID=yes
# /proc stays whole (ProcSubset=all): gpiozero reads the board's model there
ProtectProc=invisible
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
LockPersonality=yes
RestrictNamespaces=yes
KeyringMode=private
# no MemoryDenyWriteExecute=: ctypes and TFLite runtimes may write code and run it. No PrivateUsers=: devices are opened
# by group
# libcamera hears of devices through netlink; IP is for what shows or sends what the line does
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
# of these groups only sched_setscheduler and mlockall are unusual; both belong to @system-service
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""
# factories that reach the pins past the kernel
_PIN_DEVICES = {"rpigpio": "/dev/gpiomem", "native": "/dev/gpiomem"}


@dataclass(frozen=True)
class Unit:
    """What a unit is written from. Every path is absolute. arguments: of `edge-sort run`.

    groups: those of GROUPS that the system knows: an unknown one keeps a unit from starting. writable: folders beside
    its own that the line writes to.
    """

    name: str
    user: str
    program: Path
    machine: Path
    arguments: Sequence[str]
    pin_factory: str
    groups: Sequence[str] = ()
    writable: Sequence[Path] = field(default=())

    @property
    def text(self) -> str:
        """Return the unit file. Raises MachineError for a path that no unit can name."""
        if set(str(self.program)) & set("\"'\\"):
            raise MachineError(
                f"{self.program}: expected a program that systemd can start, found quotes or backslashes in its path; "
                "install edge-sort in a folder without them"
            )
        writable = [f"ReadWritePaths={word(str(path))}\n" for path in self.writable]
        node = _PIN_DEVICES.get(self.pin_factory)
        return _TEXT.format(
            mark=MARK,
            name=self.name,
            machine=_plain(str(self.machine)),
            run=command([str(self.program), "run", *self.arguments]),
            rest=command([str(self.program), "gate", "rest", "--machine", str(self.machine)]),
            watchdog_s=WATCHDOG_S,
            user=self.user,
            groups=f"SupplementaryGroups={' '.join(self.groups)}\n" if self.groups else "",
            writable="".join(writable),
            priority=PRIORITY,
            devices=f"DeviceAllow={node} rw\n" if node else "",
        )


def command(words: Sequence[str]) -> str:
    """Return a command line that systemd splits into these very words. It expands $ in all but the first of them."""
    return " ".join([word(words[0]), *(word(one).replace("$", "$$") for one in words[1:])])


def word(text: str) -> str:
    """Quote one word of a setting: %, quotes, backslashes and spaces stand for themselves. Raises MachineError."""
    plain = _plain(text)
    if plain and not set(plain) & set(" \t\"'\\;"):
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(text: str) -> str:
    if not text.isprintable():
        raise MachineError(
            f"expected paths and options that a unit file can hold, found {text!r}; take line ends and control "
            "characters out of it"
        )
    return text.replace("%", "%%")
