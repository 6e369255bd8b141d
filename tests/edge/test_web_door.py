"""Who may come in, what they may do, and that no other site can do it in their name."""

from __future__ import annotations

import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import web_settings as web_settings_module
from edge.errors import MachineError
from edge.web import cookies
from edge.web.guard import is_ours
from edge.web.wrong_tokens import MOST_WRONG, WITHIN_S, WrongTokens
from edge.web_settings import is_loopback, listen, web_settings
from edge.web_table import WebTable
from edge.web_tokens import Role, Token, TokenFile, bearer
from tests.edge.web_rig import OWN, a_page


@pytest.fixture
def tokens(tmp_path):
    """A file with an operator and a viewer, and their tokens."""
    file = TokenFile(tmp_path / "tokens.json")
    return file, file.add("ada", Role.OPERATOR), file.add("vic", Role.VIEWER)


def test_a_file_of_tokens_is_its_owners_alone_and_holds_no_token(tokens):
    """Whoever reads it by accident has nothing to type."""
    file, ada, _vic = tokens
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert ada not in file.path.read_text()
    assert re.fullmatch(r"([a-z2-7]{4}-){5}[a-z2-7]{4}", ada)


def test_a_token_is_known_however_it_is_typed(tokens):
    """Dashes, spaces and capitals do not matter; every letter does."""
    file, ada, _vic = tokens
    assert bearer(file.tokens(), f" {ada.replace('-', ' ').upper()} ").name == "ada"
    changed = ("b" if ada[0] == "a" else "a") + ada[1:]
    assert bearer(file.tokens(), changed) is None


def test_a_file_that_others_can_read_is_refused(tokens):
    """The sentence says how to mend it."""
    file, _ada, _vic = tokens
    file.path.chmod(0o644)
    with pytest.raises(MachineError, match="chmod 600"):
        TokenFile(file.path).tokens()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tokens": [{"name": "x"}]}', "\x00\xff"])
def test_a_file_that_is_none_of_tokens_is_one_sentence(tmp_path, text):
    """Nobody is let in by a damaged file."""
    path = tmp_path / "tokens.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(MachineError, match=r"expected a file of tokens, found: [^:]"):
        TokenFile(path).tokens()


def test_a_cookie_ends_with_its_token_and_with_its_time(tokens):
    """It is worth nothing once the token is taken away, or made anew with another role, or its time is over."""
    file, _ada, _vic = tokens
    ada = file.tokens()[0]
    cookie = cookies.cookie_for(ada, 1000.0)
    assert cookies.cookie_bearer(file.tokens(), cookie, 1001.0) == ada
    assert cookies.cookie_bearer(file.tokens(), cookie, 1000.0 + cookies.LASTS_S) is None
    file.remove("ada")
    assert cookies.cookie_bearer(file.tokens(), cookie, 1001.0) is None
    demoted = ada.model_copy(update={"role": Role.VIEWER})
    assert cookies.cookie_bearer((demoted,), cookie, 1001.0) is None


@given(st.text(max_size=120))
def test_no_made_up_cookie_lets_anybody_in(text):
    """Whatever a browser sends, there is an answer and it is no."""
    token = Token(name="ada", role=Role.OPERATOR, sha256="a" * 64, made_at_utc="")
    assert cookies.cookie_bearer((token,), text, 0.0) is None
    assert cookies.cookie_bearer((token,), f"ada:99999999999:{text}", 0.0) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "line.local", "example.org"])
def test_the_page_listens_beyond_this_computer_only_with_tokens(tmp_path, monkeypatch, host):
    """Said in one sentence, with the command that mends it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(web_settings_module, "is_of_this_computer", lambda name: True)
    asked = f"[{host}]:8080" if ":" in host else f"{host}:8080"
    with pytest.raises(MachineError, match="edge-sort web token"):
        web_settings(WebTable(), asked)
    TokenFile(tmp_path / "web-tokens.json").add("ada", Role.OPERATOR)
    assert web_settings(WebTable(), asked).host == host


def test_tokens_that_were_asked_for_and_are_not_there_let_nobody_listen(tmp_path):
    """Also not on this computer alone."""
    with pytest.raises(MachineError, match="found none"):
        web_settings(WebTable(tokens=tmp_path / "none.json"))


@pytest.mark.parametrize("asked", ["808080", "http://x:1", "host:port", "a:b:c", ":99999", "[::1"])
def test_an_address_that_is_none_is_one_sentence(tmp_path, monkeypatch, asked):
    """It says what is expected."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MachineError, match="expected HOST"):
        web_settings(WebTable(), asked)


def test_a_name_of_another_computer_is_said_to_be_one_and_tokens_are_not_blamed(tmp_path, monkeypatch):
    """Asked of the system, which here knows no such name."""
    monkeypatch.chdir(tmp_path)

    def unknown(*_asked):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(MachineError, match="a name of this computer to listen on, found abc, which is none"):
        web_settings(WebTable(), "abc")


def test_an_address_of_another_computer_is_said_to_be_one(tmp_path, monkeypatch):
    """192.0.2.1 is kept for documentation; no computer has it."""
    monkeypatch.chdir(tmp_path)
    TokenFile(tmp_path / "web-tokens.json").add("ada", Role.OPERATOR)
    with pytest.raises(MachineError, match=r"found 192\.0\.2\.1, which is none; give 127\.0\.0\.1:8080"):
        listen(web_settings(WebTable(), "192.0.2.1:0"))


def test_an_ipv6_address_without_brackets_is_told_how_it_is_written(tmp_path, monkeypatch):
    """Its last group could be a port."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MachineError, match=r"stands in brackets, as \[::1\]:8080"):
        web_settings(WebTable(), "::1")


def test_a_folder_in_the_place_of_the_tokens_is_no_matter_of_its_mode(tmp_path):
    """chmod 600 would not mend it."""
    with pytest.raises(MachineError, match="expected a file of tokens, found a folder"):
        TokenFile(tmp_path).tokens()


def test_only_this_computer_is_loopback():
    """A name could be lent by somebody's name server."""
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "localhost.example.org")))


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("192.168.4.7", True),
        ("localhost:8080", True),
        ("LocalHost.", True),
        ("evil.example", False),
        ("evil.example:8080", False),
        ("localhost.evil.example", False),
        ("localhost@evil.example", False),
        ("", False),
        ("[::1", False),
        ("127.0.0.1:99999", False),
    ],
)
def test_a_name_that_somebody_elses_server_lends_is_not_ours(host, ours):
    """So a site whose name suddenly leads here, by DNS rebinding, is refused."""
    assert is_ours(host, frozenset({"localhost"})) is ours


OTHER_SITES = [
    {"host": "evil.example"},
    {**OWN, "origin": "http://evil.example"},
    {**OWN, "origin": "null"},
    {**OWN, "sec-fetch-site": "cross-site"},
    {**OWN, "sec-fetch-site": "same-site"},
    {},
]


@pytest.mark.parametrize("headers", OTHER_SITES)
def test_no_other_site_can_press_a_button(headers):
    """Neither by a form, nor by a script, nor by a name that leads here."""
    with a_page() as page:

        async def play():
            async with page.client() as browser:
                return await browser.post("/api/command", json={"command": "stop"}, headers=headers)

        answer = page.run(play)
        assert answer.status_code in (403, 421)
        assert [one for one in page.asked() if "ask" in one] == []


PATHS = ["/api/line", "/api/events", "/api/picture.jpg", "/api/parts/1.jpg", "/api/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
def test_nobody_without_a_token_sees_anything(tokens, path):
    """Where there are tokens."""
    with a_page(tokens[0].path) as page:

        async def play():
            async with page.client() as browser:
                return await browser.get(path)

        assert page.run(play).status_code == 401


@pytest.mark.parametrize("path", ["/api/command", "/api/parts/1/label"])
def test_a_viewer_can_change_nothing(tokens, path):
    """And a stranger even less."""
    file, _ada, vic = tokens
    body = {"command": "stop", "label": "nut"}
    with a_page(file.path) as page:

        async def play():
            async with page.client() as browser:
                stranger = await browser.post(path, json=body, headers=OWN)
                viewer = await browser.post(path, json=body, headers={**OWN, "authorization": f"Bearer {vic}"})
                seen = await browser.get("/api/line", headers={"authorization": f"Bearer {vic}"})
                return stranger.status_code, viewer.status_code, seen.status_code

        assert page.run(play) == (401, 403, 200)
        assert [one for one in page.asked() if "ask" in one] == []


def test_coming_in_sets_a_cookie_that_no_script_reads_and_no_site_sends(tokens):
    """The cookie operates the line; going out takes it away."""
    file, ada, _vic = tokens
    with a_page(file.path) as page:

        async def play():
            async with page.client() as browser:
                wrong = await browser.post("/api/login", json={"token": "aaaa"}, headers=OWN)
                right = await browser.post("/api/login", json={"token": ada}, headers=OWN)
                request = browser.post("/api/command", json={"command": "stop"}, headers=OWN)
                pressed, asked = await page.answering(request)
                gone = await browser.post("/api/logout", json={}, headers=OWN)
                after = await browser.get("/api/line")
                return wrong, right, pressed, asked, gone, after

        wrong, right, pressed, asked, _gone, after = page.run(play)
        assert (wrong.status_code, right.status_code, pressed.status_code, after.status_code) == (401, 200, 200, 401)
        flags = right.headers["set-cookie"].lower()
        assert "httponly" in flags
        assert "samesite=strict" in flags
        assert "set-cookie" not in wrong.headers
        assert asked[0]["by"] == "the page (ada)"


def test_a_token_that_is_taken_away_ends_at_once(tokens):
    """Also for a browser that is in already."""
    file, ada, _vic = tokens
    with a_page(file.path) as page:

        async def play():
            async with page.client() as browser:
                await browser.post("/api/login", json={"token": ada}, headers=OWN)
                before = await browser.get("/api/line")
                file.remove("ada")
                return before.status_code, (await browser.get("/api/line")).status_code

        assert page.run(play) == (200, 401)


def test_a_file_of_tokens_that_goes_bad_lets_nobody_in(tokens):
    """And says so without a traceback."""
    file, ada, _vic = tokens
    with a_page(file.path) as page:

        async def play():
            file.path.write_text("{")
            async with page.client() as browser:
                return await browser.get("/api/line", headers={"authorization": f"Bearer {ada}"})

        assert page.run(play).status_code == 503


def test_every_answer_keeps_a_browser_from_misusing_it():
    """Also a refusal, and a path that does not exist."""
    with a_page() as page:

        async def play():
            async with page.client() as browser:
                answers = [await browser.get(path) for path in ("/", "/api/line", "/nothing", "/page/..%2fguard.py")]
                return [*answers, await browser.get("/", headers={"host": "evil.example"})]

        for answer in page.run(play):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert "access-control-allow-origin" not in answer.headers


def test_a_request_of_any_size_is_refused_beyond_a_bound():
    """Before it is read whole."""
    with a_page() as page:

        async def play():
            async with page.client() as browser:
                return await browser.post("/api/login", content=b"x" * 20_000, headers=OWN)

        assert page.run(play).status_code == 413


PROXYS = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"]


@pytest.mark.parametrize("header", PROXYS)
def test_a_page_without_tokens_lets_nobody_in_through_a_proxy(tokens, header):
    """Who comes through one seems to be on this computer and is anybody; with tokens it does not matter."""
    file, ada, _vic = tokens
    with a_page() as bare, a_page(file.path) as asking:

        async def play(page):
            async with page.client() as browser:
                given = {header: "10.0.0.7", "authorization": f"Bearer {ada}"}
                return await browser.get("/api/line", headers=given)

        refused = bare.run(lambda: play(bare))
        assert refused.status_code == 403
        assert "behind a proxy the page needs tokens" in refused.json()["problem"]
        assert "edge-sort web token" in refused.json()["problem"]
        assert asking.run(lambda: play(asking)).status_code == 200


def test_wrong_tokens_are_bounded_and_told_of_once_a_burst():
    """The eleventh within a minute waits until the first is a minute ago; a new burst is told of anew."""
    now, told = [0.0], []
    wrong = WrongTokens(lambda: now[0], told.append)
    for burst in (1, 2):
        for _ in range(MOST_WRONG):
            assert wrong.wait_s == 0.0
            wrong.note("10.0.0.7")
        now[0] += 20.0
        assert wrong.wait_s == pytest.approx(WITHIN_S - 20.0)
        now[0] += WITHIN_S - 20.0
        assert wrong.wait_s == 0.0
        assert len(told) == burst
    assert "10.0.0.7" in told[0]


def test_somebody_who_guesses_waits_and_somebody_who_is_in_does_not(tokens, capsys):
    """Not even the right token is looked at meanwhile, so the answer tells a guesser nothing."""
    file, ada, _vic = tokens
    with a_page(file.path) as page:

        async def play():
            async with page.client() as browser, page.client() as guesser:
                await browser.post("/api/login", json={"token": ada}, headers=OWN)
                shown = [f"aaaa-{number}" for number in range(MOST_WRONG)] + [ada]
                answers = [await guesser.post("/api/login", json={"token": one}, headers=OWN) for one in shown]
                return answers, await browser.get("/api/line")

        answers, seen = page.run(play)
    assert [one.status_code for one in answers] == [401] * MOST_WRONG + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= WITHIN_S + 1
    assert seen.status_code == 200
    assert capsys.readouterr().err.count("wrong tokens within a minute") == 1
