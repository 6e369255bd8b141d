"""Divide pictures into train, validation and test: by seed, whole groups only, every class on every side.

Our own, because scikit-learn's StratifiedGroupKFold cuts equal folds instead of fractions, does not promise every
class in every fold, and may shuffle differently in its next version. This one orders groups by a digest of seed and
name: the same on every machine and version. It is iterative stratification (Sechidis 2011): the scarcest class
chooses first, and each of its groups goes where that class is furthest below its share. Of a few orders the one that
meets the shares best is taken.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ConfigDict

from edge.errors import DataError
from training.dataset import Item

SUBSETS = ("train", "validation", "test")

_ORDERS_TRIED = 20


@dataclass(frozen=True)
class Fractions:
    """Shares of the pictures, 0..1, for validation and test; training gets the rest."""

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)  # for recipes: no slip may pass

    validation: float = 0.15
    test: float = 0.15

    def __post_init__(self) -> None:
        if min(self.validation, self.test) <= 0 or self.validation + self.test > 0.8:
            raise DataError(
                "expected shares above 0 for validation and test that leave at least 0.2 for training, "
                f"found {self.validation} and {self.test}; use for example --validation 0.15 --test 0.15"
            )

    @property
    def by_subset(self) -> dict[str, float]:
        """The share of each subset."""
        return {"train": 1 - self.validation - self.test, "validation": self.validation, "test": self.test}


def split_items(items: Sequence[Item], fractions: Fractions, seed: int) -> dict[str, list[int]]:
    """Return the positions in `items` of each subset's pictures, ascending.

    Raises DataError when a class has too few groups, or they are so entangled that some subset lacks a class.
    """
    _check_enough_groups(items)
    members: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        members[item.group].append(index)
    counts = {group: Counter(items[i].label for i in indices) for group, indices in members.items()}
    ways = [_assign(counts, fractions, f"{seed}/{attempt}") for attempt in range(_ORDERS_TRIED)]
    complete = [way for way in ways if _missing_class(counts, way) is None]
    if not complete:
        subset, label = _missing_class(counts, ways[0]) or ("", "")
        raise DataError(
            f"expected every class in training, validation and test, found no {label!r} for {subset} in any of "
            f"{_ORDERS_TRIED} ways to divide the {len(members)} groups of pictures; add pictures of {label!r}, or "
            "group them more finely with --group-pattern"
        )
    best = min(complete, key=lambda way: _unevenness(counts, way, fractions))
    return {
        subset: sorted(i for group, side in best.items() if side == subset for i in members[group])
        for subset in SUBSETS
    }


def _check_enough_groups(items: Sequence[Item]) -> None:
    groups: dict[str, set[str]] = defaultdict(set)
    for item in items:
        groups[item.label].add(item.group)
    for label, found in sorted(groups.items()):
        if len(found) < len(SUBSETS):
            pictures = sum(item.label == label for item in items)
            raise DataError(
                f"class {label!r}: expected at least {len(SUBSETS)} groups of pictures to divide, found {len(found)} "
                f"({pictures} pictures); add pictures of other things of this class, or, if these are different "
                "things already, say so with --group-pattern '(.+)'"
            )


def _assign(counts: dict[str, Counter[str]], fractions: Fractions, salt: str) -> dict[str, str]:
    want = _wanted(counts, fractions)
    have: dict[str, Counter[str]] = {subset: Counter() for subset in SUBSETS}
    left = sorted(counts, key=lambda group: _digest(salt, group))
    chosen: dict[str, str] = {}
    for label in sorted(want["train"], key=lambda label: (sum(label in counts[g] for g in left), label)):
        own = [group for group in left if label in counts[group] and group not in chosen]
        for position, group in enumerate(own):
            lacking = [subset for subset in SUBSETS if not have[subset][label]]
            open_to = lacking if len(own) - position <= len(lacking) else SUBSETS
            side = max(open_to, key=lambda subset: _shortage(label, counts[group], want[subset], have[subset]))
            chosen[group] = side
            have[side].update(counts[group])
    return chosen


def _wanted(counts: dict[str, Counter[str]], fractions: Fractions) -> dict[str, dict[str, float]]:
    totals: Counter[str] = Counter()
    for count in counts.values():
        totals.update(count)
    return {
        subset: {label: share * total for label, total in totals.items()}
        for subset, share in fractions.by_subset.items()
    }


def leak_of(split: Mapping[str, Sequence[Item]]) -> str | None:
    """Say how many test pictures show what a training or validation picture shows: of its group, or its very bytes.

    A clause, or None where there are none: a division of ours keeps a group on one side, one made beforehand may not.
    """
    learned = [item for side in ("train", "validation") for item in split[side]]
    groups, digests = {item.group for item in learned}, {item.sha256 for item in learned}
    leaked = sum(item.group in groups or item.sha256 in digests for item in split["test"])
    if not leaked:
        return None
    return (
        f"{leaked} of {len(split['test'])} test pictures show what a training or validation picture shows, as the "
        "folder was divided beforehand, so the figures flatter"
    )


def _shortage(label: str, count: Counter[str], want: dict[str, float], have: Counter[str]) -> tuple[float, float]:
    """How much a subset needs a group: first for the class being dealt out, then for all classes of the group."""
    return want[label] - have[label], sum(want[other] - have[other] for other in count)


def _unevenness(counts: dict[str, Counter[str]], chosen: dict[str, str], fractions: Fractions) -> float:
    """How far a division is from the wished one: the sum over subsets and classes of the relative difference."""
    have: dict[str, Counter[str]] = {subset: Counter() for subset in SUBSETS}
    for group, side in chosen.items():
        have[side].update(counts[group])
    want = _wanted(counts, fractions)
    return sum(abs(have[subset][label] / want[subset][label] - 1) for subset in SUBSETS for label in want[subset])


def _missing_class(counts: dict[str, Counter[str]], chosen: dict[str, str]) -> tuple[str, str] | None:
    present: dict[str, set[str]] = {subset: set() for subset in SUBSETS}
    for group, side in chosen.items():
        present[side].update(counts[group])
    every = set().union(*counts.values())
    return next(((subset, label) for subset in SUBSETS for label in sorted(every - present[subset])), None)


def _digest(salt: str, group: str) -> str:
    return hashlib.sha256(f"{salt}/{group}".encode()).hexdigest()
