"""Metrics for the tests of what is built on them: a line that has done a little of everything; Prometheus' tools."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from edge.line_view import LineBook
from edge.metrics import metrics_text
from edge.spread import SpreadCounter
from edge.states import State
from tests.edge import told_lines as made

PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (apt install prometheus)")
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed (apt install prometheus)")


def spread(*took_ms):
    counter = SpreadCounter()
    for one in took_ms:
        counter.add(one)
    return counter.spread()


def book(parts=7, *, at=109.0, state=State.HELD):
    """Return what was told of a line that has seen some parts."""
    seen = LineBook(made.facts(version="0.1.0"))
    incident, standing = made.jam(105.0)
    seen.hear(incident)
    seen.hear(replace(made.condition(at, state, [standing]), full_bins=("nut",)))
    totals = replace(
        made.totals(at, parts=parts, frames=13 * parts),
        by_bin={"coin": parts, "reject": parts},
        by_reason={"sorted": parts, "crowded": parts},
        given_up_of={"coin": parts // 3},
        given_up_for={"belt": parts // 3},
        incidents={"jam": parts // 2},
        latency=spread(*[12.0, 30.0] * parts),
        gate_error=spread(*[0.05, 0.4] * parts),
        belt_mm_s=149.0,
    )
    seen.hear(totals)
    return seen


def text_of(seen, at=109.5):
    return metrics_text(seen.view(at))[0].decode()
