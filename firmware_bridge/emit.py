"""A network as one C99 source and one header. The same model gives the same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.arena import Arena, needs_of, plan_arena
from firmware_bridge.c_text import array, comment, kernel, quoted
from firmware_bridge.emit_layers import Written, needs_wide, outside_name, write_layer
from firmware_bridge.layers import Network
from firmware_bridge.scoring import Scoring

# the order in which kernels stand in the source: what is used comes first
_KERNELS = (
    "scaled", "clamped", "place", "narrow", "wide", "weighted", "taps", "convolution", "depthwise", "multiplied", "addition",
    "mean", "pool", "lookup", "padding", "joining", "softmax",
)  # fmt: skip
# a compiler that puts a copy of a kernel into each call makes the program much larger and hardly quicker
_ONCE = """#if defined(__GNUC__)
#define KERNEL static __attribute__((noinline))
#else
#define KERNEL static
#endif

"""


@dataclass(frozen=True)
class Source:
    """What is written as C.

    encoding: (1 or channels, 256) int8, the stored value for each pixel value, the network's `entry` counted in.
    shape: (height, width, channels) of the picture. origin: what the model is, for the comment at the top.
    """

    name: str
    network: Network
    encoding: NDArray[np.int8] = field(repr=False)
    shape: tuple[int, int, int]
    labels: tuple[str, ...]
    scoring: Scoring
    origin: str


@dataclass(frozen=True)
class Emitted:
    """The two texts, and what the constants and the arena take in bytes."""

    source: str
    header: str
    constant_bytes: int
    arena_bytes: int


def emit(source: Source) -> Emitted:
    """Return the C of a model."""
    arena = plan_arena(needs_of(source.network))
    wide = needs_wide(source.network.layers)
    written = [write_layer(layer, number, wide) for number, layer in enumerate(source.network.layers)]
    parts = [
        _head(source, arena),
        _kernels(written),
        _outside(written),
        *(comment(layer.title) + one.constants for layer, one in zip(source.network.layers, written, strict=True)),
        _arena(source, arena),
        _entering(source),
        _answering(source),
        _run(source, arena, written),
    ]
    text = "\n".join(part for part in parts if part)
    return Emitted(text, _header(source), _constant_bytes(source), arena.size)


def _head(source: Source, arena: Arena) -> str:
    values = sum(source.network.sizes[buffer] for buffer in source.network.sizes)
    return (
        comment(
            f"{source.origin} Written by edge-sort export: C99, no library, no allocation; its answers are those of "
            f"TensorFlow Lite's reference kernels, byte for byte. {arena.size} bytes of memory hold the {values} bytes "
            "of all layers' values, each while it is needed."
        )
        + f'#include "{source.name}.h"\n\n#include <limits.h>\n\n'
        + _ONCE
        + '#if INT_MAX < 2147483647\n#error "an int of 32 bits is needed"\n#endif\n'
    )


def _kernels(written: Sequence[Written]) -> str:
    used = {name for one in written for name in one.kernels}
    most = max(one.taps for one in written)
    limit = f"enum {{ MOST_TAPS = {most} }}; /* places in the largest window */\n\n" if most else ""
    return limit + "\n".join(kernel(f"{name}.c") for name in _KERNELS if name in used)


def _outside(written: Sequence[Written]) -> str:
    """One constant for each zero point, as long as the most channels."""
    longest: dict[int, int] = {}
    for one in written:
        if one.outside:
            zero, channels = one.outside
            longest[zero] = max(channels, longest.get(zero, 0))
    return "".join(array("int8_t", outside_name(zero), [zero] * longest[zero]) for zero in sorted(longest))


def _arena(source: Source, arena: Arena) -> str:
    return (
        "static union {\n    int32_t aligned;\n"
        f"    int8_t bytes[{arena.size}];\n}} arena;\n\n"
        f"enum {{ PIXELS = {math.prod(source.shape)}, CHANNELS = {source.shape[2]}, LABELS = {len(source.labels)}, "
        f"PICTURE_AT = {arena.offsets[source.network.given]}, "
        f"ANSWER_AT = {arena.offsets[source.network.answer]} }};\n"
    )


def _entering(source: Source) -> str:
    table = source.encoding
    if np.array_equal(table, np.arange(-128, 128)[np.newaxis]):
        return kernel("enter_shift.c")
    entries = array("int8_t", "entries", table.reshape(-1))
    return entries + "\n" + kernel("enter_table.c" if len(table) == 1 else "enter_channels.c")


def _answering(source: Source) -> str:
    scoring = source.scoring
    steps = scoring.kind == "each" and scoring.scores == tuple(range(0, 65536, 256))
    kernels = (
        ("answer_single",) if scoring.kind == "single" else ("best", f"answer_{'steps' if steps else scoring.kind}")
    )
    tables = ("" if steps else array("uint16_t", "scores", scoring.scores)) + array("uint32_t", "least", scoring.least)
    return "\n".join((tables, *(kernel(f"{name}.c") for name in kernels)))


def _run(source: Source, arena: Arena, written: Sequence[Written]) -> str:
    steps = []
    for layer, one in zip(source.network.layers, written, strict=True):
        places = [f"arena.bytes + {arena.offsets[buffer]}" for buffer in layer.inputs]
        call = one.call.format(*places, out=f"arena.bytes + {arena.offsets[layer.output]}")
        steps.append(f"    /* {layer.title.split()[0]} */\n    {call}")
    name = source.name
    labels = ",\n    ".join(quoted(label) for label in source.labels)
    return (
        f"const char *const {name}_labels[LABELS] = {{\n    {labels}}};\n\n"
        f"uint8_t *{name}_picture(void)\n{{\n    return (uint8_t *)(arena.bytes + PICTURE_AT);\n}}\n\n"
        f"const int8_t *{name}_outputs(void)\n{{\n    return arena.bytes + ANSWER_AT;\n}}\n\n"
        f"void {name}_run(const uint8_t *pixels)\n{{\n    enter(pixels, arena.bytes + PICTURE_AT);\n"
        + "\n".join(steps) + "\n}\n\n"
        f"{name}_answer {name}_classify(const uint8_t *pixels)\n{{\n"
        f"    {name}_answer answer;\n    {name}_run(pixels);\n"
        f"    answer.label = best_of({name}_outputs());\n"
        f"    answer.score = score_of({name}_outputs(), answer.label);\n"
        "    answer.accepted = answer.score >= least[answer.label];\n    return answer;\n}\n"
    )  # fmt: skip


def _header(source: Source) -> str:
    height, width, channels = source.shape
    colour = "red, green, blue" if channels == 3 else "grey" if channels == 1 else f"{channels} values"
    outputs = source.network.sizes[source.network.answer]
    text = kernel("header.h")
    words = {
        "NAME": source.name.upper(), "name": source.name, "HEIGHT": height, "WIDTH": width, "CHANNELS": channels,
        "PIXELS": height * width * channels, "LABELS": len(source.labels), "OUTPUTS": outputs, "COLOUR": colour,
        "ORIGIN": comment(source.origin).strip(),
    }  # fmt: skip
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    return text


def _constant_bytes(source: Source) -> int:
    """Return what the large constants take; kernels and parameters come on top."""
    total = 0
    for layer in source.network.layers:
        weights, bias = getattr(layer, "weights", None), getattr(layer, "bias", None)
        table, powers = getattr(layer, "table", None), getattr(layer, "powers", ())
        total += 0 if weights is None else weights.size
        total += 0 if bias is None else 8 * bias.size
        total += (0 if table is None else table.size) + 4 * len(powers)
    return total
