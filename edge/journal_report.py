"""What a journal says of a shift: counts, rates, how exactly the gates moved, and what audits say of purity."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edge.counted import counted
from edge.journal import Journal
from edge.journal_read import Period, Run, bounds_s, read_runs
from edge.journal_states import seconds_in_states
from edge.line_report import error_percentiles
from edge.parts import REJECT_BIN
from edge.wilson import Share

_WHERE = "run = ? AND decided_s >= ? AND decided_s < ?"
_DECISIONS = f"SELECT bin, reason, count(*) FROM parts WHERE {_WHERE} GROUP BY 1, 2"
_SPAN = f"SELECT max(decided_s) - min(first_seen_s) FROM parts WHERE {_WHERE}"
_CONFIRMATIONS = (
    f"SELECT confirmation, count(*) FROM parts WHERE {_WHERE} AND confirmation IS NOT NULL GROUP BY 1 ORDER BY 1"
)
_INCIDENTS = "SELECT kind, count(*) FROM incidents WHERE run = ? AND at_s >= ? AND at_s < ? GROUP BY 1 ORDER BY 1"
_CORRECTED = (
    f"SELECT count(*) FROM parts WHERE {_WHERE} AND EXISTS "
    "(SELECT 1 FROM corrections AS c WHERE c.run = parts.run AND c.part = parts.part)"
)
_AUDITS = (
    "SELECT parts.bin, (SELECT c.label FROM corrections AS c WHERE c.run = parts.run AND c.part = parts.part "
    f"ORDER BY c.correction DESC LIMIT 1) FROM parts WHERE {_WHERE} AND sampled = 1"
)
# a gate held open for the next part opens once and closes once: the rows of both parts have the same closing
_ERRORS = (
    "SELECT 1000 * abs(min(opened_s) - min(opens_s)), 1000 * abs(closed_s - max(closes_s)) "
    f"FROM parts WHERE {_WHERE} AND gate IS NOT NULL GROUP BY gate, coalesce(closed_s, -part)"
)
_NOT_MOVED = f"SELECT count(*) FROM parts WHERE {_WHERE} AND gate IS NOT NULL AND coalesce(opened_s, closed_s) IS NULL"


@dataclass(frozen=True)
class ShiftReport:
    """span_s: from the first part seen to the last decided, summed over the runs. corrected: parts with a correction.

    gate_error_ms: percentiles of |actual - scheduled| over `moves` openings and closings, None of none; not_moved:
    parts whose gate was never seen away. states_s: how long the line was in each state. purity: bin -> of the
    audited parts in it, those that belong there. recovery: bin -> of the audited parts that belong there, those in it.
    Only parts drawn beforehand count as audited, so that neither is biased by which parts somebody looked at.
    """

    runs: int
    parts: int
    bins: dict[str, int]
    rejected: dict[str, int]
    span_s: float
    moves: int
    gate_error_ms: dict[str, float | None]
    not_moved: int
    confirmations: dict[str, int]
    incidents: dict[str, int]
    states_s: dict[str, float]
    corrected: int
    audited: int
    purity: dict[str, Share]
    recovery: dict[str, Share]

    @property
    def per_min(self) -> float | None:
        """Parts a minute over the span; None without one."""
        return round(60 * self.parts / self.span_s, 3) if self.span_s > 0 else None

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `journal report --json` uses."""
        shares = {
            "purity": {name: share.as_dict() for name, share in self.purity.items()},
            "recovery": {name: share.as_dict() for name, share in self.recovery.items()},
        }
        return {**asdict(self), **shares, "parts_per_min": self.per_min}


def shift_report(db: sqlite3.Connection, runs: Sequence[Run], period: Period) -> ShiftReport:
    """Sum up the parts of these runs in the period. What it keeps in memory is 8 bytes for each move of a gate."""
    keys = [(run.run, *bounds_s(run, period)) for run in runs]
    decisions = list(_all(db, _DECISIONS, keys))
    audits = [
        (row[0], run.bins.get(row[1], REJECT_BIN))
        for run, key in zip(runs, keys, strict=True)
        for row in db.execute(_AUDITS, key)
        if row[1] is not None
    ]
    errors = np.fromiter(gate_errors_ms(db, runs, period), dtype=np.float64)
    purity, recovery = audited_shares(audits)
    return ShiftReport(
        runs=len(runs),
        parts=sum(row[2] for row in decisions),
        bins=_counts((row[0], row[2]) for row in decisions),
        rejected=_counts((row[1], row[2]) for row in decisions if row[0] == REJECT_BIN),
        span_s=round(sum(row[0] or 0.0 for row in _all(db, _SPAN, keys)), 3),
        moves=len(errors),
        gate_error_ms=error_percentiles(errors),
        not_moved=sum(row[0] for row in _all(db, _NOT_MOVED, keys)),
        confirmations=_counts(_all(db, _CONFIRMATIONS, keys)),
        incidents=_counts(_all(db, _INCIDENTS, keys)),
        states_s=seconds_in_states(db, keys),
        corrected=sum(row[0] for row in _all(db, _CORRECTED, keys)),
        audited=len(audits),
        purity=purity,
        recovery=recovery,
    )


def run_report(journal: Journal) -> ShiftReport:
    """Sum up the run that a journal is being written for."""
    period = Period(runs=(journal.run,))
    return shift_report(
        journal.database, [run for run in read_runs(journal.database) if run.run == journal.run], period
    )


def gate_errors_ms(db: sqlite3.Connection, runs: Sequence[Run], period: Period) -> Iterator[float]:
    """Yield |actual - scheduled| of every opening and closing of a gate, in milliseconds.

    A part given up at its open gate has no due moment any more.
    """
    for run in runs:
        for row in db.execute(_ERRORS, (run.run, *bounds_s(run, period))):
            yield from (error for error in row if error is not None)


def audited_shares(audits: Sequence[tuple[str, str]]) -> tuple[dict[str, Share], dict[str, Share]]:
    """Return purity and recovery per bin. audits: (the bin a part went to, the bin it belongs to)."""
    right = Counter(went for went, belongs in audits if went == belongs)
    held, due = Counter(went for went, _ in audits), Counter(belongs for _, belongs in audits)
    purity = {name: Share(right[name], held[name]) for name in sorted(held) if name != REJECT_BIN}
    recovery = {name: Share(right[name], due[name]) for name in sorted(due) if name != REJECT_BIN}
    return purity, recovery


def report_text(report: ShiftReport) -> str:
    """Say it for a person."""
    rate = f"{report.per_min:.1f} a minute" if report.per_min is not None else "no rate"
    lines = [
        f"{counted(report.parts, 'part')} in {counted(report.runs, 'run')}, {report.span_s / 60:.1f} minutes: {rate}",
        "",
    ]
    lines.append(f"{'bin':<16}{'parts':>8}  {'purity (audited)':<30}{'recovery (audited)'}")
    for name in sorted({*report.bins, *report.purity, *report.recovery}):
        purity, recovery = _share(report.purity.get(name)), _share(report.recovery.get(name))
        lines.append(f"{name:<16}{report.bins.get(name, 0):>8}  {purity:<30}{recovery}")
    lines += ["", f"rejected: {_listed(report.rejected)}", _timing(report)]
    if report.confirmations:
        lines.append(f"behind the gates: {_listed(report.confirmations)}")
    lines.append(f"incidents: {_listed(report.incidents)}")
    if report.states_s:
        lines.append(f"states: {', '.join(f'{name} {took_s:.1f} s' for name, took_s in report.states_s.items())}")
    lines.append(f"corrected by hand: {report.corrected}, of which {report.audited} had been drawn to be audited")
    return "\n".join(lines)


def _timing(report: ShiftReport) -> str:
    if not report.moves:
        return f"gate timing error: no gate moved ({counted(report.not_moved, 'opening')} planned)"
    figures = ", ".join(f"{name} {value:.3f} ms" for name, value in report.gate_error_ms.items())
    never = f"{counted(report.not_moved, 'opening')} never seen"
    return f"gate timing error: {figures} over {counted(report.moves, 'move')}; {never}"


def _share(share: Share | None) -> str:
    if share is None or not share.total:
        return "-"
    low, high = share.interval
    return f"{share.right} of {share.total}: {low:.1%} to {high:.1%}"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _all(db: sqlite3.Connection, statement: str, keys: Sequence[tuple[int, float, float]]) -> Iterator[sqlite3.Row]:
    for key in keys:
        yield from db.execute(statement, key)


def _counts(pairs: Iterator[Any]) -> dict[str, int]:
    counts = Counter[str]()
    for name, count in pairs:
        counts[name] += count
    return dict(sorted(counts.items()))
