"""Take out of a network what need not be computed: padding a convolution can do itself, tables after tables.

Every rewriting leaves each byte of the answer as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from firmware_bridge.layers import Convolution, Layer, Lookup, Network, Padding
from firmware_bridge.unary_tables import Table

_IDENTITY = np.arange(-128, 128, dtype=np.int8)


def fused(network: Network) -> Network:
    """Return the network with fewer layers, as long as one can be taken out."""
    while (smaller := _without_one(network)) is not None:
        network = smaller
    used = {buffer for layer in network.layers for buffer in (*layer.inputs, layer.output)} | {network.given}
    return replace(network, sizes={buffer: size for buffer, size in network.sizes.items() if buffer in used})


def _without_one(network: Network) -> Network | None:
    for layer in network.layers:
        if isinstance(layer, Lookup) and (found := _without_lookup(network, layer)):
            return found
        if isinstance(layer, Padding) and (found := _without_padding(network, layer)):
            return found
    return None


def _without_lookup(network: Network, layer: Lookup) -> Network | None:
    """Leave out a table that changes nothing; count one in that is applied first, or right after another."""
    given = layer.inputs[0]
    alone = len(list(readers(network, given))) == 1
    if np.array_equal(layer.table, _IDENTITY) and network.answer != layer.output:
        return _renamed(_without(network, layer), layer.output, given)
    if not alone:
        return None
    if given == network.given and network.answer != layer.output:
        entry = layer.table if network.entry is None else _both(network.entry, layer.table)
        return replace(_without(network, layer), given=layer.output, entry=entry)
    before = next((one for one in network.layers if one.output == given), None)
    if isinstance(before, Lookup):
        both = replace(before, title=f"{before.title}, {layer.title}", output=layer.output,
                       table=_both(before.table, layer.table))  # fmt: skip
        return _replaced(_without(network, layer), before, both)
    return None


def _without_padding(network: Network, layer: Padding) -> Network | None:
    """Let the convolution behind it pad: what it takes a place outside for is what PAD writes there."""
    after = list(readers(network, layer.output))
    if len(after) != 1 or not isinstance(after[0], Convolution) or after[0].zero_in != layer.value:
        return None
    behind = after[0]
    if behind.shape_in != layer.shape_out:  # it takes the padded picture for a row of values
        return None
    above, left = behind.window.padding
    wider = replace(behind.window, padding=(above + layer.above, left + layer.left))
    merged = replace(
        behind, title=f"{layer.title}, {behind.title}", inputs=layer.inputs, shape_in=layer.shape_in, window=wider
    )
    return _replaced(_without(network, layer), behind, merged)


def readers(network: Network, buffer: int) -> Iterator[Layer]:
    """Yield the layers that read a buffer."""
    return (layer for layer in network.layers if buffer in layer.inputs)


def _both(first: Table, second: Table) -> Table:
    return np.asarray(second[first.astype(int) + 128], np.int8)


def _without(network: Network, layer: Layer) -> Network:
    return replace(network, layers=tuple(one for one in network.layers if one is not layer))


def _replaced(network: Network, old: Layer, new: Layer) -> Network:
    return replace(network, layers=tuple(new if one is old else one for one in network.layers))


def _renamed(network: Network, old: int, new: int) -> Network:
    layers = tuple(
        replace(one, inputs=tuple(new if buffer == old else buffer for buffer in one.inputs)) for one in network.layers
    )
    return replace(network, layers=layers)
