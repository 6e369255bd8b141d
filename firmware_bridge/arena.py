"""One block of memory for all that a network computes: each buffer has a place in it while it is needed.

First fit, in the best of many orders; an output may lie over its own input as far as `lead` allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from firmware_bridge.layers import Network
from firmware_bridge.overlap import lead

ALIGNMENT = 4  # bytes; words are read at once where the compiler can
_ATTEMPTS = 400


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
    """Return the smallest plan found. The same needs give the same plan.

    Whether an output fits over its input depends on which of them, and of their neighbours, is placed first. So after
    the largest first, orders that differ by one exchange are tried, beginning from the best so far.
    """
    order = sorted(needs.lives, key=lambda buffer: (-needs.lives[buffer].size, buffer))
    neighbours = {one: [other for other in order if other != one and _together(needs, one, other)] for one in order}
    best, least = _placed(needs, order, neighbours), least_bytes(needs)
    random = Random(0)
    for _ in range(_ATTEMPTS):
        if best.size <= least or len(order) < 2:
            break
        first, second = random.sample(range(len(order)), 2)
        trial = list(order)
        trial.insert(first, trial.pop(second))
        found = _placed(needs, trial, neighbours)
        if found.size <= best.size:
            order, best = trial, found
    check_arena(needs, best)
    return best


def least_bytes(needs: Needs) -> int:
    """Return what no plan can do with less: at each step, what is alive and may not lie over another."""
    steps = {life.born for life in needs.lives.values()}
    return max(_least_at(needs, step) for step in steps)


def _least_at(needs: Needs, step: int) -> int:
    alive = {buffer for buffer, life in needs.lives.items() if life.born <= step <= life.last}
    total = sum(needs.lives[buffer].size for buffer in alive)
    shared = [(given, output) for given, output in needs.leads if output in alive and given in alive]
    return total - max((min(needs.lives[given].size, needs.lives[output].size) for given, output in shared), default=0)


def check_arena(needs: Needs, arena: Arena) -> None:
    """Raise AssertionError when two buffers are in each other's way: a plan is checked, whoever made it."""
    for one, life in needs.lives.items():
        assert 0 <= arena.offsets[one] <= arena.size - life.size, one
        for other in needs.lives:
            assert one >= other or _compatible(needs, arena.offsets, one, other), (one, other)


def _placed(needs: Needs, order: list[int], neighbours: dict[int, list[int]]) -> Arena:
    offsets: dict[int, int] = {}
    for buffer in order:
        others = [other for other in neighbours[buffer] if other in offsets]
        candidates = {0, *(place for other in others for place in _beside(needs, offsets, buffer, other))}
        for place in sorted(candidates):
            offsets[buffer] = place
            if all(_compatible(needs, offsets, buffer, other) for other in others):
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
    if not _together(needs, one, other):
        return True
    first, second = needs.lives[one], needs.lives[other]
    a, b = offsets[one], offsets[other]
    if a + first.size <= b or b + second.size <= a:
        return True
    for given, output in ((one, other), (other, one)):
        above = needs.leads.get((given, output))
        if above is not None and offsets[given] - offsets[output] >= above:
            return True
    return False


def _together(needs: Needs, one: int, other: int) -> bool:
    """Whether both are needed at some step."""
    first, second = needs.lives[one], needs.lives[other]
    return first.born <= second.last and second.born <= first.last


def _up(place: int) -> int:
    return -(-place // ALIGNMENT) * ALIGNMENT


def _down(place: int) -> int:
    return place // ALIGNMENT * ALIGNMENT
