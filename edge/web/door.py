"""Who somebody is, by cookie or by token, and what they may do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import HTTPException, Request

from edge.errors import MachineError
from edge.web import cookies
from edge.web.wrong_tokens import WrongTokens, tell_on_stderr
from edge.web_tokens import Role, Token, TokenFile, bearer

SOMEBODY = "the page"


@dataclass(frozen=True)
class Person:
    """name: empty where nobody is asked for one."""

    name: str
    role: Role

    @property
    def says(self) -> str:
        """How they are named where they press a button."""
        return f"{SOMEBODY} ({self.name})" if self.name else SOMEBODY


class Door:
    """Asks for a token where there are any; else whoever can reach the page is an operator."""

    def __init__(
        self,
        tokens: Path | None,
        wall_s: Callable[[], float] = time.time,
        *,
        now: Callable[[], float] = time.monotonic,
        tell: Callable[[str], None] = tell_on_stderr,
    ) -> None:
        """wall_s: for cookies. now: for how often a wrong token may be shown; `tell` hears when it is too often."""
        self._file = None if tokens is None else TokenFile(tokens)
        self._wall_s = wall_s
        self._wrong = WrongTokens(now, tell)

    @property
    def asks(self) -> bool:
        """Whether it asks for a token."""
        return self._file is not None

    def who(self, request: Request) -> Person | None:
        """Return who makes a request, None for nobody known."""
        if self._file is None:
            return Person("", Role.OPERATOR)
        tokens = self._tokens()
        cookie = request.cookies.get(cookies.NAME)
        found = cookies.cookie_bearer(tokens, cookie, self._wall_s()) if cookie else None
        scheme, _, spoken = request.headers.get("authorization", "").partition(" ")
        if found is None and scheme.lower() == "bearer":
            found = bearer(tokens, spoken)
        return None if found is None else Person(found.name, found.role)

    def enter(self, spoken: str, whence: str) -> tuple[Person, str]:
        """Return who has this token, and the cookie that stands for it from now on. Raises HTTPException.

        whence: the address of who shows it.
        """
        if self._file is None:
            raise HTTPException(401, "this page asks for no token")
        wait_s = self._wrong.wait_s
        if wait_s > 0:
            after = max(1, round(wait_s + 0.5))
            raise HTTPException(
                429, f"too many wrong tokens were shown; try again in {after} s", {"retry-after": str(after)}
            )
        found = bearer(self._tokens(), spoken)
        if found is None:
            self._wrong.note(whence)
            raise HTTPException(401, "no such token; ask whoever runs the line for one")
        return Person(found.name, found.role), cookies.cookie_for(found, self._wall_s())

    def viewer(self, request: Request) -> Person:
        """Return who may look; a dependency of a path. Raises HTTPException."""
        person = self.who(request)
        if person is None:
            raise HTTPException(401, "show your token first")
        return person

    def operator(self, request: Request) -> Person:
        """Return who may operate the line; a dependency of a path. Raises HTTPException."""
        person = self.viewer(request)
        if person.role is not Role.OPERATOR:
            raise HTTPException(403, f"{person.name} may look, and only an operator may do this")
        return person

    def _tokens(self) -> tuple[Token, ...]:
        assert self._file is not None
        try:
            return self._file.tokens()
        except MachineError as error:
            raise HTTPException(503, f"nobody can be let in: {error}") from error
