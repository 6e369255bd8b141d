"""Whatever is sent to the page: no answer is a failure, nothing is told but a sentence, and nothing reaches a gate."""

from __future__ import annotations

import json
import socket
import urllib.request

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.line_asked import read_asked
from edge.states import Command
from edge.web_tokens import Role, TokenFile
from tests.edge import told_lines as made
from tests.edge.web_lines import a_line
from tests.edge.web_rig import OWN, a_page
from tests.installed import require_installed

require_installed("schemathesis", "needs schemathesis (pip install schemathesis)")

pytestmark = pytest.mark.slow
FEW = settings(max_examples=40, suppress_health_check=list(HealthCheck))


def answered(page):
    """Let what is asked of the line be answered at once, and return the list of what was asked."""
    asked = []

    async def command(command, by):
        asked.append(command)

    async def label(part, label, by):
        asked.append(label)

    page.hub.command, page.hub.label = command, label
    return asked


@pytest.fixture(scope="module")
def open_page():
    """A page that lets everybody in, with a part and a picture to ask for."""
    with a_page() as page:
        page.hub.book.hear(made.part(1))
        page.commands = answered(page)
        yield page


@pytest.fixture(scope="module")
def schema(open_page):
    """Its own description of itself, without the one path that never ends."""
    import schemathesis

    found = schemathesis.openapi.from_asgi("/api/openapi.json", open_page.app, headers={"host": "localhost"})
    return found.exclude(path="/api/events")


def checks():
    """What an answer is held to."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    return [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_what_the_description_allows_and_what_it_does_not(schema, mode):
    """Every answer is one that is described, and none is a failure."""
    from schemathesis import GenerationMode

    held_to, mode = checks(), GenerationMode[mode]

    def check(operation):
        @FEW
        @given(operation.as_strategy(generation_mode=mode))
        def one(case):
            case.headers = {**(case.headers or {}), "host": "localhost", **OWN}
            answer = case.call()
            assert answer.status_code < 500, answer.text
            assert b"Traceback" not in answer.content  # a picture is no text
            case.validate_response(answer, checks=held_to)

        one()

    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 8
    for operation in operations:
        if mode is GenerationMode.POSITIVE or operation.body or operation.path_parameters:
            check(operation)


def test_only_commands_of_the_table_ever_came_through(open_page):
    """After all of the above."""
    commands = [one for one in open_page.commands if one in list(Command)]
    assert set(commands) <= {Command.START, Command.HOLD, Command.STOP, Command.RESET}


@pytest.fixture(scope="module")
def real_line(tmp_path_factory):
    """A real page's process that asks for tokens."""
    file = TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.json")
    file.add("ada", Role.OPERATOR)
    from edge.web_table import WebTable

    words = []
    with a_line(words, WebTable(tokens=file.path)) as line:
        line.get("/")
        line.words = words
        yield line


_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
_HEADS = st.lists(st.tuples(st.sampled_from(["host", "cookie", "origin", "content-length", "x-edge-sort", "x"]), _TEXT))


@FEW
@given(st.binary(max_size=400))
def test_bytes_that_are_no_request_end_in_an_answer_or_in_silence(real_line, sent):
    """The process goes on, and the line hears nothing of it."""
    _exchange(real_line, sent)
    _unharmed(real_line)


@FEW
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"]),
    st.sampled_from(["/", "/api/command", "/api/parts/1/label", "/api/login", "/api/line", "/page/../x", "//", "*"]),
    _HEADS,
    st.one_of(
        st.binary(max_size=200), st.builds(json.dumps, st.recursive(st.none() | _TEXT, st.lists)).map(str.encode)
    ),
)
def test_requests_of_strangers_are_answered_and_ask_nothing_of_the_line(real_line, method, path, heads, body):
    """Nobody has shown a token, so no button is pressed."""
    head = "".join(f"{name}: {value}\r\n" for name, value in heads)
    whole = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n{head}\r\n".encode() + body
    answer = _exchange(real_line, whole)
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert b"Traceback" not in answer
    _unharmed(real_line)


@given(st.binary(max_size=300))
def test_no_message_makes_the_line_do_what_is_not_in_the_table(message):
    """Also one from a page's process that somebody has taken over."""
    asked = read_asked(message)
    assert asked is None or asked.kind in ("command", "label", "freed", "watchers")


def _exchange(line, sent):
    with socket.create_connection((line.settings.host, line.settings.port), 5) as one:
        one.settimeout(0.3)
        try:
            one.sendall(sent)
            one.shutdown(socket.SHUT_WR)
            return one.recv(65_536)
        except OSError:
            return b""


def _unharmed(line):
    with urllib.request.urlopen(line.settings.address, timeout=10) as answer:
        assert answer.status == 200
    assert line.pressed == []
    assert line.words == []
