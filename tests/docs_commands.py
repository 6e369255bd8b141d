"""What the documentation tells people to type: read out of the Markdown, so that a test can hold it to the program.

A fenced block is a block of commands when a line in it is one. Where lines begin with `$ `, those are the commands and
the rest is what they print; otherwise every line is a command. Above a block may stand, as comments no reader sees:

    <!-- not run: WHY -->       it needs what no test has (a Pi, sudo, a broker); it is only checked for its options
    <!-- first: COMMAND -->     run this before it, to stand for what a reader has done by hand
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_PROGRAM = re.compile(r"(?:^|\s)(?:\S*/)?edge-sort(?=\s|$)")
_COMMENT = re.compile(r"<!-- (not run|first): (.+?) -->")
_STAND_FOR = {"N": "1", "PATTERN": "(.+)"}
_WORDS_OF_A_SHELL = {"&&", "||", "|", ";", "&", ">", ">>", "2>&1", "then"}


@dataclass(frozen=True)
class Block:
    """Commands that stand together. line: of the opening fence. first: what is run before them."""

    file: Path
    line: int
    commands: tuple[str, ...]
    not_run: str | None = None
    first: tuple[str, ...] = field(default=())

    @property
    def where(self) -> str:
        """Say where it stands."""
        return f"{self.file.name}:{self.line}"


def blocks(file: Path) -> list[Block]:
    """Return the blocks of commands in a Markdown file that call edge-sort."""
    found = [block for block in _fenced(file) if any(_PROGRAM.search(command) for command in block.commands)]
    return [block for block in found if block.commands]


def _fenced(file: Path) -> Iterator[Block]:
    notes: list[tuple[str, str]] = []
    inside: list[str] | None = None
    opened, indent = 0, 0
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        fence = re.fullmatch(r"(\s*)```(\w*)", line)
        if fence and inside is None:
            inside, opened, indent = [], number, len(fence[1])
        elif fence and inside is not None:
            not_run = next((text for kind, text in notes if kind == "not run"), None)
            first = tuple(text for kind, text in notes if kind == "first")
            yield Block(file, opened, tuple(_commands(inside)), not_run, first)
            inside, notes = None, []
        elif inside is not None:
            inside.append(line[indent:])
        elif line.strip():
            notes += _COMMENT.findall(line)
            if not _COMMENT.search(line):
                notes = []


def _commands(lines: list[str]) -> list[str]:
    shown = [line[2:] for line in lines if line.startswith("$ ")]
    joined = "\n".join(shown or lines).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def calls(command: str) -> list[list[str]]:
    """Return the arguments of every call of edge-sort in a line of shell."""
    words = shlex.split(command, comments=True)
    found: list[list[str]] = []
    taking = skip = False
    for word in words:
        if skip:
            skip = False
        elif word in _WORDS_OF_A_SHELL:
            taking, skip = False, word.startswith(">")
        elif not taking and word.rsplit("/", 1)[-1] == "edge-sort":
            taking = True
            found.append([])
        elif taking:
            found[-1].append(_STAND_FOR.get(word, word))
    return found
