"""What two bundles answer to the same pictures, and what their bins would hold, each at its own thresholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.classifier import Classifier
from edge.decide import score_doubt
from edge.errors import DataError
from edge.exact_tests import mcnemar
from edge.parts import REJECT_BIN
from edge.pictures import read_picture
from edge.wilson import Share

MOST_FLIPS = 50  # that are written down by name


@dataclass(frozen=True)
class Answer:
    """What a bundle says of a picture, and the bin its part would go to."""

    label: str
    score: float
    bin: str


@dataclass(frozen=True)
class Sorts:
    """A bundle, loaded, that answers as a line with these bins (label -> bin) does."""

    bundle: Bundle
    classifier: Classifier
    bins: Mapping[str, str]

    def answer(self, image: NDArray[np.uint8]) -> Answer:
        """Answer a picture of one part, (H, W, 3) uint8."""
        said, facts = self.classifier.classify(image), self.bundle.facts
        thresholds = {label: one.min_score for label, one in facts.thresholds.items()}
        doubt = score_doubt(said.label, said.score, thresholds, self.bins, facts.unknown.min_score)
        return Answer(said.label, round(said.score, 6), self.bins[said.label] if doubt is None else REJECT_BIN)


@dataclass(frozen=True)
class Known:
    """A picture, by name, and what it truly shows: a label of no bundle is a foreign part, None where nobody said."""

    name: str
    path: Path
    truth: str | None


@dataclass(frozen=True)
class BinFigures:
    """right: parts in the bin that belong there. held: all in it. due: all that belong there."""

    right: int
    held: int
    due: int

    def as_dict(self) -> dict[str, Any]:
        """Return purity and recovery with their intervals."""
        return {"purity": Share(self.right, self.held).as_dict(), "recovery": Share(self.right, self.due).as_dict()}


@dataclass(frozen=True)
class SideBySide:
    """Both bundles' answers to labelled pictures. bins: label -> bin. champion is empty where there is none.

    labels: what either of them can answer. skipped: why a picture could not be shown, a sentence each.
    """

    pictures: tuple[str, ...]
    truth: tuple[str, ...]
    champion: tuple[Answer, ...]
    challenger: tuple[Answer, ...]
    bins: Mapping[str, str]
    labels: frozenset[str]
    skipped: tuple[str, ...] = ()

    @property
    def sides(self) -> dict[str, tuple[Answer, ...]]:
        """The answers by who gave them."""
        both = {"champion": self.champion, "challenger": self.challenger}
        return {name: answers for name, answers in both.items() if answers}

    def right(self, answers: Sequence[Answer]) -> list[bool]:
        """Say of each picture of a known class whether the answer is right."""
        return [one.label == truth for one, truth in zip(answers, self.truth, strict=True) if truth in self.labels]

    def rightly_sorted(self, answers: Sequence[Answer]) -> list[bool]:
        """Say of each picture whose class has a bin whether its part would get there."""
        return [
            one.bin == self.bins[truth] for one, truth in zip(answers, self.truth, strict=True) if truth in self.bins
        ]

    def wrongly_in(self, answers: Sequence[Answer], name: str | None = None) -> list[bool]:
        """Say of each picture whether its part would be in a bin (this one, or any) where it does not belong."""
        return [
            one.bin != REJECT_BIN and one.bin != self.bins.get(truth) and name in (None, one.bin)
            for one, truth in zip(answers, self.truth, strict=True)
        ]

    def per_class(self, answers: Sequence[Answer]) -> dict[str, Share]:
        """Return, of each class, how many of its pictures are answered right."""
        total = Counter(self.truth)
        right = Counter(truth for one, truth in zip(answers, self.truth, strict=True) if one.label == truth)
        return {label: Share(right[label], total[label]) for label in sorted(total)}

    def per_bin(self, answers: Sequence[Answer]) -> dict[str, BinFigures]:
        """Return what each bin would hold."""
        held = Counter(one.bin for one in answers)
        due = Counter(self.bins[truth] for truth in self.truth if truth in self.bins)
        right = Counter(
            one.bin for one, truth in zip(answers, self.truth, strict=True) if one.bin == self.bins.get(truth)
        )
        return {name: BinFigures(right[name], held[name], due[name]) for name in sorted(set(self.bins.values()))}

    @cached_property
    def flips(self) -> list[int]:
        """The pictures, by their place, that the two answer differently."""
        if not self.champion:
            return []
        pairs = zip(self.champion, self.challenger, strict=True)
        return [index for index, (one, other) in enumerate(pairs) if one.label != other.label]

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `promote --json` uses."""
        found: dict[str, Any] = {"pictures": len(self.pictures), "skipped": list(self.skipped)}
        for name, answers in self.sides.items():
            found[name] = {
                "accuracy": _share(self.right(answers)),
                "rightly_sorted": _share(self.rightly_sorted(answers)),
                "wrongly_sorted": sum(self.wrongly_in(answers)),
                "classes": {label: share.as_dict() for label, share in self.per_class(answers).items()},
                "bins": {label: figures.as_dict() for label, figures in self.per_bin(answers).items()},
            }
        if self.champion:
            first, second = only_one(self.right(self.champion), self.right(self.challenger))
            found |= {
                "only_champion_right": first,
                "only_challenger_right": second,
                "mcnemar_p": mcnemar(first, second),
            }
            found["flips"] = len(self.flips)
            found["flipped"] = [self._flip(index) for index in self.flips[:MOST_FLIPS]]
        return found

    def _flip(self, index: int) -> dict[str, Any]:
        return {
            "picture": self.pictures[index],
            "truth": self.truth[index],
            "champion": vars(self.champion[index]),
            "challenger": vars(self.challenger[index]),
        }


def only_one(first: Sequence[bool], second: Sequence[bool]) -> tuple[int, int]:
    """Count where only the first holds, and where only the second does."""
    pairs = list(zip(first, second, strict=True))
    return sum(one and not other for one, other in pairs), sum(other and not one for one, other in pairs)


def answer_all(
    pictures: Iterable[Known], sides: Sequence[Sorts], tell: Callable[[int], None] = lambda _done: None
) -> tuple[list[Known], list[list[Answer]], list[str]]:
    """Show every picture to every side, reading it once.

    Returns what could be read, the answers of each side to it, and why the others could not. `tell` hears how many
    are done.
    """
    shown: list[Known] = []
    answers: list[list[Answer]] = [[] for _ in sides]
    skipped: list[str] = []
    for done, one in enumerate(pictures, start=1):
        try:
            image = read_picture(one.path)
        except DataError as error:
            skipped.append(str(error))
            continue
        shown.append(one)
        for given, side in zip(answers, sides, strict=True):
            given.append(side.answer(image))
        tell(done)
    return shown, answers, skipped


def _share(holds: Sequence[bool]) -> dict[str, Any]:
    return Share(sum(holds), len(holds)).as_dict()
