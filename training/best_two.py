"""Do the best two recipes of a study differ, or was one lucky? Paired by seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training.statistics import ResampledMean, resampled_mean
from training.study_runs import FinishedRun

SURE = 0.05


@dataclass(frozen=True)
class BestTwo:
    """The best two recipes, paired by seed. difference: of accuracy, first minus second, over the common seeds.

    same_pictures: whether both were tested on the same pictures, seed by seed.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    ahead: int
    behind: int
    difference: ResampledMean
    same_pictures: bool

    @property
    def verdict(self) -> str:
        """One plain sentence."""
        if self.difference.runs < 2:
            return f"One common seed cannot tell whether {self.first} and {self.second} differ or were lucky"
        if self.difference.p is None:
            return (
                f"{self.first} is ahead of {self.second} by the same {_points(self.difference.mean)} on each seed: "
                "without any spread chance cannot be judged"
            )
        if self.difference.p == 1:
            return f"{self.first} and {self.second} are equally good on average"
        if self.difference.p >= SURE:
            return f"The difference between {self.first} and {self.second} may be chance"
        if not self.same_pictures:  # an easier test gives higher figures without a better network
            return f"{self.first} scores higher than {self.second}, on other test pictures"
        return f"{self.first} is better than {self.second}; chance alone hardly explains it"

    @property
    def details(self) -> str:
        """What the verdict rests on."""
        found = self.difference
        told = (
            f"{_points(found.mean)} on average over {len(self.seeds)} common seed{'s' if len(self.seeds) > 1 else ''}"
        )
        if found.interval:
            low, high = (_signed(max(-1.0, min(1.0, end))) for end in found.interval)
            told += f" (95 % interval {low} to {high})"
        ties = len(self.seeds) - self.ahead - self.behind
        told += f", ahead in {self.ahead}, behind in {self.behind}, equal in {ties}"
        return told if found.p is None else f"{told}; corrected resampled t-test, p = {p_value(found.p)}"

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain values."""
        return {
            "first": self.first,
            "second": self.second,
            "seeds": list(self.seeds),
            "difference": self.difference.mean,
            "interval": list(self.difference.interval) if self.difference.interval else None,
            "p": self.difference.p,
            "ahead": self.ahead,
            "behind": self.behind,
            "same_pictures": self.same_pictures,
            "verdict": self.verdict,
            "details": self.details,
        }


def best_two(runs: Sequence[Sequence[FinishedRun]], test_to_train: float) -> BestTwo | None:
    """Pair the runs of two recipes over their common seeds; the one that is better there comes first.

    test_to_train: of training.statistics.resampled_mean. None when there are not two recipes with a common seed.
    """
    if len(runs) < 2:
        return None
    first, second = ({run.name.seed: run for run in own} for own in runs)
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        return None
    pairs = [(first[seed], second[seed]) for seed in seeds]
    if sum(one.accuracy - other.accuracy for one, other in pairs) < 0:
        pairs = [(other, one) for one, other in pairs]
    differences = [one.accuracy - other.accuracy for one, other in pairs]
    return BestTwo(
        first=pairs[0][0].name.recipe,
        second=pairs[0][1].name.recipe,
        seeds=tuple(seeds),
        ahead=sum(difference > 0 for difference in differences),
        behind=sum(difference < 0 for difference in differences),
        difference=resampled_mean(differences, test_to_train),
        same_pictures=all(one.tested == other.tested for one, other in pairs),
    )


def p_value(p: float) -> str:
    """Show a p-value without digits that nobody can trust."""
    return "below 0.001" if p < 0.001 else f"{p:.3f}"


def _signed(share: float) -> str:
    return f"{share * 100:+.1f}".replace("-", "\N{MINUS SIGN}")


def _points(share: float) -> str:
    return f"{_signed(share)} percentage points"
