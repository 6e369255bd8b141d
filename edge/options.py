"""Option types the commands share."""

from __future__ import annotations

import math
import sys
from typing import Any

import click
from click.core import ParameterSource


class FiniteRange(click.FloatRange):
    """A number in a range; click's own range lets `nan` pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number, or fail as a usage error."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number to count with.", param, ctx)
        return number


def given(name: str) -> bool:
    """Whether an option of the command that runs stands on the command line."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def ask_whether_clear() -> None:
    """Ask before something moves. Raises click.Abort at a no, a usage error where nobody is there to answer."""
    try:
        clear = click.confirm("Is everybody clear of it?")
    except click.Abort as error:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("expected an answer, found the end of the input; give --yes where you know") from error
    if not clear:
        raise click.Abort
