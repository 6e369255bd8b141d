"""What a frozen backbone sees in each picture, computed once and kept on disk.

A backbone that does not change sees the same every time, and is nearly all of the work: with its features kept, an
epoch of the classifier on top takes milliseconds. Augmentation still counts: besides the picture as it is (view 0)
there are varied views of it, each drawn from its number and the picture's digest alone, so that every run sees the
same ones and finds them again.

A file in the cache folder holds one view of many pictures; its name is a digest of all that the features depend on
beside the picture: the backbone's weights, the preprocessing, the augmentation, the view. Files may be deleted at any
time, and a damaged one is computed again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.preprocess import InputSpec
from training.augment import AugmentSettings, augment

if TYPE_CHECKING:
    import keras

_FORMAT = "1"
_AT_ONCE = 32


def default_cache() -> Path:
    """Return the folder for features in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "edge-sort" / "features"


@dataclass(frozen=True)
class Pictures:
    """Model inputs, (N, H, W, C) uint8, and the sha256 of the file of each."""

    inputs: NDArray[np.uint8]
    digests: Sequence[str]


class FeatureCache:
    """The features of one backbone on one kind of model input. `computed` and `found` count views of pictures."""

    def __init__(self, folder: Path, backbone: keras.Model, spec: InputSpec, settings: AugmentSettings | None) -> None:
        self._folder, self._backbone, self._settings = folder, backbone, settings
        self._identity = f"{_FORMAT} {_weights_digest(backbone)} {spec.model_dump_json()}"
        self.computed, self.found = 0, 0

    def view(self, pictures: Pictures, number: int, on_done: Callable[[int], None] = lambda _done: None) -> Any:
        """Return view `number` of every picture, (N, F) float32; on_done hears how many more are ready."""
        path = self._path(number)
        known = _load(path)
        missing = [index for index, digest in enumerate(pictures.digests) if digest not in known]
        self.computed, self.found = self.computed + len(missing), self.found + len(pictures.digests) - len(missing)
        on_done(len(pictures.digests) - len(missing))
        for chunk in _chunks(missing):
            inputs = np.stack([self._varied(pictures, index, number) for index in chunk])
            for index, features in zip(chunk, self._seen(inputs), strict=True):
                known[pictures.digests[index]] = features
            on_done(len(chunk))
        if missing:
            _save(path, known)
        return np.stack([known[digest] for digest in pictures.digests])

    def _path(self, number: int) -> Path:
        varied = self._settings.model_dump_json() if self._settings and number else ""
        name = hashlib.sha256(f"{self._identity} {number} {varied}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.npz"

    def _varied(self, pictures: Pictures, index: int, number: int) -> NDArray[np.uint8]:
        pixels: NDArray[np.uint8] = pictures.inputs[index]
        if number == 0 or self._settings is None:
            return pixels
        random = np.random.default_rng([number, int(pictures.digests[index], 16)])
        varied: NDArray[np.uint8] = augment(pixels[np.newaxis], self._settings, random)[0]
        return varied

    def _seen(self, inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Always the same batch size: one graph, and the same arithmetic for a picture whatever comes with it."""
        padded = np.zeros((_AT_ONCE, *inputs.shape[1:]), np.float32)
        padded[: len(inputs)] = inputs
        features: NDArray[np.float32] = np.asarray(self._backbone.predict_on_batch(padded), np.float32)
        return features[: len(inputs)]


def _weights_digest(backbone: keras.Model) -> str:
    digest = hashlib.sha256(f"{backbone.name} {backbone.input_shape}".encode())
    for values in backbone.get_weights():
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _chunks(indices: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(indices), _AT_ONCE):
        yield indices[start : start + _AT_ONCE]


def _load(path: Path) -> dict[str, NDArray[np.float32]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return dict(zip(stored["digests"].tolist(), stored["features"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # absent or damaged
        return {}


def _save(path: Path, known: dict[str, NDArray[np.float32]]) -> None:
    """Written aside and renamed: another training that reads it finds the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
        draft = Path(file.name)
        try:
            np.savez(file, digests=np.array(list(known)), features=np.stack(list(known.values())))
            file.flush()
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
