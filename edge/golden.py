"""Golden inputs: held-out pictures that travel in the bundle with what the model answered where it was made.

The test card is arithmetic and tells whether the way through the program is the same; the golden inputs are the parts
themselves, so they tell what another machine's kernels do to real answers. They are kept small (half the size, 8
levels per channel), one under the other in golden.png, which anybody can look at. What is stored is the input: nothing
is resized on the device.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from edge.bundle_files import REMEDY, ShownText, printable
from edge.conventions import Normalization
from edge.errors import BundleError
from edge.interpreter import (
    RUNTIME_MODULES,
    Interpreter,
    TfliteInterpreter,
    input_encoder,
    real_values,
    runtime_version,
)
from edge.pictures import read_picture
from edge.preprocess import InputSpec, preprocess

GOLDEN_FILE = "golden.png"
GOLDEN_COUNT = 12
_MOST_CANDIDATES = 64


class GoldenInput(BaseModel):
    """One input's name, for people, and the real values of the model's output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ShownText
    outputs: tuple[float, ...] = Field(min_length=1)


class Golden(BaseModel):
    """What the inputs in golden.png gave, in their order, and on which runtime (a name of RUNTIME_MODULES)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runtime: ShownText
    runtime_version: ShownText
    inputs: tuple[GoldenInput, ...] = Field(min_length=1, max_length=64)


class LabelledFile(Protocol):
    """A picture file and its class: an item of a data set, or a labelled picture on disk."""

    @property
    def label(self) -> str: ...

    @property
    def path(self) -> Path: ...


_Picture = TypeVar("_Picture", bound=LabelledFile)


def golden_candidates(pictures: Sequence[_Picture]) -> list[_Picture]:
    """Take the first picture of every label, then the second of every label and so on, 64 at most."""
    by_label: dict[str, list[_Picture]] = {}
    for picture in pictures:
        by_label.setdefault(picture.label, []).append(picture)
    rounds = range(max(map(len, by_label.values()), default=0))
    turns = [shelf[turn] for turn in rounds for _, shelf in sorted(by_label.items()) if turn < len(shelf)]
    return turns[:_MOST_CANDIDATES]


def make_golden(
    interpreter: TfliteInterpreter,
    spec: InputSpec,
    pictures: Sequence[LabelledFile],
    normalization: Normalization | None = None,
) -> tuple[Golden, bytes]:
    """Record what `interpreter` answers here to some of `pictures`, and return it with the contents of golden.png.

    Taken are one picture of every label and those that are answered least surely: they show a difference first.
    Raises DataError for a picture that cannot be read.
    """
    candidates = golden_candidates(pictures)
    of_each = min(len({picture.label for picture in candidates}), GOLDEN_COUNT * 2 // 3)
    named = ((_name(picture), read_picture(picture.path)) for picture in candidates)
    return record_golden(interpreter, spec, named, of_each, normalization)


def record_golden(
    interpreter: TfliteInterpreter,
    spec: InputSpec,
    named: Iterable[tuple[str, NDArray[np.uint8]]],
    first: int = 0,
    normalization: Normalization | None = None,
) -> tuple[Golden, bytes]:
    """Record the answers to the `first` of these pictures, (H, W, 3) uint8, and to those answered least surely."""
    names, tiles = zip(*((name, coarse(preprocess(picture, spec))) for name, picture in named), strict=True)
    outputs = [outputs_of(interpreter, unfold(tile, spec), normalization) for tile in tiles]
    chosen = _choose([_margin(one) for one in outputs], first)
    golden = Golden(
        runtime=runtime_name(interpreter.runtime_name),
        runtime_version=runtime_version(interpreter.runtime_name),
        inputs=tuple(GoldenInput(name=names[index], outputs=outputs[index]) for index in chosen),
    )
    return golden, _png(np.concatenate([tiles[index] for index in chosen]))


def _name(picture: LabelledFile) -> str:
    return f"{printable(picture.label)}/{printable(picture.path.name)}"


def coarse(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink a model input, (H, W, C) uint8, to every second pixel and 8 levels from 0 to 255."""
    levels = (np.arange(256) // 32 * 255 // 7).astype(np.uint8)
    return levels[pixels[::2, ::2]]


def unfold(tile: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Return the model input, `spec.shape` uint8, that a tile of golden.png stands for."""
    return tile.repeat(2, axis=0).repeat(2, axis=1)[: spec.height_px, : spec.width_px]


def _margin(outputs: Sequence[float]) -> float:
    """Say how surely one output was answered; a single sigmoid is unsure near a half."""
    if len(outputs) == 1:
        return abs(outputs[0] - 0.5) * 2
    second, best = sorted(outputs)[-2:]
    return best - second


def _choose(margins: Sequence[float], first: int) -> list[int]:
    """Return positions: the `first` ones, then the smallest margins among the others."""
    doubtful = sorted(range(first, len(margins)), key=lambda index: margins[index])
    return [*range(first), *doubtful[: GOLDEN_COUNT - first]]


def _png(sheet: NDArray[np.uint8]) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(sheet if sheet.shape[-1] == 3 else sheet[..., 0]).save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


def golden_inputs(sheet: bytes, count: int, spec: InputSpec, where: str) -> NDArray[np.uint8]:
    """Read the model inputs in golden.png, (count, *spec.shape) uint8. Raises BundleError naming `where`."""
    height, width = (spec.height_px + 1) // 2, (spec.width_px + 1) // 2
    # width and height stand in the header: a picture that would unfold to gigabytes is refused before it does
    size = struct.unpack(">II", sheet[16:24]) if sheet.startswith(b"\x89PNG\r\n\x1a\n") and len(sheet) > 24 else None
    if size != (width, height * count):
        found = "none" if size is None else f"{size[0]} x {size[1]}"
        raise BundleError(f"{where}: expected a PNG of {width} x {height * count} pixels, found {found}; {REMEDY}")
    try:
        with Image.open(io.BytesIO(sheet), formats=("PNG",)) as picture:
            pixels = np.asarray(picture.convert("RGB" if spec.channels == 3 else "L"))
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise BundleError(f"{where}: expected a whole PNG, found a damaged one ({error}); {REMEDY}") from error
    return np.stack([unfold(tile, spec) for tile in pixels.reshape(count, height, width, spec.channels)])


def outputs_of(
    interpreter: Interpreter, pixels: NDArray[np.uint8], normalization: Normalization | None = None
) -> tuple[float, ...]:
    """Return the real values of the model's output for one input, `spec.shape` uint8."""
    stored = interpreter.run(input_encoder(interpreter.input, normalization)(pixels)[np.newaxis])
    return tuple(round(float(value), 6) for value in real_values(stored, interpreter.output).reshape(-1))


def runtime_name(module: str) -> str:
    """Return what users call the runtime that is imported from `module`."""
    return next((name for name, known in RUNTIME_MODULES.items() if known == module), module)
