"""What a set of pictures consists of, before anyone trains on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.dataset import Dataset, Item, Skipped
from training.look_alikes import LookAlike

SAMPLES_PER_CLASS = 8


@dataclass(frozen=True)
class Overview:
    """Counts, sizes, samples and suspicions of a set of pictures.

    `counts[label][subset]` are numbers of pictures; `samples[label]` a few drawn by seed; `look_alikes` the pairs that
    seem to be one shot, positions in `items`, those under two labels first: one of these labels is wrong.
    """

    items: tuple[Item, ...]
    subset_of: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    sizes_px: tuple[tuple[int, int], ...]
    samples: dict[str, list[Item]]
    look_alikes: tuple[LookAlike, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    @property
    def groups(self) -> int:
        """How many things the pictures show, as far as names and looks tell."""
        return len({item.group for item in self.items})

    @property
    def size_range_px(self) -> dict[str, list[int]]:
        """Least, middle and most width and height."""
        widths, heights = np.array(self.sizes_px).T
        return {
            name: [int(values.min()), int(np.median(values)), int(values.max())]
            for name, values in (("width_px", widths), ("height_px", heights))
        }

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain values; pictures by their path below the data folder."""
        return {
            "pictures": len(self.items),
            "groups": self.groups,
            "counts": self.counts,
            "sizes": self.size_range_px,
            "samples": {label: [item.relative for item in items] for label, items in self.samples.items()},
            "look_alikes": [self.pair_json(pair) for pair in self.look_alikes],
            "skipped": [{"path": one.path, "reason": one.reason} for one in self.skipped],
            "notes": list(self.notes),
        }

    def pair_json(self, pair: LookAlike) -> dict[str, Any]:
        """Say what stands behind a pair of look-alikes."""
        first, second = self.items[pair.first], self.items[pair.second]
        return {
            "first": first.relative,
            "second": second.relative,
            "bits": pair.bits,
            "same_file": first.sha256 == second.sha256,
            "labels": [first.label, second.label],
            "subsets": [self.subset_of[pair.first], self.subset_of[pair.second]],
        }


def overview(data: Dataset, split: Mapping[str, Sequence[int]], seed: int) -> Overview:
    """Sum up the pictures of a data folder and where each of them went. The same seed shows the same samples."""
    subset_of = {index: subset for subset, indices in split.items() for index in indices}
    counts = {
        label: {subset: sum(data.items[index].label == label for index in indices) for subset, indices in split.items()}
        for label in data.labels
    }
    labels = [item.label for item in data.items]
    random = np.random.default_rng(seed)
    return Overview(
        items=data.items,
        subset_of=tuple(subset_of[index] for index in range(len(data.items))),
        counts=counts,
        sizes_px=data.sizes_px,
        samples={label: _samples(data.items, label, random) for label in data.labels},
        look_alikes=tuple(sorted(data.look_alikes, key=lambda pair: labels[pair.first] == labels[pair.second])),
        skipped=data.skipped,
        notes=data.notes,
    )


def _samples(items: Sequence[Item], label: str, random: np.random.Generator) -> list[Item]:
    own = [item for item in items if item.label == label]
    chosen = random.choice(len(own), min(SAMPLES_PER_CLASS, len(own)), replace=False)
    return [own[index] for index in sorted(chosen)]
