"""What the kernel of a Raspberry Pi says of itself, and nothing where it says nothing."""

from __future__ import annotations

import pytest

from edge.pi_health import PiHealth, PiReading


def sys_tree(root, temperature=None, flags=None):
    for path, text in (
        ("class/thermal/thermal_zone0/temp", temperature),
        ("devices/platform/soc/soc:firmware/get_throttled", flags),
    ):
        if text is not None:
            (root / path).parent.mkdir(parents=True)
            (root / path).write_text(text)
    return PiHealth(root)


@pytest.mark.parametrize(
    ("flags", "under_voltage", "throttled"),
    [("0\n", False, False), ("50005\n", True, True), ("50000\n", False, False), ("0x4\n", False, True)],
)
def test_temperature_and_the_flags_of_now_are_read(tmp_path, flags, under_voltage, throttled):
    """The upper flags say what was some time since the start, which is no reason to warn now."""
    health = sys_tree(tmp_path, "61234\n", flags)
    assert health.read() == PiReading(61.234, under_voltage, throttled)


def test_what_is_not_there_or_cannot_be_read_is_not_known(tmp_path):
    assert PiHealth(tmp_path).read() == PiReading(None, None, None)
    assert sys_tree(tmp_path, "warm", "").read() == PiReading(None, None, None)
