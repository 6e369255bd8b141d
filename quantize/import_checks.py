"""Whether a model made elsewhere is a classifier of pictures, and what its answers are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationError

from edge.errors import ModelError
from edge.preprocess import InputSpec
from edge.problems import first_problem
from edge.rehearsal import Trial
from edge.tflite_schema import Builtin

AnswerKind = Literal["scores", "logits"]
Filter = Literal["nearest", "bilinear", "bicubic", "lanczos"]
Fit = Literal["stretch", "pad", "crop"]

_WITHOUT_SCORES = "export the model up to its class scores"


def input_spec(path: Path, trial: Trial, resize_filter: Filter, fit: Fit) -> InputSpec:
    """Read the input spec off the model's input. Raises ModelError when that is not one picture, height by width."""
    shape = trial.input.shape
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in (1, 3):
        raise ModelError(
            f"{path}: expected an input of one picture, (1, height, width, 1 or 3), found {shape}; export a classifier "
            "of pictures with a batch of 1"
        )
    color: Literal["rgb", "grey"] = "rgb" if shape[3] == 3 else "grey"
    try:
        return InputSpec(width_px=shape[2], height_px=shape[1], color=color, resize_filter=resize_filter, fit=fit)
    except ValidationError as error:
        raise ModelError(f"{path}: its input cannot be used, {first_problem(error)}; use another model") from error


def check_output(path: Path, trial: Trial) -> int:
    """Return the number of the model's scores. Raises ModelError when its output is anything but scores."""
    shape, dtype = trial.output.shape, trial.output.dtype
    outputs = math.prod(shape)
    if not shape or outputs != shape[-1]:
        raise ModelError(
            f"{path}: expected one row of scores, (1, classes), found {shape}: it answers for several places in the "
            f"picture (detection or segmentation), or for several pictures; {_WITHOUT_SCORES} of one picture"
        )
    if dtype not in (np.uint8, np.int8, np.float32) or (dtype != np.float32 and trial.output.scale <= 0):
        raise ModelError(
            f"{path}: expected scores as float32 or as quantized uint8 or int8, found {dtype} with scale "
            f"{trial.output.scale:g}; {_WITHOUT_SCORES}"
        )
    if trial.input.dtype == np.int8 and trial.input.scale <= 0:
        raise ModelError(f"{path}: expected an int8 input to tell its scale, found none; convert the model again")
    if not np.isfinite(trial.answers).all():
        raise ModelError(f"{path}: expected scores, found values that are no numbers; export the model again")
    if not np.array_equal(trial.answers[0], trial.answers[2]):
        raise ModelError(
            f"{path}: expected the same answer to the same picture, found another after a picture in between: the "
            "model keeps a memory (recurrent); use one that does not"
        )
    return outputs


def answer_kind(trial: Trial, last_operator: int | None, given: AnswerKind | None) -> tuple[AnswerKind, str]:
    """Say whether the answers are scores from 0 to 1 or logits, and how that is known."""
    if given is not None:
        return given, "given"
    if last_operator in (Builtin.SOFTMAX, Builtin.LOGISTIC):
        return "scores", "in the file"
    low, high = float(trial.answers.min()), float(trial.answers.max())
    sums = trial.answers.sum(axis=1)
    slack = 0.02 + trial.output.scale * trial.answers.shape[1] / 2
    if low >= 0 and high <= 1 and np.abs(sums - 1).max() <= slack:
        return "scores", "assumed: on trial they lay between 0 and 1 and summed to 1"
    return "logits", "assumed: the model does not end in softmax or sigmoid"
