"""Checks of the computer itself: clocks, processor, supply, disk, what the user may ask of the system."""

from __future__ import annotations

import re
from pathlib import Path

from edge.doctor_findings import Finding, fail, ok, skipped, warn
from edge.doctor_patient import Patient
from edge.real_time import PRIORITY

_GOOD_CLOCKS = frozenset({"arch_sys_counter", "tsc", "kvm-clock"})
_THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled"
_NOW = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "hot"}
_SINCE_BOOT = 16  # the same bits once more: it has happened
_MB = 1024 * 1024
_LEAST_FREE_MB = 200  # beside the pictures: a million parts take about that
_ON_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"})
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})


def clock_source(patient: Patient) -> Finding:
    """Look which counter the kernel tells time by: a slow one makes every moment of a gate worse."""
    found = patient.host.text("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    if found is None:
        return skipped("the kernel does not say")
    if found in _GOOD_CLOCKS:
        return ok(found)
    return warn(f"{found}: slow to read", "take clocksource=... out of /boot/firmware/cmdline.txt, and reboot")


def governor(patient: Patient) -> Finding:
    """Look whether the processor slows down when it has little to do, as it has between two parts."""
    files = patient.host.glob("/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
    found = sorted({patient.host.text(patient.host.name(file)) or "unknown" for file in files})
    if not found:
        return skipped("the processor's speed is not governed here")
    if found == ["performance"]:
        return ok("performance")
    return warn(
        f"{', '.join(found)}: the processor slows down between parts",
        "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
    )


def throttling(patient: Patient) -> Finding:
    """Read the firmware's flags for a weak supply and for heat, now and since the start."""
    text = patient.host.text(_THROTTLED)
    if text is None:
        if patient.board is None:
            return skipped("no Raspberry Pi")
        ran = patient.host.command("vcgencmd", "get_throttled")
        if ran.code != 0:
            return skipped(f"vcgencmd get_throttled: {ran.how}")
        text = ran.out.strip().rpartition("=")[2]
    try:
        flags = int(text, 16)
    except ValueError:
        return skipped(f"expected a number in hexadecimal, found {text!r}")
    now = [name for bit, name in _NOW.items() if flags >> bit & 1]
    past = [name for bit, name in _NOW.items() if flags >> (bit + _SINCE_BOOT) & 1]
    if now:
        return fail(f"now: {', '.join(now)}", _remedy(now))
    if past:
        return warn(f"since the start: {', '.join(past)}", _remedy(past))
    return ok("no under-voltage, no heat since the start")


def _remedy(troubles: list[str]) -> str:
    if _NOW[0] in troubles:
        return "use the official power supply and a short, thick cable; then reboot"
    return "give the processor a heat sink and a fan; then reboot"


def disk(patient: Patient) -> Finding:
    """Look whether the journal's place lasts: on a disk, not full, writable."""
    journal = patient.machine.journal if patient.machine else None
    path = patient.host.cwd / (journal.path if journal else "journal.sqlite")
    folder = next(one for one in path.parents if one.is_dir())
    if not patient.host.may_open(folder):
        return fail(f"{folder} cannot be written to", "correct journal.path in the machine file, or cd ~")
    kind = _file_system(patient, folder)
    if kind in _ON_NETWORK:
        return fail(f"{folder} is on the network ({kind}), where a journal breaks", "put journal.path on a disk")
    free_mb = patient.host.free_bytes(folder) / _MB
    needed_mb = (journal.pictures_mb if journal else 0) + _LEAST_FREE_MB
    told = f"{free_mb / 1024:.1f} GB free in {folder}"
    if free_mb < needed_mb:
        return fail(f"{told}; expected {needed_mb / 1024:.1f} GB", f"sudo apt clean, and: du -xh {folder} | sort -h")
    if kind in _IN_MEMORY:
        return warn(f"{folder} is in memory: the record ends with the power", "put journal.path on a disk")
    return ok(told)


def _file_system(patient: Patient, folder: Path) -> str:
    """Return the type of the file system a folder is on, by the longest mount point that leads to it."""
    words = [line.split() for line in (patient.host.text("/proc/mounts") or "").splitlines()]
    real = folder.resolve()
    found = [(mount[1], mount[2]) for mount in words if len(mount) > 2 and real.is_relative_to(mount[1])]
    return max(found, key=lambda one: len(one[0]), default=("", ""))[1]


def time_sync(patient: Patient) -> Finding:
    """Look whether the wall clock is set: a Pi has no battery, and the record has dates."""
    if patient.host.path("/run/systemd/timesync/synchronized").exists():
        return ok("set from the network")
    ran = patient.host.command("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if ran.code != 0:
        return skipped(f"timedatectl: {ran.how}")
    if ran.out.strip() == "yes":
        return ok("set from the network")
    return warn("the clock is not set from the network: dates in the record may be wrong", "sudo timedatectl set-ntp 1")


def real_time(patient: Patient) -> Finding:
    """Look whether the gate process may have real-time priority and locked memory."""
    user = patient.host.user
    if user.uid == 0:
        return ok("root may")
    lacking = []
    if 0 <= user.rtprio < PRIORITY:
        lacking.append(f"{user.name} - rtprio {PRIORITY}")
    if user.memlock >= 0:
        lacking.append(f"{user.name} - memlock unlimited")
    if not lacking:
        return ok(f"priority {PRIORITY} and locked memory are allowed")
    lines = "\\n".join(lacking)
    found = " and ".join(re.split(r" - (\w+)", line)[1] for line in lacking)
    return warn(
        f"{user.name} lacks {found}: a busy computer may delay the gates",
        f"printf '{lines}\\n' | sudo tee /etc/security/limits.d/edge-sort.conf, then log in again",
    )
