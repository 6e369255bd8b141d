"""Load TensorFlow and Keras quietly, or say how to install them."""

from __future__ import annotations

import os
import sys
from types import ModuleType

from edge.extras import need
from edge.quiet import native_stderr_silenced


def load_tensorflow(purpose: str) -> ModuleType:
    """Import tensorflow without its notices about processors and drivers.

    Raises MissingPackageError, with `purpose` and the command to run, when it is not installed.
    """
    return _load("tensorflow", purpose)


def load_keras(purpose: str) -> ModuleType:
    """Import keras on TensorFlow. Raises MissingPackageError like `load_tensorflow`."""
    _load("tensorflow", purpose)
    return _load("keras", purpose)


def _load(name: str, purpose: str) -> ModuleType:
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with native_stderr_silenced():  # TensorFlow's first notices come before its log level is heeded
        return need(name, "desktop", purpose)
