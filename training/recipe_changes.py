"""What command-line options change in a recipe. No imports of weight: `edge-sort train --help` must be quick."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from edge.errors import EdgeSortError

DEFAULT_RECIPE = "small-cnn"
LARGEST_SEED = 2**32 - 1  # that NumPy and so Keras take

# option -> the keys of the recipe that it sets
_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "weights": (("network", "weights"),),
    "size": (("input", "width_px"), ("input", "height_px")),
    "color": (("input", "color"),),
    "epochs": (("epochs",),),
    "batch": (("batch",),),
    "learning_rate": (("optimizer", "learning_rate"),),
    "seed": (("seed",),),
    "validation": (("split", "validation"),),
    "test": (("split", "test"),),
}


class RecipeError(EdgeSortError):
    """A recipe cannot be read or used."""


def from_options(options: Mapping[str, Any], no_augment: bool = False) -> dict[str, Any]:
    """Return the changes that options make; those that are None were not given."""
    changes: dict[str, Any] = {"augment": None} if no_augment else {}
    for option, value in options.items():
        if value is not None:
            for keys in _KEYS[option]:
                _put(changes, keys, value)
    return changes


def from_setting(setting: str) -> dict[str, Any]:
    """Return the change that `--set KEY=VALUE` makes. VALUE is TOML; what is not, is taken for a word.

    Raises RecipeError when there is no key.
    """
    key, equals, text = setting.partition("=")
    if not equals or not all(key.strip().split(".")):
        raise RecipeError(f"--set: expected KEY=VALUE, such as optimizer.kind=sgd, found {setting!r}; correct it")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except ValueError:  # of TOML, of a number of 5,000 digits
        value = text.strip()
    changes: dict[str, Any] = {}
    _put(changes, tuple(key.strip().split(".")), value)
    return changes


def _put(changes: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        changes = changes.setdefault(key, {})
    changes[keys[-1]] = value
