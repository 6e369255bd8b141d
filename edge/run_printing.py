"""What `edge-sort run` says while a line runs, and at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge.said import PassingWords, say

if TYPE_CHECKING:
    from edge.belt import Belt
    from edge.line import OnOutcome
    from edge.machine import Machine
    from edge.parts import Frame
    from edge.run_machine import MachineRun
    from edge.sorter import Outcome


_beside = PassingWords(err=True)


def tell(line: str) -> None:
    """Say what is to be known, beside what was asked for."""
    _beside.say(line)


def report(run: MachineRun) -> None:
    """Say how a line on a machine went."""
    from edge.line_report import gate_line

    for name, count in run.bins.items():
        say(f"{name:<16}{count:>7}")
    say("rejected: " + (", ".join(f"{why} {count}" for why, count in run.rejected.items()) or "none"))
    say(gate_line(run.gate_error, exact_clock=False))
    say(run.summary.sentences())


def watchers(save_frames: Path | None, *, quiet: bool) -> Callable[[Machine, Belt], OnOutcome]:
    """Return what makes a line's watcher."""
    return lambda machine, belt: _watcher(machine, belt, save_frames, quiet=quiet)


def _watcher(machine: Machine, belt: Belt, save_frames: Path | None, *, quiet: bool) -> OnOutcome:
    """Print each decision, and save its frame, as wanted."""
    from edge.overlay import FrameSaver

    saver = FrameSaver(save_frames, belt, machine.camera.mm_per_px) if save_frames else None

    words = PassingWords()

    def watch(frame: Frame | None, outcomes: list[Outcome]) -> None:
        for outcome in () if quiet else outcomes:
            words.say(_line(outcome))
        if saver is not None and frame is not None and outcomes:
            saver.save(frame, outcomes)

    return watch


def _line(outcome: Outcome) -> str:
    decision = outcome.decision
    why = "" if decision.reason == "sorted" else f" ({decision.reason})"
    return f"part {outcome.track.number:>5}  {decision.label:<14} {decision.score:.3f}  -> {decision.bin}{why}"
