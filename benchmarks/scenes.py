"""The finder on whole photographs with boxes: which parts it finds, and what becomes of those that touch.

    python benchmarks/scenes.py FOLDER [--contrast N] [--mm-per-px X] [--only PREFIX] [--save DIR]

FOLDER holds boxes.csv (frame, class, xmin, ymin, xmax, ymax) and frames/. A photograph comes without a picture of its
empty ground, so the ground is estimated from the photograph itself: the median of windows of WINDOW_PX, which the
finder then learns like an empty belt. Seams, borders of a mat and stains stay in the difference, which they would not
on a belt whose empty picture is known. The contrast is 5 robust deviations of the ground's texture, where a machine
file would name it. The scale is unknown as well; --mm-per-px sets what the finder's millimetres mean.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from edge.background import LEARN_FRAMES
from edge.finder import Finder, FinderSettings
from edge.parts import Frame, Sighting
from edge.pictures import read_picture

BLOCK_PX, WINDOW_PX = 16, 240
LEAST_CONTRAST = 40
SEPARATE_PX = 8  # of ground between a part's box and every other box
SAME = 0.5  # intersection over union from which a found box is a part's

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Found:
    """A sighting's box in pixels. trusted: the line would not reject it for its shape or for the picture's border."""

    box: Box
    trusted: bool


def ground(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Estimate the empty ground of a photograph, (H, W, 3) uint8, by the median round every block."""
    height, width = (side // BLOCK_PX * BLOCK_PX for side in image.shape[:2])
    blocks = image[:height, :width].reshape(height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX, 3)
    small = np.median(blocks, axis=(1, 3))
    reach = WINDOW_PX // BLOCK_PX // 2
    padded = np.pad(small, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1), axis=(0, 1))
    smooth = np.median(windows, axis=(3, 4)).astype(np.uint8)
    return np.asarray(Image.fromarray(smooth).resize(image.shape[1::-1], Image.Resampling.BICUBIC))


def contrast_for(image: NDArray[np.uint8]) -> int:
    """Return how many grey levels stand out of a ground's own texture: 5 robust deviations, LEAST_CONTRAST at least."""
    apart = np.abs(image.astype(np.int16) - ground(image)).max(axis=2)
    return max(LEAST_CONTRAST, round(5 * 1.4826 * float(np.median(apart))))


def find(image: NDArray[np.uint8], settings: FinderSettings) -> list[Found] | None:
    """Teach a finder the estimated ground and find what lies on it."""
    finder = Finder(settings)
    empty = ground(image)
    for number in range(LEARN_FRAMES):
        finder.find(Frame(empty, 0.1 * number, number))
    sightings = finder.find(Frame(image, 1.0, LEARN_FRAMES))
    return None if sightings is None else [_found(one, image.shape, settings.mm_per_px) for one in sightings]


def _found(sighting: Sighting, shape: tuple[int, ...], scale: float) -> Found:
    x, y = sighting.x_mm / scale + shape[1] / 2, sighting.y_mm / scale + shape[0] / 2
    half_x, half_y = sighting.length_mm / scale / 2, sighting.width_mm / scale / 2
    shape_of = sighting.outline.shape if sighting.outline else None
    doubted = sighting.several or sighting.cut_sideways or not sighting.whole or bool(shape_of and shape_of.waisted)
    return Found((x - half_x, y - half_y, x + half_x, y + half_y), not doubted)


def overlap(one: Box, other: Box) -> float:
    """Return intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0) * max(height, 0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both)


def gap(one: Box, other: Box) -> float:
    """Return the free pixels between two boxes; negative where they overlap."""
    return max(one[0] - other[2], other[0] - one[2], one[1] - other[3], other[1] - one[3])


def holds_middle(outer: Box, inner: Box) -> bool:
    """Whether the middle of one box is in another."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def judge(parts: list[Box], found: list[Found], counts: Counter[str]) -> None:
    """Count what became of every part of one photograph, and what was found where none is."""
    for index, part in enumerate(parts):
        near = any(gap(part, other) < SEPARATE_PX for at, other in enumerate(parts) if at != index)
        kind = "near another" if near else "separate"
        counts[f"{kind}: parts"] += 1
        own = max(found, key=lambda one: overlap(one.box, part), default=None)
        if own is not None and overlap(own.box, part) >= SAME and _alone(own, parts):
            counts[f"{kind}: {'found' if own.trusted else 'found, doubted'}"] += 1
        elif any(holds_middle(one.box, part) and not one.trusted for one in found):
            counts[f"{kind}: in something doubted"] += 1
        elif any(holds_middle(one.box, part) and not _alone(one, parts) for one in found):
            counts[f"{kind}: in a joined one that is trusted"] += 1
        else:
            counts[f"{kind}: missed"] += 1
    trusted = [one for one in found if one.trusted]
    right = [one for one in trusted if any(overlap(one.box, part) >= SAME for part in parts) and _alone(one, parts)]
    counts["trusted sightings"] += len(trusted)
    counts["trusted sightings of one part"] += len(right)


def _alone(found: Found, parts: list[Box]) -> bool:
    return sum(holds_middle(found.box, part) for part in parts) <= 1


def read_boxes(folder: Path) -> dict[str, list[Box]]:
    """Read boxes.csv: the boxes of every frame."""
    boxes: dict[str, list[Box]] = defaultdict(list)
    with (folder / "boxes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            boxes[row["frame"]].append(tuple(float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax")))  # type: ignore[arg-type]
    return dict(boxes)


def draw(image: NDArray[np.uint8], parts: list[Box], found: list[Found], path: Path) -> None:
    """Save the photograph with its parts in white, what is trusted in green, what is doubted in red."""
    picture = Image.fromarray(image)
    pen = ImageDraw.Draw(picture)
    for part in parts:
        pen.rectangle(part, outline="white")
    for one in found:
        pen.rectangle(one.box, outline="lime" if one.trusted else "red", width=2)
    picture.save(path)


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--contrast", type=int, help="Grey levels; by default what the ground itself asks for.")
    parser.add_argument("--mm-per-px", type=float, default=0.3)
    parser.add_argument("--only", default="", help="Only the frames whose names begin so.")
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for name, parts in sorted(read_boxes(options.folder).items()):
        if not name.startswith(options.only):
            continue
        image = read_picture(options.folder / "frames" / name)
        contrast = options.contrast or contrast_for(image)
        found = find(image, FinderSettings(mm_per_px=options.mm_per_px, contrast=contrast))
        counts["photographs"] += 1
        counts["photographs not trusted"] += found is None
        judge(parts, found or [], counts)
        if options.save:
            options.save.mkdir(parents=True, exist_ok=True)
            draw(image, parts, found or [], options.save / f"{Path(name).stem}.png")
    for name, count in sorted(counts.items()):
        print(f"{name:<50}{count:>6}")
    recall = (counts["separate: found"] + counts["separate: found, doubted"]) / max(counts["separate: parts"], 1)
    precision = counts["trusted sightings of one part"] / max(counts["trusted sightings"], 1)
    print(f"separate parts found {recall:.1%}, precision of what is trusted {precision:.1%}")


if __name__ == "__main__":
    main()
