"""Each layer as C: its constants, and the line that calls its kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.c_text import array
from firmware_bridge.emit_channels import ChannelForm, channels_array, least_right
from firmware_bridge.layers import (
    Addition,
    Convolution,
    Joining,
    Layer,
    Lookup,
    Mean,
    Padding,
    Pool,
    Shape,
    Softmax,
    Window,
)
from firmware_bridge.unary_tables import shares_of_two

_NEEDED = {
    "convolution": ("finish", "taps", "helium", "dots"), "dense": ("helium", "dots"),
    "depthwise": ("finish", "taps", "helium", "products"),
    "multiplied": ("finish", "taps"),
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A layer as C. kernels: files of kernels/, without .c, in the order in which they must stand.

    call: with {0}, {1} for its inputs and {out} for its output. outside: (zero point, channels) of what it reads
    outside the picture, or None. taps: how many places its window has.
    """

    kernels: tuple[str, ...]
    constants: str
    call: str
    outside: tuple[int, int] | None = None
    taps: int = 0


def write_layer(layer: Layer, number: int, form: ChannelForm) -> Written:
    """Return a layer as C; its constants carry its number."""
    if isinstance(layer, Convolution):
        return _convolution(layer, number, form)
    return _WRITERS[type(layer)](layer, number)


def outside_name(zero: int) -> str:
    """Return the name of the constant that stands for places outside a picture."""
    return f"outside_{'minus_' if zero < 0 else ''}{abs(zero)}"


def _place(shape_in: Shape, shape_out: Shape, window: Window) -> str:
    numbers = (*shape_in, *shape_out, *window.padding, *window.size, *window.stride, *window.dilation)
    return "{" + ", ".join(map(str, numbers)) + "}"


def _convolution(layer: Convolution, number: int, form: ChannelForm) -> Written:
    needs_outside = reads_outside(layer)
    outside = outside_name(layer.zero_in) if needs_outside else "0"
    limits = f"{least_right(layer, form)}, {layer.range.zero}, {layer.range.low}, {layer.range.high}"
    constants = (
        array("int8_t", f"weights_{number}", layer.weights.reshape(-1))
        + channels_array(layer, f"channels_{number}", form)
        + f"static const weighted_t layer_{number} = {{\n    weights_{number}, channels_{number}, {outside},\n"
        f"    {_place(layer.shape_in, layer.shape_out, layer.window)}, {limits}}};\n"
    )
    kind = "dense" if layer.once else "convolution"
    kind = "multiplied" if layer.multiplied else "depthwise" if layer.depthwise else kind
    stored = form.kernels(ended=kind != "dense")
    return Written(
        ("clamped", "place", *stored, "weighted", "begin", *_NEEDED[kind], kind), constants,
        f"{kind}(&layer_{number}, {{0}}, {{out}});",
        (layer.zero_in, layer.shape_in[2]) if needs_outside else None, layer.window.size[0] * layer.window.size[1],
    )  # fmt: skip


def reads_outside(layer: Convolution) -> bool:
    """Return whether a window lies over an edge of the picture anywhere."""
    window = layer.window
    return any(
        before > 0 or (out - 1) * stride - before + (size - 1) * dilation + 1 > given
        for given, out, size, stride, dilation, before in zip(
            layer.shape_in[:2], layer.shape_out[:2], window.size, window.stride, window.dilation, window.padding,
            strict=True,
        )
    )  # fmt: skip


def _addition(layer: Addition, number: int) -> Written:
    factors = ", ".join(str(factor.value) for factor in layer.factors)
    shifts = ", ".join(str(factor.shift) for factor in layer.factors)
    zeros = ", ".join(map(str, layer.zeros))
    constants = (
        f"static const addition_t layer_{number} = {{\n    {layer.count}, {{{factors}}}, {{{shifts}}}, {{{zeros}}}, "
        f"{layer.range.zero}, {layer.range.low}, {layer.range.high}}};\n"
    )
    return Written(("scaled", "clamped", "addition"), constants, f"addition(&layer_{number}, {{0}}, {{1}}, {{out}});")


def _mean(layer: Mean, number: int) -> Written:
    constants = (
        f"static const mean_t layer_{number} = {{\n    {layer.count}, {layer.factor.value}, {layer.channels}, "
        f"{layer.zero_in}, {layer.range.zero}, {layer.range.low}, {layer.range.high}, {layer.factor.shift}}};\n"
    )
    return Written(("scaled", "clamped", "mean"), constants, f"mean(&layer_{number}, {{0}}, {{out}});")


def _pool(layer: Pool, number: int) -> Written:
    constants = (
        f"static const pool_t layer_{number} = {{\n    {_place(layer.shape_in, layer.shape_out, layer.window)}, "
        f"{layer.range.low}, {layer.range.high}, {int(layer.average)}}};\n"
    )
    return Written(("clamped", "place", "pool"), constants, f"pool(&layer_{number}, {{0}}, {{out}});")


def _lookup(layer: Lookup, number: int) -> Written:
    constants = array("int8_t", f"table_{number}", layer.table)
    return Written(("lookup",), constants, f"lookup(table_{number}, {layer.count}, {{0}}, {{out}});")


def _softmax(layer: Softmax, number: int) -> Written:
    if layer.channels == 2:
        shares = shares_of_two(layer.powers)
        call = f"softmax_of_two(shares_{number}, {len(shares) // 2}, {layer.rows}, {{0}}, {{out}});"
        return Written(("softmax_of_two",), array("int8_t", f"shares_{number}", shares), call)
    call = f"softmax(powers_{number}, {len(layer.powers) - 1}, {layer.rows}, {layer.channels}, {{0}}, {{out}});"
    return Written(("softmax",), array("int32_t", f"powers_{number}", layer.powers), call)


def _padding(layer: Padding, number: int) -> Written:
    height, width, channels = layer.shape_in
    constants = (
        f"static const padding_t layer_{number} = {{\n    {height}, {width}, {channels}, {layer.shape_out[0]}, "
        f"{layer.shape_out[1]}, {layer.above}, {layer.left}, {layer.value}}};\n"
    )
    return Written(("padding",), constants, f"padding(&layer_{number}, {{0}}, {{out}});")


def _joining(layer: Joining, _number: int) -> Written:
    starts = [sum(layer.runs[:index]) for index in range(len(layer.runs))]
    calls = (
        f"joining({{{index}}}, {{out}} + {start}, {layer.times}, {run}, {sum(layer.runs)});"
        for index, (start, run) in enumerate(zip(starts, layer.runs, strict=True))
    )
    return Written(("joining",), "", "\n    ".join(calls))


_WRITERS: dict[type[Layer], Callable[..., Written]] = {
    Addition: _addition,
    Joining: _joining,
    Lookup: _lookup,
    Mean: _mean,
    Padding: _padding,
    Pool: _pool,
    Softmax: _softmax,
}
