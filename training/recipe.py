"""A recipe: everything that decides what a training makes of its pictures, as data.

Recipes are TOML files. Those that ship lie in `training/recipes`; a user's own is named by its path. Data, recipe and
seed together reproduce a run: same split and, on one CPU machine, same metrics.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import EdgeSortError
from edge.preprocess import InputSpec
from edge.problems import key_problem, most_telling
from training.augment import AugmentSettings
from training.network_settings import KerasNetworkSettings, NetworkSettings
from training.optimizers import AdamSettings, OptimizerSettings
from training.recipe_changes import LARGEST_SEED, RecipeError
from training.split import Fractions

SHIPPED = Path(__file__).parent / "recipes"
_WITHOUT = "leave the weights out, or choose another recipe"


class OfflineSettings(BaseModel):
    """Enlarge the data once, before anything else, as paper 2 does.

    per_original: varied pictures per original, each of an original drawn at random. together: whether all that comes
    from one original stays on one side of the split.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    per_original: float = Field(gt=0, le=1000)
    together: bool
    augment: AugmentSettings


class FrozenSettings(BaseModel):
    """Train the classifier on what the frozen backbone sees. views: varied ones of each picture, beside itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    views: int = Field(default=8, ge=1, le=1000)


class FineTuneSettings(BaseModel):
    """A stage after the classifier's: the last `blocks` blocks of the backbone learn too, from varied pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    blocks: int = Field(ge=1)
    epochs: int = Field(ge=1)
    patience_epochs: int | None = Field(default=None, ge=1)
    optimizer: OptimizerSettings


class Recipe(BaseModel):
    """How to train.

    summary: one line for `edge-sort recipes`. note: what its figures mean, shown with them. batch: pictures per step.
    patience_epochs: stop when the validation loss has not improved for so long; absent means never. keep: "best" is
    the epoch with the lowest validation loss. augment: varies each batch; absent trains on the pictures as they are.
    offline: absent trains on the pictures that there are. frozen: epochs, batch and optimizer are those of the
    classifier on a frozen backbone; fine_tune follows. From random weights neither applies: all of it is trained.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    summary: str = Field(min_length=1)
    note: str = ""
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    epochs: int = Field(ge=1)
    batch: int = Field(ge=1)
    patience_epochs: int | None = Field(default=None, ge=1)
    keep: Literal["best", "last"] = "best"
    weight_classes: bool = True
    input: InputSpec
    split: Fractions = Fractions()
    network: NetworkSettings
    optimizer: OptimizerSettings = AdamSettings()
    augment: AugmentSettings | None = None
    offline: OfflineSettings | None = None
    frozen: FrozenSettings | None = None
    fine_tune: tuple[FineTuneSettings, ...] = ()

    @property
    def transfers(self) -> bool:
        """Whether a trained backbone is kept frozen first."""
        return self.frozen is not None and getattr(self.network, "weights", "none") != "none"

    @property
    def total_epochs(self) -> int:
        """The epochs of all stages."""
        return self.epochs + (sum(stage.epochs for stage in self.fine_tune) if self.transfers else 0)

    @model_validator(mode="after")
    def _check_stages(self) -> Recipe:
        if self.frozen is not None and not isinstance(self.network, KerasNetworkSettings):
            raise RecipeError(
                f"expected a network with trained weights for [frozen], found {self.network.kind!r}; "
                "delete [frozen] or choose another network.kind"
            )
        if self.fine_tune and self.frozen is None:
            raise RecipeError("expected [frozen] before [[fine_tune]], found none; add it")
        return self

    def changed(self, changes: Mapping[str, Any], source: str = "the options given") -> Recipe:
        """Return the recipe with `changes` (tables may be partial) laid over it; `source` names them in errors.

        Raises RecipeError when the result is no recipe.
        """
        if not changes:
            return self
        return _validated(_laid_over(self.model_dump(mode="json", exclude_none=True), changes), source)


def shipped_recipes() -> dict[str, Recipe]:
    """Read the recipes that come with edge-sort, by name."""
    return {path.stem: read_recipe(path.stem) for path in sorted(SHIPPED.glob("*.toml"))}


def read_recipe(name: str) -> Recipe:
    """Read a shipped recipe by its name, or one's own by the path of its .toml file.

    Raises RecipeError naming the file and the key that is wrong.
    """
    text = recipe_text(name)
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of TOML, of a number of 5,000 digits
        raise RecipeError(f"{name}: expected TOML, found: {error}; mend that line") from error
    return _validated(raw, name)


def recipe_text(name: str) -> str:
    """Return the text of a recipe named as for `read_recipe`. Raises RecipeError when there is none."""
    path = Path(name) if name.endswith(".toml") else SHIPPED / f"{name}.toml"
    try:
        return path.read_text(encoding="utf-8-sig")  # Windows editors put a mark at the start
    except FileNotFoundError as error:
        raise RecipeError(_unknown(name)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{name}: expected a recipe in UTF-8 that can be read, found: {error}; mend that") from error


def _unknown(name: str) -> str:
    if name.endswith(".toml"):
        return f"{name}: expected a recipe, found no such file; correct the path"
    known = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.toml")))
    return f"expected one of the recipes {known}, or the path of a .toml file, found {name!r}; correct it"


def _validated(raw: Mapping[str, Any], source: str) -> Recipe:
    try:
        # as JSON, because strict there means: no text for a number, no true for a count, but a list for a tuple
        return Recipe.model_validate_json(json.dumps(raw, default=str), strict=True)
    except ValidationError as error:
        raise RecipeError(f"{source}: {_sentence(error, raw)}") from error
    except EdgeSortError as error:
        raise RecipeError(f"{source}: {error}") from error
    except ValueError as error:  # of a number of 5,000 digits
        raise RecipeError(f"{source}: expected shorter numbers, found: {error}; correct them") from error


def _sentence(error: ValidationError, raw: Mapping[str, Any]) -> str:
    first = most_telling(error.errors())
    key = _key(first["loc"], raw)
    if key == "network.weights":
        return f"expected a network that can start from trained weights, found {raw['network']['kind']!r}; {_WITHOUT}"
    if first["type"].startswith("union_tag"):
        return f"{key}.kind: {_kinds(first)}; correct it"
    return key_problem(key, first)


def _kinds(error: Any) -> str:
    context = error.get("ctx", {})
    if "tag" not in context:
        return "expected a name, found none"
    return f"expected one of {context['expected_tags']}, found {context['tag']!r}"


def _key(steps: tuple[int | str, ...], raw: Any) -> str:
    """The key as it stands in the file: pydantic puts the kind of a network or optimizer among the steps."""
    shown: list[str] = []
    for step in steps:
        if isinstance(raw, Mapping) and step not in raw and step == raw.get("kind"):
            continue
        shown.append(str(step))
        raw = raw.get(step) if isinstance(raw, Mapping) else None
    return ".".join(shown)


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables key by key; a network or optimizer of another kind keeps nothing of the old one."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping) and value.get("kind") in (None, below.get("kind")):
            merged[key] = _laid_over(below, value)
        else:
            merged[key] = value
    return merged
