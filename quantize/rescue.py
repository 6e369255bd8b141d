"""Try remedies in order on the validation pictures and take the first that is good enough, else the nearest to float.

The test pictures have no say in the choice. Whoever takes the remedy is judged on them like any other model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.model_graph import read_graph
from quantize.calibrate import choose_calibration
from quantize.integer_model import load_integer_model
from quantize.remedies import Patient, Remedy
from quantize.weights_alone import WeightsAlone
from training.answers import Answers, answers_to, classifier_scorer, network_scorer
from training.dataset import label_indices, load_inputs
from training.run_folder import Run

PICTURES = 500
LESS_STRAY = 0.75
LEAST_AGREEMENT = 0.9
ERROR_DIGITS = 4  # of a score's error; behind them processors differ, and nothing may hang on that


@dataclass(frozen=True)
class Trial:
    """One remedy, measured on the validation pictures.

    right: pictures answered right. agreement: share of answers that are the float model's. score_error: mean absolute
    difference of all scores from the float model's. float_layers: Keras' names of single layers left in float. All
    shares 0..1.
    """

    remedy: str
    right: int
    accuracy: float
    agreement: float
    score_error: float
    size_bytes: int
    full_integer: bool
    float_layers: tuple[str, ...]
    good_enough: bool


@dataclass(frozen=True)
class Rescue:
    """What was tried, the plain int8 model first, and which of them was taken; None when the plain one stays."""

    pictures: int
    right_float: int
    trials: tuple[Trial, ...]
    taken: str | None

    @property
    def trial(self) -> Trial | None:
        """The remedy that was taken."""
        return next((trial for trial in self.trials if trial.remedy == self.taken), None)

    @property
    def sentence(self) -> str:
        """What became of it, as a clause."""
        trial = self.trial
        none = f"none of {len(self.trials) - 1} remedies was good enough on {self.pictures} validation pictures"
        if trial is None:
            return none
        taken = (
            f"remedy taken: {trial.remedy}" if trial.good_enough else f"{none}; the nearest is judged: {trial.remedy}"
        )
        return f"{taken} ({', '.join(trial.float_layers)})" if trial.float_layers else taken


@dataclass(frozen=True)
class Rescued:
    """The account, and the remedy that was taken."""

    account: Rescue
    remedy: Remedy | WeightsAlone | None


def mends(trial: Trial, plain: Trial | None, least_right: float) -> bool:
    """Whether a remedy is good enough, as `rescue` says. plain: the model to mend, which itself mends nothing: None."""
    return plain is not None and trial.right >= least_right - 1e-9 and comes_near(trial, plain, least_right)


def comes_near(trial: Trial, plain: Trial, least_right: float) -> bool:
    """Whether a remedy's answers and scores are near enough to the float model's, however many of them are right."""
    less = LESS_STRAY if plain.right >= least_right - 1e-9 else 1
    return trial.agreement >= LEAST_AGREEMENT and trial.score_error <= plain.score_error * less


def rescue(
    patient: Patient, run: Run, model: Any, max_drop: float, tell: Callable[[str], None], *, integer_only: bool = False
) -> Rescued:
    """Try the remedies for `patient`. model: the float network. max_drop: what may be lost, 0..1.

    Good enough is what loses no more than `max_drop`, gives the float model's answer to LEAST_AGREEMENT of the pictures
    (few pictures are answered right as often by chance too), and whose scores stray no farther than the plain model's;
    where the plain model itself loses no more on these pictures, they must stray less: to a share of LESS_STRAY. Where
    nothing is good enough, the nearest of those is judged that lack nothing but right answers: a close call more or
    less decides about these, and the judge counts again on the test pictures.
    integer_only: try nothing that leaves any of the model in float, as for an Edge TPU.
    """
    ward = _Ward(run, model, max_drop)
    tried = [_Tried(patient.plain, ward.measure(patient.plain, None))]
    for remedy in _remedies(patient, tried, integer_only):
        tell(f"trying {remedy.name}")
        try:
            tried.append(_Tried(remedy, ward.measure(remedy, tried[0].trial)))
        except ModelError as error:  # no reason to give up the remedies that come after it
            tell(f"Note: {remedy.name} is left out: {error}")
        if tried[-1].trial.good_enough:
            break
    taken = _taken(tried, ward.least_right)
    return Rescued(ward.account([one.trial for one in tried], taken), None if taken is None else taken.remedy)


def _taken(tried: Sequence[_Tried], least_right: float) -> _Tried | None:
    """Return the one that is good enough, else the nearest of those that come near; of equals the mildest."""
    plain, *remedies = tried
    if remedies and remedies[-1].trial.good_enough:
        return remedies[-1]
    near = [one for one in remedies if comes_near(one.trial, plain.trial, least_right)]
    return min(near, key=attrgetter("error"), default=None)


def _remedies(patient: Patient, tried: Sequence[_Tried], integer_only: bool) -> Iterator[Remedy | WeightsAlone]:
    """Yield the remedies, the mildest first. tried: what has been measured when the next one is asked for."""
    yield from patient.integer_remedies()
    if integer_only:
        return
    suited = [
        (one.error, one.remedy)
        for one in reversed(tried)  # of equals, the one that does more
        if isinstance(one.remedy, Remedy) and not one.remedy.int8_biases
    ]
    yield from patient.float_remedies(min(suited, key=itemgetter(0))[1])
    yield patient.last_resort()


@dataclass(frozen=True)
class _Tried:
    remedy: Remedy | WeightsAlone
    trial: Trial

    @property
    def error(self) -> float:
        """How far its scores stray, as far as processors agree."""
        return round(self.trial.score_error, ERROR_DIGITS)


class _Ward:
    """The validation pictures, a class-balanced sample of PICTURES when there are more, and the float answers."""

    def __init__(self, run: Run, model: Any, max_drop: float) -> None:
        items = choose_calibration(run.split["validation"], count=PICTURES, seed=run.seed)
        self._run = run
        self._inputs: NDArray[np.uint8] = load_inputs(items, run.spec)
        self._truth = label_indices(items, run.labels)
        self._floats = self._answers(network_scorer(model))
        self.least_right = self._floats.accuracy.right - max_drop * len(self._truth)

    def measure(self, remedy: Remedy | WeightsAlone, plain: Trial | None) -> Trial:
        """Convert a remedy and ask it. plain: what it has to beat."""
        data = remedy.convert()
        answers = self._answers(
            classifier_scorer(load_integer_model(data, self._run.labels, self._run.spec).classifier)
        )
        right = answers.accuracy.right
        trial = Trial(
            remedy=remedy.name,
            right=right,
            accuracy=right / len(self._truth),
            agreement=float((answers.answered == self._floats.answered).mean()),
            score_error=float(np.abs(answers.scores - self._floats.scores).mean()),
            size_bytes=len(data),
            full_integer=read_graph(data).full_integer,
            float_layers=remedy.float_layers,
            good_enough=False,
        )
        return replace(trial, good_enough=mends(trial, plain, self.least_right))

    def account(self, trials: Sequence[Trial], taken: _Tried | None) -> Rescue:
        """Put the trials together."""
        name = None if taken is None else taken.remedy.name
        return Rescue(len(self._truth), self._floats.accuracy.right, tuple(trials), name)

    def _answers(self, scorer: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> Answers:
        return answers_to(self._inputs, self._truth, scorer, self._run.labels)


def rescue_object(account: Rescue) -> dict[str, Any]:
    """Return the account for JSON and for the bundle's provenance."""
    return asdict(account)
