"""The words that a Pico which sorts by itself is told of with, and what stands on its port."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from edge.errors import GateError
from firmware_bridge.codes import Verdict
from firmware_bridge.mcu_command import mcu_command
from firmware_bridge.messages import Judged
from firmware_bridge.sorter_facts import SorterFacts
from firmware_bridge.sorter_feed import Fate
from firmware_bridge.sorter_run import _require_sorter, told

FACTS = SorterFacts.model_validate(
    {
        "labels": ("coin", "key"),
        "input": {"width_px": 24, "height_px": 24},
        "gates": (
            {"name": "coins", "bin": "coins", "pin": 2, "active_high": True, "opens_us": 530_000, "closes_us": 730_000},
        ),
        "eye_pin": 20,
        "eye_active_high": True,
        "estop_pin": None,
        "estop_closed_high": False,
        "start_pin": None,
        "start_active_high": False,
        "part_ms": 70.0,
        "pitch_ms": 400.0,
        "baud": 115_200,
    }
)


def fate(verdict, *, label=0, score=65_535, opened=None, missed=False):
    """The fate of part 7, whose picture was due just before the counter wraps."""
    judged = Judged(7, label, score, verdict, 0 if verdict is Verdict.SORTED else 255, 480_000)
    return Fate(7, "seven.png", 2**32 - 50_000, judged, opened, None, missed)


def test_a_sorted_part_is_told_with_its_moment():
    """Over the wrap of the board's counter."""
    one = told(fate(Verdict.SORTED, opened=480_000), FACTS)
    assert one.sentence == "part 7    seven.png: coin 1.000 -> coins (sorted, gate open 530.000 ms after the picture)"


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (fate(Verdict.CROWDED, score=32_768), "coin 0.500 -> reject (crowded)"),
        (fate(Verdict.UNCLASSIFIED, label=255, score=0), "no picture -> reject (unclassified)"),
        (fate(Verdict.SORTED, missed=True), "coin 1.000 -> reject (missed)"),
    ],
)
def test_what_is_not_sorted_goes_to_reject_with_its_reason(one, words):
    """An opening that was planned and not made as well."""
    assert words in told(one, FACTS).sentence


def test_a_gate_controller_on_the_port_is_no_sorter():
    """It says which firmware is missing."""
    with pytest.raises(GateError, match=r"found edge-sort's gate controller \(rp2040\) at /dev/x; put sorter\.uf2"):
        _require_sorter("rp2040", "/dev/x")
    _require_sorter("sorter", "/dev/x")


def test_feed_needs_a_port_or_an_emulated_pico():
    """One of the two."""
    for words in ([], ["--port", "/dev/x", "--emulate"]):
        done = CliRunner().invoke(mcu_command, ["feed", "folder", "one.png", *words])
        assert done.exit_code == 2
        assert "--emulate where there is none" in done.output
