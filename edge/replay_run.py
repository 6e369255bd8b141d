"""Run the sorter on a recording again: the same frames at the same moments give the same decisions, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.belt import Belt, FixedSpeedBelt
from edge.bundle import Bundle
from edge.camera_kinds import Tell, open_camera
from edge.clocks import ManualClock
from edge.errors import EdgeSortError, MachineError
from edge.journal_report import ShiftReport, run_report
from edge.line import OnOutcome, build_sorter, check_labels, line_model, run_line
from edge.line_journal import line_journal
from edge.machine import Machine
from edge.pretend_gates import pretend_gates
from edge.recording import Recording


@dataclass(frozen=True)
class Replay:
    """What the journal says of a recording that was sorted, and why that ended. error: what ended it."""

    report: ShiftReport
    because: str
    error: EdgeSortError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `run --replay --json` uses."""
        error = str(self.error) if self.error else None
        return {**self.report.as_dict(), "ended_because": self.because, "error": error}


def replay_run(
    bundle: Bundle,
    machine: Machine,
    recording: Path,
    journal_path: Path | None,
    watch: Callable[[Machine, Belt], OnOutcome],
    tell: Tell,
    *,
    report_errors: bool = False,
) -> Replay:
    """Sort a recording on pretend pins and on the manual clock, on which computing takes no time.

    report_errors: return an error that ends the sorting, in `error`, with what was sorted; else it is raised. Raises
    EdgeSortError's children.
    """
    check_labels(machine, bundle.labels)
    if machine.finder.source != "picture":
        raise MachineError(
            f"finder.source: expected 'picture' to sort a recording, which holds no edges of a photo-eye, found "
            f"{machine.finder.source!r}; change it in a copy of the machine file"
        )
    if machine.belt.kind != "fixed":
        tell(f"the encoder is not in the recording: the belt is taken to go at {machine.belt.speed_mm_s:g} mm/s")
    camera_table = machine.camera.model_copy(update={"kind": "recording", "folder": recording})
    replayed = machine.model_copy(update={"camera": camera_table})
    started_s = Recording(recording).frames[0].had_at_s
    model, clock = line_model(bundle), ManualClock(started_s)
    with (
        closing(open_camera(replayed, clock, tell)) as camera,
        closing(pretend_gates(machine, clock)) as gates,
        closing(
            line_journal(
                journal_path,
                machine,
                model.labels,
                bundle_sha256=bundle.digest,
                clock="manual",
                started_s=started_s,
            )
        ) as journal,
    ):
        belt = FixedSpeedBelt(machine.belt.speed_mm_s)
        sorter = build_sorter(machine, model, belt=belt, gates=gates, journal=journal, clock=clock)
        because, failure = "error", None
        try:
            because = run_line(sorter, camera, gates, journal, watch(machine, belt))
        except EdgeSortError as error:
            if not report_errors:
                raise
            failure = error
        return Replay(run_report(journal), because, failure)
