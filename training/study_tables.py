"""The tables of a study, as text for a terminal and as CSV."""

from __future__ import annotations

import csv
import io

from training.page import percent
from training.study_progress import duration
from training.study_results import RecipeResult, Results

_COLUMNS = (
    "recipe",
    "runs",
    "mean",
    "deviation",
    "95 % interval",
    "min",
    "max",
    "macro F1",
    "parameters",
    "MACs",
    "a run's epochs",
)


def recipes_table(results: Results) -> str:
    """Return a row per recipe, aligned. MACs: multiply-accumulates per picture. The last: seconds, without start-up."""
    rows = [_COLUMNS, *(_row(one) for one in results.recipes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(cells))
        for cells in (list(zip(row, widths, strict=True)) for row in rows)
    )


def runs_csv(results: Results) -> str:
    """Return a row per finished run, seed by seed."""
    rows = [results.row(run) for run in results.study.finished]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def large(count: int | None) -> str:
    """Show a large count with three digits and its unit, as networks are spoken of."""
    if count is None:
        return "\N{EN DASH}"
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            value = count / size
            return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"
    return str(count)


def _row(one: RecipeResult) -> tuple[str, ...]:
    found = one.accuracy
    return (
        one.name,
        str(found.runs),
        percent(found.mean),
        percent(found.deviation),
        f"{percent(found.interval[0])} to {percent(found.interval[1])}" if found.interval else "\N{EN DASH}",
        percent(one.lowest),
        percent(one.highest),
        percent(one.macro_f1),
        large(one.cost.parameters if one.cost else None),
        large(one.cost.multiply_accumulates if one.cost else None),
        duration(one.seconds),
    )
