"""A line inside the emulated Pi: how it is started, what it has written down, and whether its gates rest."""

from __future__ import annotations

import json
from typing import Any

from tests.emulated_pi.machine import EmulatedPi

BUNDLE = "/usr/lib/python3/dist-packages/edge/data/bundle"
RUN = ("edge-sort", "run", "--bundle", BUNDLE, "--machine")
PINS = {"round": 17, "long": 27, "machined": 22}  # of line.toml
REST = {17: False, 27: False, 22: True}  # "machined" is low when away
LONG_S = 240.0
FALLS_WITHIN_S = 30.0


def at_rest(pi: EmulatedPi) -> bool:
    """Whether every gate's pin is where it is unpowered: at rest, or let go."""
    return {pin: pi.monitor.level(pin) for pin in REST} == REST


def rows(pi: EmulatedPi, journal: str) -> list[dict[str, Any]]:
    """The parts of a journal inside, and what became of them."""
    done = pi.run("edge-sort", "journal", "export", journal, "--format", "jsonl", timeout_s=LONG_S)
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]
