"""Load a library that only some installations have, or say how to install it."""

from __future__ import annotations

import importlib
from types import ModuleType

from edge.errors import MissingPackageError


def need(module: str, extra: str, purpose: str) -> ModuleType:
    """Import `module`, which belongs to the optional install `extra`.

    Raises MissingPackageError with the command to run when it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"{purpose} needs the Python package {module.split('.')[0]!r}, which cannot be loaded here ({error}); "
            f"install edge-sort with it, in its folder: pip install '.[{extra}]'"
        ) from error
