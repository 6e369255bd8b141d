"""Who may use the page from elsewhere: a file of tokens that only its owner can read.

A token is random, of 120 bits, so it cannot be guessed; the file keeps its digest, and is asked anew whenever it has
changed, so that a token taken out of it is worth nothing from then on.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import stat
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import Field, ValidationError

from edge.durable import whole_file
from edge.errors import MachineError
from edge.problems import first_problem
from edge.tables import Table

DEFAULT_FILE = Path("web-tokens.json")
MOST_TOKENS = 200
_SECRET_BYTES = 15  # 24 letters and digits, no padding
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"


class Token(Table):
    """Somebody's token, without the token."""

    name: str = Field(pattern=f"^{_NAME}$")
    role: Role
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    made_at_utc: str


class _File(Table):
    tokens: tuple[Token, ...] = Field(max_length=MOST_TOKENS)


class TokenFile:
    """The file, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_of: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def tokens(self) -> tuple[Token, ...]:
        """Return what the file holds now. Raises MachineError when it cannot be trusted or read."""
        try:
            facts = self.path.stat()
            if not stat.S_ISREG(facts.st_mode):
                raise MachineError(
                    f"{self.path}: expected a file of tokens, found a folder or a device; move it away and make one "
                    "with: edge-sort web token --role operator"
                )
            if facts.st_mode & 0o077:
                raise MachineError(
                    f"{self.path}: expected a file that only its owner can read, found mode "
                    f"{facts.st_mode & 0o777:o}; run: chmod 600 {self.path}"
                )
            stamp = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
            if stamp != self._read_of:
                self._tokens = _File.model_validate_json(self.path.read_bytes()).tokens
                self._read_of = stamp
        except FileNotFoundError as error:
            raise MachineError(
                f"{self.path}: expected a file of tokens, found none; "
                "make one with: edge-sort web token --role operator"
            ) from error
        except (ValidationError, OSError) as error:
            raise MachineError(
                f"{self.path}: expected a file of tokens, found: {first_problem(error)}; "
                "take it away and make a new one with: edge-sort web token --role operator"
            ) from error
        return self._tokens

    def add(self, name: str, role: Role) -> str:
        """Make a token and return it; it can not be had again. Raises MachineError for a name that is taken."""
        known = self.tokens() if self.path.exists() else ()
        if not re.fullmatch(_NAME, name):
            raise MachineError(
                f"--name: expected at most 40 letters, digits, dots or dashes, found {name!r}; correct it"
            )
        if any(one.name == name for one in known):
            raise MachineError(
                f"{self.path}: expected a new name, found a token of {name!r}; give another --name, "
                f"or take the old one away with: edge-sort web revoke {name}"
            )
        if len(known) >= MOST_TOKENS:
            raise MachineError(f"{self.path}: expected at most {MOST_TOKENS} tokens; take some away first")
        token = _spelled(secrets.token_bytes(_SECRET_BYTES))
        made = Token(name=name, role=role, sha256=_digest(token), made_at_utc=datetime.now(UTC).isoformat())
        self._write((*known, made))
        return token

    def remove(self, name: str) -> None:
        """Take a token away. Raises MachineError when there is none of this name."""
        known = self.tokens()
        left = tuple(one for one in known if one.name != name)
        if len(left) == len(known):
            names = ", ".join(one.name for one in known) or "none"
            raise MachineError(
                f"{self.path}: expected a token of one of these names: {names}, found {name!r}; correct it"
            )
        self._write(left)

    def _write(self, tokens: tuple[Token, ...]) -> None:
        text = _File(tokens=tokens).model_dump_json(indent=2) + "\n"
        with whole_file(self.path, 0o600, replace=True) as out:
            out.write(text.encode())
            out.flush()
            os.fsync(out.fileno())


def bearer(tokens: tuple[Token, ...], spoken: str) -> Token | None:
    """Return whose token this is. Every token is compared, each in the same time, whatever was found before."""
    digest = _digest(spoken)
    found = None
    for one in tokens:
        if hmac.compare_digest(one.sha256, digest):
            found = one
    return found


def _spelled(secret: bytes) -> str:
    """Return it in letters and digits that can be read out and typed, in groups of four."""
    text = base64.b32encode(secret).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _digest(token: str) -> str:
    plain = re.sub(r"[\s-]", "", token).lower()
    return hashlib.sha256(plain.encode(errors="replace")).hexdigest()
