"""Go through the parts that wait for a person, one key for each."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from edge.corrections import UNKNOWN_LABEL
from edge.review import ReviewPart

RIGHT, UNKNOWN, SKIP, BACK, QUIT = "y", "u", "s", "b", "q"
LABEL_KEYS = string.digits[1:] + string.ascii_uppercase  # the rest is named in words
_WORDS = {
    "": RIGHT,
    "right": RIGHT,
    "yes": RIGHT,
    "unknown": UNKNOWN,
    "skip": SKIP,
    "back": BACK,
    "quit": QUIT,
}


class Reader(Protocol):
    """Gives a person's answers: a key, a number or a word; None at the end of them."""

    def __call__(self, prompt: str) -> str | None: ...


@dataclass
class Reviewed:
    """What came of it. said: label -> how many; right: of these, what the line had thought."""

    said: Counter[str] = field(default_factory=Counter)
    right: int = 0
    skipped: int = 0
    audited: int = 0

    @property
    def sentence(self) -> str:
        """Sum it up."""
        total = sum(self.said.values())
        said = ", ".join(f"{label} {count}" for label, count in sorted(self.said.items())) or "none"
        return (
            f"{total} parts reviewed ({said}), {self.right} of them as the line had thought; {self.audited} had been "
            f"drawn and count for purity and recovery; {self.skipped} skipped"
        )


class Dialog:
    """Asks about one part after the other. `say` records each answer at once."""

    def __init__(
        self,
        show: Callable[[int, ReviewPart], None],
        read: Reader,
        say: Callable[[ReviewPart, str | None], None],
        tell: Callable[[str], None],
    ) -> None:
        """show: told the part's number among those asked about, from 0."""
        self._show, self._read, self._say, self._tell = show, read, say, tell

    def go_through(self, parts: Sequence[ReviewPart]) -> Reviewed:
        """Ask until all are answered, or the person quits. The last word on a part is the one that counts."""
        answers: dict[int, str] = {}
        skipped: set[int] = set()
        index = 0
        while index < len(parts):
            part = parts[index]
            self._show(index, part)
            key = self._ask(part)
            if key == QUIT:
                break
            if key == BACK:
                index = max(index - 1, 0)
                continue
            if key == SKIP:
                skipped.add(index)
            else:
                self._say(part, None if key == RIGHT else key)
                answers[index] = part.label if key == RIGHT else key
                skipped.discard(index)
            index += 1
        return self._summed(parts, answers, skipped - answers.keys())

    def _ask(self, part: ReviewPart) -> str:
        """Return SKIP, BACK, QUIT, RIGHT, or a label."""
        while True:
            word = self._read(f"{_offered(part)}: ")
            if word is None:
                return QUIT
            found = meaning(word, part)
            if found is not None:
                return found
            self._tell(f"expected one of these keys, found {word!r}: {_offered(part)}")

    @staticmethod
    def _summed(parts: Sequence[ReviewPart], answers: dict[int, str], skipped: set[int]) -> Reviewed:
        done = Reviewed(Counter(answers.values()), skipped=len(skipped))
        done.right = sum(parts[index].label == label for index, label in answers.items())
        done.audited = sum(parts[index].audited for index in answers)
        return done


def meaning(word: str, part: ReviewPart) -> str | None:
    """Return what a key or a word says of a part: a label, RIGHT, SKIP, BACK or QUIT; None for nothing known.

    A label's own name comes first, so a class that is called "skip" can be named.
    """
    word = word.strip()
    if word in part.labels:
        return word
    keys = dict(zip(LABEL_KEYS, part.labels, strict=False))
    if word in keys:
        return keys[word]
    key = _WORDS.get(word.lower(), word.lower())
    if key == RIGHT:
        return RIGHT if part.label else None
    if key == UNKNOWN:
        return UNKNOWN_LABEL
    return key if key in (SKIP, BACK, QUIT) else None


def _offered(part: ReviewPart) -> str:
    labels = [f"{key} {label}" for key, label in zip(LABEL_KEYS, part.labels, strict=False)]
    unkeyed = "or a label's name" if len(part.labels) > len(LABEL_KEYS) else ""
    right = f"{RIGHT} right" if part.label else ""
    words = [right, *labels, unkeyed, f"{UNKNOWN} unknown", f"{SKIP} skip", f"{BACK} back", f"{QUIT} quit"]
    return ", ".join(word for word in words if word)
