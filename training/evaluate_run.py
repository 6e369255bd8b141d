"""Show a trained network or a bundle labelled pictures, and say what it is worth on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge.bundle import FACTS_FILE, open_bundle
from edge.durable import require_unused, whole_folder
from edge.errors import DataError
from edge.labelled import held_out
from edge.preprocess import InputSpec
from training.answers import Answers, Scorer, answers_to, classifier_scorer, network_scorer
from training.dataset import Dataset, label_indices, read_found
from training.doubts import doubts
from training.folders import Found, find_pictures, given_sides, require_outside
from training.groups import group_by_name
from training.history import HISTORY_FILE, Epoch, read_history
from training.overview import overview
from training.report import Examination, metrics_object, write_report
from training.run_folder import RUN_FILE, SPLIT_FILE, open_run

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Model:
    """What is evaluated. known: digests of pictures that made it; knows_all: whether it knows them all."""

    name: str
    kind: str
    labels: tuple[str, ...]
    spec: InputSpec
    scorer: Scorer
    known: frozenset[str]
    knows_all: bool
    history: tuple[Epoch, ...] = ()
    best_epoch: int = 0


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation gave: the facts for JSON, and what the user must hear."""

    examined: Examination
    facts: Mapping[str, Any]


def evaluate_run(
    source: Path, data: Path | None, out: Path | None, tell: Tell, run_data: Path | None = None
) -> Evaluated:
    """Evaluate a run folder or a bundle on `data`, or a run on its own test pictures; write the page into `out`.

    data: a folder per class, one divided into train, validation and test (its test pictures), or a split.json.
    run_data: where the run's own pictures lie now, if they moved since training; asked only without `data`.
    Raises DataError or BundleError when model, pictures or `out` cannot be used.
    """
    if out is not None:
        require_unused(out)
        if data is not None:
            require_outside(out, data)
    is_bundle = _is_bundle(source)
    if data is None and is_bundle:
        raise DataError(
            f"{source}: expected pictures to show to the bundle, found none given; add a folder per class, or the "
            "split.json of the run it was made from"
        )
    place = data or source / SPLIT_FILE
    model = _open_bundle(source) if is_bundle else _open_run(source, run_data, own_pictures=data is None)
    pictures = _read(place, run_data, model, tell)
    answers = answers_to(pictures.inputs, label_indices(pictures.items, model.labels), model.scorer, model.labels)
    examined = _examined(model, pictures, answers, place)
    for warning in examined.warnings:
        tell(f"Warning: {warning}")
    if out is None:
        return Evaluated(examined, metrics_object(examined))
    with whole_folder(out) as draft:
        return Evaluated(examined, write_report(draft, examined))


def _is_bundle(source: Path) -> bool:
    if (source / FACTS_FILE).is_file():
        return True
    if (source / RUN_FILE).is_file():
        return False
    raise DataError(
        f"{source}: expected a run folder with {RUN_FILE} or a bundle with {FACTS_FILE}, found neither; make one with "
        "edge-sort train or edge-sort quantize"
    )


def _open_bundle(folder: Path) -> Model:
    bundle = open_bundle(folder)
    calibrated = bundle.facts.provenance.get("calibration", {}).get("pictures", [])
    return Model(
        name=folder.resolve().name,
        kind="integer model of a bundle, run as on the device",
        labels=bundle.labels,
        spec=bundle.facts.input,
        scorer=classifier_scorer(bundle.classifier()),
        known=frozenset(one["sha256"] for one in calibrated),
        knows_all=False,
    )


def _open_run(folder: Path, run_data: Path | None, own_pictures: bool) -> Model:
    """Open a trained network. Its own pictures must be unchanged when they are what it is tested on."""
    run = open_run(folder, run_data, check_pictures=own_pictures)
    history, best_epoch = read_history(folder) if (folder / HISTORY_FILE).exists() else ((), 0)
    return Model(
        name=folder.resolve().name,
        kind="float network of a training run",
        labels=run.labels,
        spec=run.spec,
        scorer=network_scorer(run.load_model()),
        known=frozenset(item.sha256 for subset in ("train", "validation") for item in run.split[subset]),
        knows_all=True,
        history=history,
        best_epoch=best_epoch,
    )


def _read(place: Path, run_data: Path | None, model: Model, tell: Tell) -> Dataset:
    found, root = _found(place, run_data)
    _check_labels(place, {one.label for one in found}, model)
    tell(f"reading {len(found)} pictures")
    pictures = replace(read_found(found, root, model.spec, group_by_name), notes=())  # they are about dividing
    for skipped in pictures.skipped:
        tell(f"Warning: skipped {skipped.reason}")
    return pictures


def _found(place: Path, run_data: Path | None) -> tuple[list[Found], Path]:
    """List the pictures to test on, and the folder they all lie below."""
    if place.is_file():
        tested = held_out(place, run_data)
        root = tested.root
        return [Found(one.label, one.path, one.path.relative_to(root).as_posix()) for one in tested.pictures], root
    if given_sides(place):
        return [Found(one.label, one.path, one.name) for one in find_pictures(place) if one.side == "test"], place
    return find_pictures(place, least_classes=1), place


def _check_labels(place: Path, found: set[str], model: Model) -> None:
    if unknown := sorted(found - set(model.labels)):
        raise DataError(
            f"{place}: expected pictures of {', '.join(model.labels)}, which the model tells apart, found "
            f"{', '.join(unknown)}; rename or remove what it cannot know, or train a model on all of them"
        )


def _examined(model: Model, pictures: Dataset, answers: Answers, place: Path) -> Examination:
    every = range(len(pictures.items))
    return Examination(
        name=model.name,
        answers=answers,
        items=pictures.items,
        overview=overview(pictures, {"test": list(every)}, seed=0),
        doubts=doubts(pictures.items, ["test" for _ in every], answers),
        asked=len(pictures.items),
        history=model.history,
        best_epoch=model.best_epoch,
        warnings=_warnings(model, pictures),
        origin={"Model": f"{model.name}, {model.kind}", "Pictures": place.resolve().name},
    )


def _warnings(model: Model, pictures: Dataset) -> tuple[str, ...]:
    warnings = []
    if missing := [label for label in model.labels if label not in pictures.labels]:
        warnings.append(
            f"expected pictures of all {len(model.labels)} classes, found none of {', '.join(missing)}; nothing is "
            "said about these, and the averages leave them out"
        )
    if seen := sum(item.sha256 in model.known for item in pictures.items):
        least = "" if model.knows_all else "at least "
        warnings.append(
            f"{least}{seen} of {len(pictures.items)} pictures helped to make this model, so the figures flatter it; "
            "test on pictures it has never seen"
        )
    return tuple(warnings)
