"""The report of a refused model: beside where its bundle would be, and nothing with it that could be shipped."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from edge.durable import whole_file
from edge.errors import DataError
from quantize.judge import Judgement, Refusal
from quantize.report import report_json, report_page
from training.dataset import Item

PAGE, FACTS = "report.html", "report.json"


def refused_place(out: Path) -> Path:
    """Return the folder for the report of a refused model whose bundle would be `out`."""
    return out.with_name(f"{out.name}-refused")


def require_replaceable(out: Path) -> None:
    """Raise DataError when that folder holds anything but the report of an earlier refusal."""
    place = refused_place(out)
    if not place.exists() and not place.is_symlink():
        return
    strangers = sorted({path.name for path in place.iterdir()} - {PAGE, FACTS}) if place.is_dir() else [place.name]
    if strangers:
        raise DataError(
            f"{place}: expected room for a report there, in case the model is refused, found {strangers[0]!r}; move it "
            "away, or choose another --out"
        )


def write_refused(out: Path, judgement: Judgement, items: Sequence[Item], refusal: Refusal) -> Path:
    """Write the report in place of that of an earlier refusal, and return its folder. items: the test pictures."""
    place = refused_place(out)
    report = {
        FACTS: report_json(judgement, refusal=refusal),
        PAGE: report_page(judgement, items, refusal=refusal),
    }
    for name, text in report.items():
        with whole_file(place / name, replace=True) as file:
            file.write(text.encode())
    return place


def forget_refused(out: Path) -> None:
    """Take away the report of an earlier refusal once the bundle is there; what else lies in its folder stays."""
    place = refused_place(out)
    if place.is_symlink():
        return
    for name in (PAGE, FACTS):
        (place / name).unlink(missing_ok=True)
    with suppress(OSError):  # not there, or not empty
        place.rmdir()
