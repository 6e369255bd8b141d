"""What speaks against putting a bundle in another one's place: each rule one function, each reason a clause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge import budget
from edge.exact_tests import chance_of_so_many, mcnemar
from edge.plan import Latency, latency_problems, make_plan
from edge.side_by_side import SideBySide, only_one

if TYPE_CHECKING:
    from edge.machine import Machine

CHANCE = 0.05  # of calling a bundle worse that is not, by each rule that asks for more than chance


@dataclass(frozen=True)
class Limits:
    """max_drop: of accuracy. max_recovery_drop: of the share of parts that get into their bin. Both 0..1."""

    max_drop: float = 0.01
    max_recovery_drop: float = 0.05


def worse(compared: SideBySide, limits: Limits, where: str) -> tuple[str, ...]:
    """Return what the answers to labelled pictures say against the challenger, the worst first.

    where: what the pictures are, as in "frozen pictures".
    """
    rules = (_constant, _silenced, _emptied) if compared.champion else (_constant, _guessing)
    found = [clause for rule in rules for clause in rule(compared, where)]
    if compared.champion:
        found += [*_dropped(compared, limits, where), *_impure(compared, where), *_rejecting(compared, limits, where)]
    return tuple(found)


def too_slow(machine: Machine, champion: Latency | None, challenger: Latency) -> Iterator[str]:
    """A decision that comes later than the machine allows for, where the champion's does not.

    Even the middle one of single parts may not: `run` would refuse to start. Both were measured in one run.
    """
    needed_ms = budget.needed_latency_ms(
        machine.camera.exposure_ms, 0.0, challenger.find_p50, 1, challenger.classify_p50
    )
    if problems := latency_problems(machine, needed_ms):
        yield f"too slow for this line: {problems[0]}"
        return
    if champion is None:
        return
    before, after = make_plan(machine, champion).needed_ms, make_plan(machine, challenger).needed_ms
    if not latency_problems(machine, before) and (problems := latency_problems(machine, after)):
        yield f"too slow for this line at the 99th percentile: {problems[0]}"


def _constant(compared: SideBySide, where: str) -> Iterator[str]:
    """One answer to everything is what a broken model gives. One class among the pictures would explain it."""
    if len(set(compared.truth)) > 1 and len({(one.label, one.score) for one in compared.challenger}) == 1:
        yield f"it answers every one of the {where} {compared.challenger[0].label!r}, with the same score"


def _guessing(compared: SideBySide, where: str) -> Iterator[str]:
    """No more right answers than the commonest class alone would give: labels of other parts, or in another order."""
    known = [truth for truth in compared.truth if truth in compared.labels]
    commonest = max(map(known.count, set(known)), default=0)
    right = sum(compared.right(compared.challenger))
    if len(set(known)) > 1 and right <= commonest:
        yield (
            f"it answers {right} of {len(known)} {where} right, no more than one and the same answer to everything "
            f"would: {commonest}"
        )


def _silenced(compared: SideBySide, where: str) -> Iterator[str]:
    """A class that the champion finds and the challenger never names."""
    answered = {one.label for one in compared.challenger}
    for label, share in compared.per_class(compared.champion).items():
        if share.right and label not in answered:
            yield f"it never answers {label!r}, which the current bundle finds in {share.right} of the {where}"


def _emptied(compared: SideBySide, where: str) -> Iterator[str]:
    """A bin that the champion fills and the challenger leaves empty, by its thresholds."""
    after = compared.per_bin(compared.challenger)
    answered = {one.label for one in compared.challenger}
    for name, before in compared.per_bin(compared.champion).items():
        silenced = not any(label in answered for label, goes_to in compared.bins.items() if goes_to == name)
        if before.right and not after[name].held and not silenced:
            yield f"its thresholds let nothing into bin {name!r}, where the current bundle puts {before.right} {where}"


def _dropped(compared: SideBySide, limits: Limits, where: str) -> Iterator[str]:
    """Counted in pictures, so that rounding never decides."""
    before, after = compared.right(compared.champion), compared.right(compared.challenger)
    lost = sum(before) - sum(after)
    if lost > limits.max_drop * len(before) + 1e-9:
        p = mcnemar(*only_one(before, after))
        yield (
            f"it answers {sum(after)} of {len(after)} {where} right, the current bundle {sum(before)}: a drop of "
            f"{lost / len(before):.4f} (exact McNemar p = {p:.3g}), allowed is {limits.max_drop:.4f}"
        )


def _impure(compared: SideBySide, where: str) -> Iterator[str]:
    """More parts in bins where they do not belong, beyond chance: of those that only one of the two puts there.

    All bins together, then each; the more bins, the likelier that chance hits one, so they share it (Bonferroni).
    """
    bins = sorted(set(compared.bins.values()))
    for name, chance in [(None, CHANCE), *((one, CHANCE / len(bins)) for one in bins)]:
        before, after = (compared.wrongly_in(side, name) for side in (compared.champion, compared.challenger))
        fewer, more = only_one(before, after)
        if more > fewer and chance_of_so_many(more, fewer) < chance:
            place = "its bins hold" if name is None else f"its bin {name!r} holds"
            yield (
                f"{place} {sum(after)} wrong ones of the {where}, the current bundle's {sum(before)}: less pure beyond "
                f"chance (p = {chance_of_so_many(more, fewer):.3g})"
            )
            return


def _rejecting(compared: SideBySide, limits: Limits, where: str) -> Iterator[str]:
    """Fewer parts that get into their bin, beyond the limit and beyond chance."""
    before, after = (compared.rightly_sorted(side) for side in (compared.champion, compared.challenger))
    lost, (fewer, more) = sum(before) - sum(after), only_one(before, after)
    if lost > limits.max_recovery_drop * len(before) + 1e-9 and chance_of_so_many(fewer, more) < CHANCE:
        yield (
            f"it puts {sum(after)} of {len(after)} {where} into their bins, the current bundle {sum(before)}: a drop "
            f"of {lost / len(before):.4f}, allowed is {limits.max_recovery_drop:.4f}"
        )
