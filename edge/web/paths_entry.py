"""Coming in and going out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from edge.web import cookies
from edge.web.door import Door
from edge.web.problem import PROBLEMS
from edge.web_tokens import Role


class TokenShownIn(BaseModel):
    """What somebody shows to come in."""

    token: str = Field(max_length=200)


class Me(BaseModel):
    """Who somebody is. asks: whether the page asks for a token at all; role is null until it has been shown."""

    asks: bool
    name: str
    role: Role | None


def entry(door: Door) -> APIRouter:
    """Return the paths for coming in and going out."""
    routes = APIRouter(prefix="/api", responses=PROBLEMS)

    @routes.get("/me")
    async def me(request: Request) -> Me:
        """Say who asks."""
        person = door.who(request)
        return Me(asks=door.asks, name=person.name if person else "", role=person.role if person else None)

    @routes.post("/login")
    async def login(shown: TokenShownIn, request: Request, response: Response) -> Me:
        """Take a token, and give a cookie that no script can read and no other site can send."""
        person, cookie = door.enter(shown.token, request.client.host if request.client else "somewhere")
        secure = request.url.scheme == "https"
        response.set_cookie(
            cookies.NAME, cookie, max_age=cookies.LASTS_S, path="/", httponly=True, samesite="strict", secure=secure
        )
        return Me(asks=True, name=person.name, role=person.role)

    @routes.post("/logout")
    async def logout(response: Response) -> Me:
        """Take the cookie away."""
        response.delete_cookie(cookies.NAME, path="/", httponly=True, samesite="strict")
        return Me(asks=door.asks, name="", role=None)

    return routes
