"""What the tables of a machine file have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PI_PINS = range(28)
Pin = Annotated[int, Field(ge=0, le=27)]
PinOfEither = Annotated[int, Field(ge=0, le=29)]  # a Pi's, or a board's: an RP2040 has the most of them


class Table(BaseModel):
    """A table whose unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
