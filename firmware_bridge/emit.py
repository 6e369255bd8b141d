"""A network as one C99 source and one header. The same model gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_bridge.arena import Arena, needs_of, plan_arena
from firmware_bridge.c_text import array, comment, kernel
from firmware_bridge.emit_channels import ChannelForm, channel_bytes, channel_form
from firmware_bridge.emit_ends import Ends, answering, classify_text, constants, entering, header, labels_text
from firmware_bridge.emit_layers import Written, outside_name, write_layer
from firmware_bridge.layers import Convolution, Network

# the order in which kernels stand in the source: what is used comes first
_KERNELS = (
    "scaled", "clamped", "place", "narrow", "narrow_end", "wide", "wide_end", "weighted", "begin", "finish", "taps",
    "helium", "dots", "products", "convolution", "dense", "depthwise", "multiplied", "addition", "mean", "pool",
    "lookup", "padding", "joining", "softmax", "softmax_of_two",
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
    """What is written as C. In the encoding of `ends` the network's `entry` is counted in."""

    ends: Ends
    network: Network


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
    form = channel_form(source.network.layers)
    written = [write_layer(layer, number, form) for number, layer in enumerate(source.network.layers)]
    parts = [
        _head(source, arena),
        _kernels(written, form),
        _outside(written),
        *(comment(layer.title) + one.constants for layer, one in zip(source.network.layers, written, strict=True)),
        _arena(source, arena),
        entering(source.ends),
        answering(source.ends),
        _run(source, arena, written),
    ]
    text = "\n".join(part for part in parts if part)
    return Emitted(text, header(source.ends), _constant_bytes(source, form), arena.size)


def _head(source: Source, arena: Arena) -> str:
    values = sum(source.network.sizes[buffer] for buffer in source.network.sizes)
    return (
        comment(
            f"{source.ends.origin} Written by edge-sort export: C99, no library, no allocation; its answers are those "
            f"of TensorFlow Lite's reference kernels, byte for byte. {arena.size} bytes of memory hold the {values} "
            "bytes of all layers' values, each while it is needed."
        )
        + f'#include "{source.ends.name}.h"\n\n#include <limits.h>\n\n'
        + _ONCE
        + '#if INT_MAX < 2147483647\n#error "an int of 32 bits is needed"\n#endif\n'
    )


def _kernels(written: Sequence[Written], form: ChannelForm) -> str:
    used = {name for one in written for name in one.kernels}
    most = max(one.taps for one in written)
    limit = f"enum {{ MOST_TAPS = {most} }}; /* places in the largest window */\n\n" if most else ""
    if "narrow" in used:
        limit += f"enum {{ MORE = {form.more} }};\n\n"
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
        f"enum {{ PICTURE_AT = {arena.offsets[source.network.given]}, "
        f"ANSWER_AT = {arena.offsets[source.network.answer]} }};\n" + constants(source.ends)
    )


def _run(source: Source, arena: Arena, written: Sequence[Written]) -> str:
    steps = []
    for layer, one in zip(source.network.layers, written, strict=True):
        places = [f"arena.bytes + {arena.offsets[buffer]}" for buffer in layer.inputs]
        call = one.call.format(*places, out=f"arena.bytes + {arena.offsets[layer.output]}")
        steps.append(f"    /* {layer.title.split()[0]} */\n    {call}")
    name = source.ends.name
    return (
        labels_text(source.ends) + "\n"
        f"uint8_t *{name}_picture(void)\n{{\n    return (uint8_t *)(arena.bytes + PICTURE_AT);\n}}\n\n"
        f"const int8_t *{name}_outputs(void)\n{{\n    return arena.bytes + ANSWER_AT;\n}}\n\n"
        f"void {name}_run(const uint8_t *pixels)\n{{\n    enter(pixels, arena.bytes + PICTURE_AT);\n"
        + "\n".join(steps) + "\n}\n\n"
        + classify_text(source.ends)
    )  # fmt: skip


def _constant_bytes(source: Source, form: ChannelForm) -> int:
    """Return what the large constants take; kernels and parameters come on top."""
    total = 0
    for layer in source.network.layers:
        if isinstance(layer, Convolution):
            total += layer.weights.size + channel_bytes(layer, form)
        table, powers = getattr(layer, "table", None), getattr(layer, "powers", ())
        total += (0 if table is None else table.size) + 4 * len(powers)  # of two labels half as much or less
    return total
