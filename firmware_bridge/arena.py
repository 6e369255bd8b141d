"""One block of memory for all that a network computes: each buffer has a place in it while it is needed.

First fit, the largest first, several orders tried; an output may lie over its own input as far as `lead` allows.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_bridge.layers import Network
from firmware_bridge.overlap import lead

ALIGNMENT = 4  # bytes; words are read at once where the compiler can
_ATTEMPTS = 64


@dataclass(frozen=True)
class Life:
    """A buffer's size in bytes, and the steps from which and to which (both included) it is needed."""

    size: int
    born: int
    last: int


@dataclass(frozen=True)
class Arena:
    """Where each buffer begins, in bytes, and how much memory they take together."""

    offsets: dict[int, int]
    size: int


@dataclass(frozen=True)
class Needs:
    """What a plan must respect. leads: (input, output) -> bytes that the input must begin above the output."""

    lives: dict[int, Life]
    leads: dict[tuple[int, int], int]


def needs_of(network: Network) -> Needs:
    """Return what the buffers of a network need. The input is there before step 0, the answer after the last."""
    end = len(network.layers)
    born, last, leads = {network.given: -1}, {network.given: -1}, {}
    for step, layer in enumerate(network.layers):
        born[layer.output] = last[layer.output] = step
        last |= dict.fromkeys(layer.inputs, step)
    last[network.answer] = end
    for step, layer in enumerate(network.layers):
        above = lead(layer)
        for buffer in layer.inputs:
            if above is not None and last[buffer] == step:
                leads[buffer, layer.output] = above
    lives = {buffer: Life(network.sizes[buffer], born[buffer], last[buffer]) for buffer in born}
    return Needs(lives, leads)


def plan_arena(needs: Needs) -> Arena:
    """Return the smallest plan found. The same needs give the same plan."""
    order = sorted(needs.lives, key=lambda buffer: (-needs.lives[buffer].size, buffer))
    best: Arena | None = None
    for _ in range(_ATTEMPTS):
        found = _placed(needs, order)
        if best is None or found.size < best.size:
            best = found
        highest = max(order, key=lambda buffer: (found.offsets[buffer] + needs.lives[buffer].size, -buffer))
        if order[0] == highest:  # it already had the first choice: the next largest has it
            order = order[1:] + order[:1]
        order = [highest, *(buffer for buffer in order if buffer != highest)]
    assert best is not None
    check_arena(needs, best)
    return best


def check_arena(needs: Needs, arena: Arena) -> None:
    """Raise AssertionError when two buffers are in each other's way: a plan is checked, whoever made it."""
    for one, life in needs.lives.items():
        assert 0 <= arena.offsets[one] <= arena.size - life.size, one
        for other in needs.lives:
            assert one >= other or _compatible(needs, arena.offsets, one, other), (one, other)


def _placed(needs: Needs, order: list[int]) -> Arena:
    offsets: dict[int, int] = {}
    for buffer in order:
        candidates = sorted({0, *(place for other in offsets for place in _beside(needs, offsets, buffer, other))})
        for place in candidates:
            trial = {**offsets, buffer: place}
            if all(_compatible(needs, trial, buffer, other) for other in offsets):
                offsets = trial
                break
    return Arena(offsets, max(offsets[buffer] + needs.lives[buffer].size for buffer in offsets))


def _beside(needs: Needs, offsets: dict[int, int], buffer: int, other: int) -> list[int]:
    """Return the places for a buffer that another one suggests: above it, below it, or over it."""
    place, size = offsets[other], needs.lives[buffer].size
    places = [_up(place + needs.lives[other].size), _down(place - size)]
    if (buffer, other) in needs.leads:  # this one is read while the other is written
        places.append(_up(place + needs.leads[buffer, other]))
    if (other, buffer) in needs.leads:
        places.append(_down(place - needs.leads[other, buffer]))
    return [place for place in places if place >= 0]


def _compatible(needs: Needs, offsets: dict[int, int], one: int, other: int) -> bool:
    first, second = needs.lives[one], needs.lives[other]
    if first.last < second.born or second.last < first.born:
        return True
    a, b = offsets[one], offsets[other]
    if a + first.size <= b or b + second.size <= a:
        return True
    for given, output in ((one, other), (other, one)):
        above = needs.leads.get((given, output))
        if above is not None and offsets[given] - offsets[output] >= above:
            return True
    return False


def _up(place: int) -> int:
    return -(-place // ALIGNMENT) * ALIGNMENT


def _down(place: int) -> int:
    return place // ALIGNMENT * ALIGNMENT
