"""What the service manager hears: that the line is ready, that its loop goes round, that it stops. And nothing else."""

from __future__ import annotations

import os
import socket

import numpy as np
import pytest

from edge.between import NOTHING, Between
from edge.cameras import Camera
from edge.clocks import ManualClock
from edge.emulate import emulate_line
from edge.emulated_world import EmulateOptions
from edge.errors import CameraLost
from edge.notify import Mailbox, Notifier, open_notifier, watchdog_s
from edge.parts import Decision, Reason
from edge.sorter import Outcome


@pytest.fixture
def manager(tmp_path):
    """A service manager's socket, and how to hear what came."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mailbox:
        mailbox.bind(address)
        mailbox.setblocking(False)
        yield address, lambda: heard(mailbox)


def heard(mailbox):
    messages = []
    while True:
        try:
            messages.append(mailbox.recv(4096).decode())
        except BlockingIOError:
            return messages


def outcome(bin):
    return Outcome(None, Decision(bin, Reason.SORTED if bin != "reject" else Reason.CROWDED), 0.0)


def signs(messages):
    return [message for message in messages if message.startswith("WATCHDOG=1")]


@pytest.mark.parametrize("address", ["path", "abstract"])
def test_both_kinds_of_socket_names_are_spoken_to(tmp_path, address):
    """A path, and a name of Linux's own that starts with @."""
    name = str(tmp_path / "notify") if address == "path" else f"@edge-sort-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mailbox:
        mailbox.bind("\0" + name[1:] if name.startswith("@") else name)
        mailbox.setblocking(False)
        with open_notifier(ManualClock(), {"NOTIFY_SOCKET": name}):
            pass
        ready, stopping = heard(mailbox)
    assert ready.splitlines()[0] == "READY=1"
    assert stopping.splitlines() == ["STOPPING=1", "STATUS=stopping; 0 parts, 0 rejected"]


def test_signs_of_life_come_at_half_the_interval_and_count_parts():
    """WATCHDOG_USEC is 30 s, frames come ten times a second: a sign every 15 s."""
    clock, sent = ManualClock(), []
    notifier = Notifier(clock, lambda message: sent.append((clock.now(), message)) or True, 30.0)
    watch = notifier.watching(lambda *_: None)
    for step in range(1000):
        clock.sleep_until(step / 10)
        watch(None, [outcome("nut"), outcome("reject")] if step == 300 else [])
    assert [at for at, _ in sent] == pytest.approx([0, 15, 30, 45, 60, 75, 90])
    assert sent[0][1] == "WATCHDOG=1\nSTATUS=sorting; 0 parts, 0 rejected"
    assert sent[-1][1] == "WATCHDOG=1\nSTATUS=sorting; 2 parts, 1 rejected"


def test_a_sign_that_could_not_be_sent_is_sent_with_the_next_frame():
    """A full socket costs a frame, not half an interval."""
    clock, tries = ManualClock(), []
    notifier = Notifier(clock, lambda _message: len(tries) > 2 or tries.append(clock.now()), 30.0)
    watch = notifier.watching(lambda *_: None)
    for step in range(10):
        clock.sleep_until(float(step))
        watch(None, [])
    assert tries == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_served_only_where_it_waits_for_us(environ, expected):
    """The variables are inherited; WATCHDOG_PID says for whom they are."""
    assert watchdog_s(environ) == expected


@pytest.mark.parametrize("address", ["", "/no/such/socket", "vsock:2:1234", "@nobody-listens-here", "/" + "x" * 200])
def test_without_a_service_manager_the_line_does_not_notice(address):
    """No socket, one nobody listens on, one of another kind, a name too long: no error."""
    with open_notifier(ManualClock(), {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"}) as notifier:
        notifier.watching(lambda *_: None)(None, [])


def test_a_full_socket_does_not_hold_the_line_up(manager):
    """Nobody reads: sending says so at once."""
    address, _ = manager
    mailbox = Mailbox(address)
    sent = [mailbox.send("WATCHDOG=1") for _ in range(2000)]
    assert sent[0]
    assert not sent[-1]


@pytest.fixture
def line(machine, color_model, colored_parts, manager, monkeypatch):
    """Run the emulated line on the manual clock as a service with a watchdog of ten seconds."""
    address, listen = manager
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")

    def run(between=NOTHING, **options):
        given = EmulateOptions(**{"fast": True, "count": 20, **options})
        return emulate_line(given, machine, color_model, colored_parts, "digest", between=between)

    return run, listen


def test_a_line_says_that_it_is_ready_alive_and_stopping(line):
    """In this order, with the parts so far."""
    run, listen = line
    run()
    messages = listen()
    assert messages[0].startswith("READY=1")
    assert messages[-1].startswith("STOPPING=1\nSTATUS=stopping; 20 parts")
    assert len(signs(messages)) == len(messages) - 2 > 3


class HangingScorer:
    """Takes a minute for one crop, and notes what the service manager heard meanwhile."""

    def __init__(self, scorer, clock, listen):
        self._scorer, self._clock, self._listen = scorer, clock, listen
        self.calls, self.before, self.meanwhile = 0, [], None

    def scores(self, image):
        self.calls += 1
        if self.calls == 15:
            self.before = self._listen()
            self._clock.sleep_until(self._clock.now() + 60)  # belt, gates and all else on the clock go on
            self.meanwhile = self._listen()
        return self._scorer.scores(image)


def test_a_loop_that_hangs_sends_no_sign_of_life(line):
    """For a minute the classifier does not return: systemd hears nothing and would start the line anew."""
    run, listen = line
    hanging = []

    def wrap(scorer, clock):
        hanging.append(HangingScorer(scorer, clock, listen))
        return hanging[0]

    run(Between(scorer=wrap))
    assert signs(hanging[0].before)
    assert hanging[0].meanwhile == []
    assert signs(listen())


class LosingCamera:
    """Loses its first camera after some frames."""

    def __init__(self, camera: Camera, lost: list):
        self._camera, self._lost = camera, lost

    def frames(self):
        for number, frame in enumerate(self._camera.frames()):
            if number == 10 and not self._lost:
                self._lost.append(True)
                raise CameraLost("it stalled")
            yield frame

    def close(self):
        self._camera.close()


def test_each_start_of_a_lost_camera_is_a_sign_of_life(line):
    """Starting one takes many seconds without a frame; a start that hangs is one sign and no more."""
    run, listen = line
    lost = []
    run(Between(camera=lambda camera, _clock: LosingCamera(camera, lost)))
    told = [message for message in signs(listen()) if "camera" in message]
    assert [message.splitlines()[1].split(":")[0] for message in told[:1]] == ["STATUS=the camera is lost"]
    assert "the camera is started again (start 1 of 3)" in told[1]


def test_numbers_of_parts_do_not_depend_on_the_watcher():
    """What watches the outcomes gets them all, before the sign of life."""
    seen = []
    watch = Notifier(ManualClock(), lambda _message: True, None).watching(lambda *given: seen.append(given))
    outcomes = [outcome("nut")]
    watch(np.zeros(1), outcomes)
    assert seen[0][1] is outcomes
