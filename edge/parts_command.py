"""`edge-sort parts`: a folder of labelled pictures to train on, before there is a camera."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

_SHEET_COLUMNS = 12
_SHEET_MARGIN_PX = 72


@click.command("parts")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--count", type=click.IntRange(1, 100_000), default=40, show_default=True, help="Pictures per class.")
@click.option("--size", type=click.IntRange(32, 1024), default=128, show_default=True, help="Side of a picture, px.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same pictures.")
@click.option("--labels", help="Only these classes, separated by commas.  [default: all seven]")
def parts_command(out: Path, count: int, size: int, seed: int, labels: str | None) -> None:
    """Render labelled pictures of small parts into OUT, a folder per class.

    OUT must be new or empty. OUT/sheet.png shows the first pictures of each class at a glance.
    """
    chosen = _chosen_labels(labels)
    write_parts(out, chosen, count=count, size_px=size, seed=seed)
    for label in chosen:
        click.echo(f"{label:>12}  {count} pictures  {out / label}")
    click.echo(f"{count * len(chosen)} pictures of {size} x {size} px, seed {seed}; at a glance: {out / 'sheet.png'}")


def write_parts(out: Path, labels: tuple[str, ...], *, count: int, size_px: int, seed: int) -> None:
    """Write out/LABEL/LABEL_00000.png and so on, and out/sheet.png; the whole folder or nothing.

    A picture depends on seed, label, number and size alone: more pictures or other labels leave
    it as it was. Raises DataError when `out` holds anything or cannot be written.
    """
    from edge.durable import whole_folder

    try:
        with whole_folder(out) as draft:
            _write_pictures(draft, labels, count, size_px, seed)
    except OSError as error:
        raise DataError(
            f"{out}: expected a place to write {count * len(labels)} pictures, found: {error.strerror or error}; "
            "choose a folder you may write to, on a disk with room"
        ) from error


def _chosen_labels(labels: str | None) -> tuple[str, ...]:
    from edge.render import PART_LABELS

    if labels is None:
        return PART_LABELS
    wanted = tuple(dict.fromkeys(label.strip() for label in labels.split(",")))
    for label in wanted:
        if label not in PART_LABELS:
            raise click.BadParameter(
                f"expected labels out of {', '.join(PART_LABELS)}, found {label!r}; name them separated by commas",
                param_hint="--labels",
            )
    return wanted


def _write_pictures(folder: Path, labels: tuple[str, ...], count: int, size_px: int, seed: int) -> None:
    import numpy as np
    from PIL import Image

    from edge.render import PART_LABELS, render_picture

    rows: list[list[Image.Image]] = []
    with click.progressbar(length=count * len(labels), label="Rendering", file=sys.stderr) as bar:
        for label in labels:
            (folder / label).mkdir()
            rows.append([])
            for number in range(count):
                rng = np.random.default_rng([seed, PART_LABELS.index(label), number])
                picture = Image.fromarray(render_picture(label, rng, size_px))
                picture.save(folder / label / f"{label}_{number:05d}.png")
                if number < _SHEET_COLUMNS:
                    rows[-1].append(picture)
                bar.update(1)
    _sheet(labels, rows, size_px).save(folder / "sheet.png")


def _sheet(labels: tuple[str, ...], rows: list[list[Image.Image]], size_px: int) -> Image.Image:
    """Lay pictures out, a row per class with its name in front."""
    from PIL import Image, ImageDraw

    sheet = Image.new("RGB", (_SHEET_MARGIN_PX + size_px * len(rows[0]), size_px * len(rows)), "white")
    pen = ImageDraw.Draw(sheet)
    for index, (label, row) in enumerate(zip(labels, rows, strict=True)):
        pen.text((6, index * size_px + size_px // 2 - 6), label, fill="black")
        for column, picture in enumerate(row):
            sheet.paste(picture, (_SHEET_MARGIN_PX + column * size_px, index * size_px))
    return sheet
