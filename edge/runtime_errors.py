"""What a TFLite runtime says of a model that it cannot run, in a sentence for the user."""

from __future__ import annotations

import re
from pathlib import Path

_CUSTOM_OPERATOR = re.compile(r"unresolved custom op: ([^\s]+?)\.?(?:\s|$)")


def cannot_run(model: Path, error: Exception, *, accelerated: bool) -> str:
    reason = _first_line(error)
    if accelerated:
        return (
            f"{model}: expected a model that this accelerator can execute, found: {reason}; "
            "compile it for this accelerator again, and update the accelerator's library"
        )
    if "edgetpu-custom-op" in reason:
        return f"{model}: compiled for a Coral Edge TPU and cannot run on the CPU; use the model it was compiled from"
    if custom := _CUSTOM_OPERATOR.search(reason):
        return (
            f"{model}: expected operators that every TFLite runtime has, found one that only its maker's program knows "
            f"({custom[1]}); export the model with built-in operators only"
        )
    if "Select TensorFlow op" in reason or "Flex" in reason:
        return (
            f"{model}: expected operators that every TFLite runtime has, found some of TensorFlow itself ({reason}); "
            "export the model with built-in operators only (TFLITE_BUILTINS)"
        )
    return f"{model}: expected a model this runtime can execute, found: {reason}; convert the model again"


def failed_in_use(model: Path, error: Exception, *, accelerated: bool) -> str:
    if accelerated:
        return (
            f"{model}: the accelerator failed in use: {_first_line(error)}; "
            "check its cable, its power and its temperature, plug it in again, and start again"
        )
    return f"{model}: the model failed in use: {_first_line(error)}; convert the model again"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
