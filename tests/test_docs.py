"""The documentation tells people nothing to type that the program does not know; the guides' commands are run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from edge.cli import cli
from tests.docs_commands import Block, blocks, calls

TOP = Path(__file__).resolve().parents[1]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
GUIDES = ["first-line.md", "troubleshooting.md", "better-model.md", "promote.md", "operator.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_is_one_that_edge_sort_knows(page):
    """With every option of it: nothing is run, click only reads the line."""
    for block in blocks(page):
        for command in block.commands:
            for arguments in calls(command):
                try:
                    _read(cli, "edge-sort", arguments)
                except click.UsageError as error:
                    pytest.fail(f"{block.where}: {command}\n{error.format_message()}")


def _read(group: click.Command, name: str, arguments: list[str]) -> None:
    """Let click read a line as if it were typed. Raises UsageError."""
    if not isinstance(group, click.Group):
        if "--help" not in arguments:
            group.make_context(name, list(arguments))
        return
    context = click.Context(group, info_name=name)
    if not arguments or arguments[0].startswith("-"):
        return
    found, command, rest = group.resolve_command(context, arguments)
    assert command is not None
    _read(command, found or "", rest)


@pytest.mark.slow
@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_works_from_its_first_command_to_its_last(name, tmp_path, monkeypatch):
    """In one empty folder, in the order of the page."""
    page = [block for block in blocks(TOP / "docs" / name) if block.not_run is None]
    assert page
    for block in page:
        _run(block, tmp_path)


def _run(block: Block, folder: Path) -> None:
    beside_python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = "\n".join([*block.first, *block.commands])
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": beside_python, "PYTHONPATH": str(TOP)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{block.where}\n{script}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
