"""What every request passes first: is it for this page, from this page, and of bounded size?

No site that a person has open beside the page can make their browser do anything here: a request that changes
something needs a header that only a page of the same origin can send, and one whose Host is not ours, as after DNS
rebinding, is refused before anything else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

OWN_HEADER = "x-edge-sort"
MOST_BODY_BYTES = 16_384
BODY_WITHIN_S = 10.0
_OF_A_PROXY = ("forwarded", "via", "x-real-ip")  # and whatever begins with x-forwarded-
_SAFE = ("GET", "HEAD", "OPTIONS")
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"manifest-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Refused(Exception):
    """status: of the answer; the message says why."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class Guard:
    """Stands before an ASGI app."""

    def __init__(self, app: App, names: frozenset[str], *, proxied: bool) -> None:
        """names: under which the page may be asked for, beside plain addresses. proxied: it may be behind a proxy."""
        self._app, self._names, self._proxied = app, names, proxied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what may pass, with headers on every answer that keep a browser from misusing it."""
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                extra = [*_HEADERS, (b"cache-control", b"no-store")]
                message["headers"] = [*message.get("headers", ()), *(one for one in extra if one[0] not in given)]
            await send(message)

        try:
            _check(scope, self._names)
            if not self._proxied:
                _check_direct(scope)
            body = await _body(scope, receive)
        except Refused as refused:
            await _answer(send_guarded, refused.status, str(refused))
            return
        await self._app(scope, _replay(body, receive), send_guarded)


def _check(scope: Scope, names: frozenset[str]) -> None:
    """Raise Refused for a request that is not for this page, or that another site has made."""
    headers = _headers(scope)
    hosts = headers.get("host", [])
    if len(hosts) != 1 or not is_ours(hosts[0], names):
        raise Refused(421, "this page is not known by that name; name it in web.names of the machine file")
    site = headers.get("sec-fetch-site", ["none"])[0]
    if scope["path"].startswith("/api") and site not in ("none", "same-origin"):
        raise Refused(403, "another site has made this request")
    origin = headers.get("origin", [None])[0]
    if scope["method"] not in _SAFE:
        if origin is not None and urlsplit(origin).netloc.lower() != hosts[0].lower():
            raise Refused(403, "another site has made this request")
        if OWN_HEADER not in headers:
            raise Refused(403, f"expected the header {OWN_HEADER}, found none")


def _check_direct(scope: Scope) -> None:
    """Raise Refused for what a proxy hands on: its users are anybody, though they seem to come from this computer."""
    for name in _headers(scope):
        if name in _OF_A_PROXY or name.startswith("x-forwarded-"):
            raise Refused(
                403,
                f"this came through a proxy (it has the header {name}), and behind a proxy the page needs tokens: make "
                "one with `edge-sort web token --role operator` and start the line anew",
            )


def is_ours(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header names this page: by a plain address, which no name server can lend, or by a known name."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        _port = urlsplit(f"//{host}").port
    except ValueError:
        return False
    if any(letter in host for letter in "/@?#\\ "):
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.lower().removesuffix(".") in names
    return True


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Return the whole body, bounded in size and time. Raises Refused."""
    if scope["method"] in _SAFE:
        return b""
    body = b""
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, "the request ended early")
                body += bytes(message.get("body", b""))
                if len(body) > MOST_BODY_BYTES:
                    raise Refused(413, f"expected at most {MOST_BODY_BYTES} bytes, found more")
                if not message.get("more_body", False):
                    return body
    except TimeoutError as error:
        raise Refused(408, f"expected the whole request within {BODY_WITHIN_S:g} s") from error


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


async def _answer(send: Send, status: int, problem: str) -> None:
    body = json.dumps({"problem": problem}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status in (408, 413):
        headers.append((b"connection", b"close"))  # what is left of the request is not read
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
