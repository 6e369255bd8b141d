"""What a run did: counts that add up, purity and recovery per bin, and how exactly the gates moved."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.emulated_belt import Fate, FedPart
from edge.parts import REJECT_BIN, Reason

MATCH_MM = 15.0  # a record and a part this near each other are the same


@dataclass(frozen=True)
class BinCount:
    """right: parts of the bin's classes that ended in it. total: all that did. due: how many were fed."""

    right: int
    total: int
    due: int

    @property
    def purity(self) -> float | None:
        """Share of the bin's contents that belongs there; None for an empty bin."""
        return round(self.right / self.total, 6) if self.total else None

    @property
    def recovery(self) -> float | None:
        """Share of the parts that belong there and got there; None when none was fed."""
        return round(self.right / self.due, 6) if self.due else None


@dataclass(frozen=True)
class LineReport:
    """fed = sorted_right + sorted_wrong + sum of rejected + on_belt. All counts are parts."""

    fed: int
    sorted_right: int
    sorted_wrong: int
    wrong_by_runtime: int
    strays: int
    struck: int
    rejected: Mapping[str, int]
    on_belt: int
    ghosts: int
    bins: Mapping[str, BinCount]

    def as_dict(self) -> dict[str, Any]:
        """Return the counts under the names that `run --json` uses."""
        bins = {
            name: {"purity": one.purity, "recovery": one.recovery, "parts": one.total, "right": one.right}
            for name, one in self.bins.items()
        }
        return {
            "fed": self.fed,
            "sorted_right": self.sorted_right,
            "sorted_wrong": self.sorted_wrong,
            "wrong_by_runtime": self.wrong_by_runtime,
            "strays": self.strays,
            "struck": self.struck,
            "late": self.rejected.get("late", 0),
            "rejected": dict(self.rejected),
            "on_belt": self.on_belt,
            "ghosts": self.ghosts,
            "bins": bins,
        }


def line_report(
    ended: Sequence[tuple[FedPart, Fate]], rows: Sequence[sqlite3.Row], bin_of: Mapping[str, str]
) -> LineReport:
    """Compare what was fed with where it ended and with what the journal says of it.

    wrong_by_runtime: parts that ended elsewhere than their decision says. A part that was at its gate when belt or line
    stopped is given up in the record; it may have just passed into the bin it was meant for, which is no fault.
    strays: parts that nobody decided and that ended in a bin all the same, because they lay so near another part that
    the two were taken for one. struck: parts at a gate while it moved. ghosts: records of parts that were never fed.
    """
    records = records_of([part for part, _ in ended], rows)
    rejected: Counter[str] = Counter()
    right, total, due = Counter[str](), Counter[str](), Counter[str]()
    wrong_by_runtime = strays = 0
    for part, fate in ended:
        if fate.bin is None:
            continue
        row = records.get(part.number)
        given_up = row is not None and row["reason"] in (Reason.BELT, Reason.GATE_CUT)
        meant = row is not None and given_up and fate.bin == bin_of.get(row["label"])
        wrong_by_runtime += row is not None and fate.bin != row["bin"] and not meant
        strays += row is None and fate.bin != REJECT_BIN
        own_bin = bin_of.get(part.label, REJECT_BIN)
        due[own_bin] += 1
        if fate.bin == REJECT_BIN:
            rejected[_why(row)] += 1
            continue
        total[fate.bin] += 1
        right[fate.bin] += fate.bin == own_bin
    return LineReport(
        fed=len(ended),
        sorted_right=right.total(),
        sorted_wrong=total.total() - right.total(),
        wrong_by_runtime=wrong_by_runtime,
        strays=strays,
        struck=sum(fate.struck for _, fate in ended),
        rejected=dict(sorted(rejected.items())),
        on_belt=sum(fate.bin is None for _, fate in ended),
        ghosts=len(rows) - len(records),
        bins={name: BinCount(right[name], total[name], due[name]) for name in sorted(set(bin_of.values()))},
    )


def _why(row: sqlite3.Row | None) -> str:
    if row is None:
        return "unseen"
    return "missed_gate" if row["bin"] != REJECT_BIN else str(row["reason"])


def records_of(parts: Sequence[FedPart], rows: Sequence[sqlite3.Row]) -> dict[int, sqlite3.Row]:
    """Pair each record with the nearest part that has none yet, the closest pairs first."""
    marks = np.array([part.mark_mm for part in parts])
    pairs = []
    for index, row in enumerate(rows):
        for near in np.flatnonzero(np.abs(marks - row["mark_mm"]) <= MATCH_MM).tolist():
            distance = abs(marks[near] - row["mark_mm"]) + abs(parts[near].y_mm - row["y_mm"])
            pairs.append((float(distance), index, near))
    records: dict[int, sqlite3.Row] = {}
    used: set[int] = set()
    for _, index, near in sorted(pairs):
        if index not in used and parts[near].number not in records:
            records[parts[near].number] = rows[index]
            used.add(index)
    return records


def error_percentiles(errors_ms: Sequence[float] | NDArray[np.float64]) -> dict[str, float | None]:
    """Return the median, the 99th percentile and the largest; None where there is nothing to measure."""
    if not len(errors_ms):
        return {"p50": None, "p99": None, "max": None}
    p50, p99 = np.percentile(errors_ms, [50, 99])
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "max": round(float(np.max(errors_ms)), 3)}


def report_text(report: LineReport, gate_error: Mapping[str, float | None], *, exact_clock: bool) -> str:
    """Say the same for a person."""
    rejected = ", ".join(f"{reason} {count}" for reason, count in report.rejected.items()) or "none"
    lines = [
        f"fed               {report.fed:6d}",
        f"sorted right      {report.sorted_right:6d}",
        f"sorted wrong      {report.sorted_wrong:6d}   ({report.wrong_by_runtime} by the runtime, "
        f"{report.strays} beside another part)",
        f"rejected          {sum(report.rejected.values()):6d}   ({rejected})",
        f"on the belt       {report.on_belt:6d}",
        f"struck            {report.struck:6d}   (at a gate while it moved; counted above as well)",
        "",
        f"{'bin':<16}{'parts':>7}{'purity':>9}{'recovery':>10}",
    ]
    for name, one in report.bins.items():
        lines.append(f"{name:<16}{one.total:>7}{_percent(one.purity):>9}{_percent(one.recovery):>10}")
    return "\n".join([*lines, "", gate_line(gate_error, exact_clock=exact_clock)])


def gate_line(gate_error: Mapping[str, float | None], *, exact_clock: bool) -> str:
    """Say the gate timing error for a person."""
    if gate_error["p50"] is None:
        return "gate timing error: no gate moved"
    figures = ", ".join(f"{name} {value:.3f} ms" for name, value in gate_error.items())
    note = " (exact by construction on the manual clock; run without --fast to measure)" if exact_clock else ""
    return f"gate timing error: {figures}{note}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
