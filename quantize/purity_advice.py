"""What to try when a bin cannot be as pure as it should: is it the network, or the 8 bits of its scores?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quantize.spread import MOST, recorded_spread
from quantize.thresholds import Choice


def purity_advice(
    choices: Sequence[Choice], float_choices: Sequence[Choice], provenance: Mapping[str, Any]
) -> Iterator[str]:
    """Say what to try, a clause each. float_choices: of the float network, in the same order; empty when not known."""
    missed = [choice.label for choice in choices if not choice.reached]
    if not missed:
        return
    reached = {choice.label for choice in float_choices if choice.reached}
    if float_choices:
        yield from _by_cause([label for label in missed if label in reached], provenance, whole=True)
        yield from _by_cause([label for label in missed if label not in reached], provenance, whole=False)
    if reachable := _reachable(choices):
        yield f"--purity {reachable:.3f} can be reached"


def _by_cause(labels: Sequence[str], provenance: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    """whole: whether whole numbers are to blame, because the float network reaches it."""
    named = ", ".join(repr(label) for label in labels)
    spread = recorded_spread(provenance)
    if labels and whole and spread < MOST:
        yield (
            f"the float network does reach it for {named}, but the largest int8 scores look alike: "
            f"try --spread {spread * 2:g}, which keeps them apart"
        )
    elif labels and whole:
        yield f"the float network does reach it for {named}"
    elif labels:
        yield (
            f"the float network does not reach it for {named} either, so no conversion will: that takes more or "
            "clearer pictures of them, or a stronger network (edge-sort recipes)"
        )


def _reachable(choices: Sequence[Choice]) -> float:
    """The purity that every bin reaches at its best threshold, rounded down; 0 when a bin stays empty."""
    best = [choice.validation.purity.value or 0.0 for choice in choices]
    return int(min(best) * 1000) / 1000
