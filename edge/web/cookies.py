"""The cookie that stands for a token: signed with the token's digest, so it ends when the token is taken away."""

from __future__ import annotations

import hashlib
import hmac

from edge.web_tokens import Token

NAME = "edge-sort"
LASTS_S = 30 * 24 * 3600


def cookie_for(token: Token, now_s: float) -> str:
    """Return the cookie of somebody who has shown a token. now_s: seconds of the wall clock."""
    until = int(now_s) + LASTS_S
    return f"{token.name}:{until}:{_signature(token, until)}"


def cookie_bearer(tokens: tuple[Token, ...], cookie: str, now_s: float) -> Token | None:
    """Return whose cookie this is, None when nobody's, or when its time is over."""
    name, _, rest = cookie.partition(":")
    until, _, signature = rest.partition(":")
    if not (until.isascii() and until.isdecimal() and len(until) < 12) or int(until) <= now_s:
        return None
    found = None
    for token in tokens:
        right = hmac.compare_digest(_signature(token, int(until)).encode(), signature.encode(errors="replace"))
        if right and token.name == name:
            found = token
    return found


def _signature(token: Token, until: int) -> str:
    key, message = bytes.fromhex(token.sha256), f"{token.name}:{token.role}:{until}"
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
