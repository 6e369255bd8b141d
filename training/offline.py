"""Enlarge a data set once, before it is split, as paper 2 does: varied copies of its pictures, saved as files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.augment import augment
from training.dataset import Dataset, Item, file_sha256
from training.recipe import OfflineSettings


def enlarge(data: Dataset, settings: OfflineSettings, seed: int, folder: Path) -> Dataset:
    """Return `data` with varied pictures added, all of them saved in `folder` as the model inputs they are.

    Each added picture varies an original drawn at random. Unless settings.together, every picture then is a group of
    its own, so that one photo may stand on both sides of the split: that is the paper's protocol.
    """
    random = np.random.default_rng([seed, 0])
    extra = round(settings.per_original * len(data.items))
    sources = [*range(len(data.items)), *random.integers(0, len(data.items), extra).tolist()]
    items: list[Item] = []
    inputs = np.empty((len(sources), *data.inputs.shape[1:]), dtype=np.uint8)
    for number, source in enumerate(sources):
        added = number - len(data.items)
        pixels = data.inputs[source]
        inputs[number] = pixels if added < 0 else augment(pixels[np.newaxis], settings.augment, random)[0]
        suffix = "" if added < 0 else f".varied{added:05d}"
        items.append(_saved(data.items[source], suffix, inputs[number], folder, settings.together))
    note = (
        f"{extra} varied pictures were added to {len(data.items)} originals before the split; those of one original "
        + ("stay on one side of it" if settings.together else "may stand on both sides of it, as in the paper")
    )
    return replace(
        data,
        folder=folder,
        items=tuple(items),
        inputs=inputs,
        notes=(*data.notes, note),
        sizes_px=tuple(data.sizes_px[source] for source in sources),
        given_split=_with_copies(data.given_split, sources),
    )


def _with_copies(given: dict[str, list[int]] | None, sources: list[int]) -> dict[str, list[int]] | None:
    """Put every copy on the side of its original, where the folder was divided already."""
    if given is None:
        return None
    side = {position: subset for subset, positions in given.items() for position in positions}
    split: dict[str, list[int]] = {subset: [] for subset in given}
    for position, source in enumerate(sources):
        split[side[source]].append(position)
    return split


def _saved(original: Item, suffix: str, pixels: NDArray[np.uint8], folder: Path, together: bool) -> Item:
    """Save a model input without loss: `preprocess` gives the same pixels back when it is read again."""
    relative = f"{original.relative}{suffix}.png"
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.squeeze()).save(path)
    group = original.group if together else relative
    return replace(original, path=path, relative=relative, group=group, sha256=file_sha256(path))
