"""What those who watch a line may ask of it, as bounded JSON: nothing from a browser is ever unpickled here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from edge.states import Command
from edge.tables import Table

MOST_BYTES = 2048
AskedCommand = Literal[Command.START, Command.HOLD, Command.STOP, Command.RESET]
_Name = Annotated[str, Field(max_length=80)]


class CommandAsked(Table):
    """Somebody presses a button of the page. at: when, on the machine clock."""

    kind: Literal["command"] = "command"
    ask: int
    at: float
    command: AskedCommand
    by: _Name


class LabelAsked(Table):
    """Somebody says what a part of this run was."""

    kind: Literal["label"] = "label"
    ask: int
    part: int = Field(ge=0, lt=2**31)
    label: _Name
    by: _Name


class SlotFreed(Table):
    """A picture has been read."""

    kind: Literal["freed"] = "freed"
    slot: int = Field(ge=0, lt=64)


class Watchers(Table):
    """So many look at the live picture now."""

    kind: Literal["watchers"] = "watchers"
    count: int = Field(ge=0)


Asked = CommandAsked | LabelAsked | SlotFreed | Watchers
_ASKED: TypeAdapter[Asked] = TypeAdapter(Annotated[Asked, Field(discriminator="kind")])


def read_asked(message: bytes) -> Asked | None:
    """Return what was asked, None for what nobody can have asked."""
    try:
        return _ASKED.validate_json(message)
    except ValidationError:
        return None
