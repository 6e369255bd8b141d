"""What an operator may ask of the line. The line heeds it like a button: every rule of its states holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel, Field

from edge.line_asked import AskedCommand
from edge.states import State
from edge.web.door import SOMEBODY, Door, Person
from edge.web.hub import NO_ANSWER, Hub
from edge.web.problem import PROBLEMS

_Part = Annotated[int, Path(ge=0, lt=2**31)]


class CommandIn(BaseModel):
    """start, hold, stop or reset."""

    command: AskedCommand


class LabelIn(BaseModel):
    """What a part truly was. by: who says so, where the page asks for no token."""

    label: str = Field(min_length=1, max_length=80)
    by: str = Field(default="", max_length=40)


class Done(BaseModel):
    """It is done; state: of the line as last told."""

    state: State | None


def asking(hub: Hub, door: Door) -> APIRouter:
    """Return the paths that ask something of the line."""
    routes = APIRouter(prefix="/api", responses=PROBLEMS)
    operator = Depends(door.operator)

    @routes.post("/command")
    async def command(asked: CommandIn, person: Person = operator) -> Done:
        """Press a button."""
        _raise(await hub.command(asked.command, person.says))
        return Done(state=hub.view().state)

    @routes.post("/parts/{part}/label")
    async def label(part: _Part, said: LabelIn, person: Person = operator) -> Done:
        """Say what a part was; it is kept beside what was decided of it, never over it."""
        _raise(await hub.label(part, said.label, person.name or said.by.strip() or SOMEBODY))
        return Done(state=hub.view().state)

    return routes


def _raise(problem: str | None) -> None:
    if problem is not None:
        raise HTTPException(503 if problem == NO_ANSWER else 409, problem)
