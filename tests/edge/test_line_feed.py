"""What a line tells a watching process, and what it heeds of what comes back."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest

from edge.belt import FixedSpeedBelt
from edge.clocks import ManualClock
from edge.feed_asks import LABEL_EVERY_S, LATEST_COMMAND_S, MOST_LABELS, MOVE_EVERY_S
from edge.gates import GateMove
from edge.incidents import Incident, IncidentKind
from edge.journal import Journal, RunFacts
from edge.line_asked import CommandAsked, LabelAsked, SlotFreed, Watchers, read_asked
from edge.line_feed import MOST_WAITING, LineFeed
from edge.line_told import Answer, IncidentTold, Labelled, PartTold, PictureTold, Totals
from edge.parts import Decision, Frame, Reason
from edge.picture_slots import SLOTS, PictureSlots
from edge.sorter import Outcome
from edge.states import Command, State
from edge.track import Track
from tests.edge import told_lines as made

LABELS = ["coin", "nut"]


class FullChannel:
    """A channel that can be full."""

    def __init__(self):
        self.told, self.asked, self.full = [], [], False

    def send(self, told):
        if not self.full:
            self.told.append(told)
        return not self.full

    def receive(self):
        asked, self.asked = self.asked, []
        return asked

    def of(self, kind):
        return [told for told in self.told if isinstance(told, kind)]


class Rig:
    def __init__(self, journal):
        self.clock, self.channel, self.journal = ManualClock(10.0), FullChannel(), journal
        self.slots = PictureSlots(multiprocessing.get_context("spawn"), 480, 320)
        self.feed = LineFeed(
            self.channel,
            self.slots,
            belt=FixedSpeedBelt(150.0),
            mm_per_px=0.33,
            clock=self.clock,
            journal=journal,
        )

    def asks(self, *asked):
        self.channel.asked += asked
        return self.feed.commands()

    def saw(self, frame, outcomes=(), tracks=()):
        """Have a frame seen, and the line looked after."""
        self.feed.saw(frame, outcomes, tracks)
        self.feed.look(made.condition(10.0))

    def totals(self):
        self.feed.look(made.condition(self.clock.now() + 1000))
        return self.channel.of(Totals)[-1]


@pytest.fixture
def rig():
    journal = Journal(None, bundle_sha256="", machine_sha256="", clock="manual", facts=RunFacts(LABELS))
    yield Rig(journal)
    journal.close()


def track(number=1, mark_mm=1500.0):
    return Track(number, mark_mm, 0.0, 20.0, 10.0, first_seen_at=9.9, last_seen_at=10.0)


def outcome(number=1, bin="coin", reason=Reason.SORTED, decided_at=10.0125):
    crop = np.zeros((300, 300, 3), np.uint8)
    return Outcome(track(number), Decision(bin, reason, "coin", 0.9, (0.9, 0.1)), decided_at, crop)


def frame(number=0, taken_at=10.0):
    return Frame(np.full((320, 480, 3), number, np.uint8), taken_at, number)


def test_a_full_channel_costs_records_and_no_count(rig):
    """What is dropped is counted, and the totals are right all the same."""
    rig.channel.full = True
    for number in range(100):
        rig.saw(frame(number), [outcome(number)])
    rig.feed.happened(Incident(IncidentKind.JAM, "cause", "remedy", 10.0))
    rig.feed.look(made.condition(10.0))
    rig.channel.full = False
    totals = rig.totals()
    assert (totals.frames, totals.parts, totals.by_bin) == (100, 100, {"coin": 100})
    assert totals.incidents == {"jam": 1}
    assert totals.untold == 101 + 2  # how the line is, and the totals, were told once in between


def test_a_part_is_told_with_its_latency_and_a_small_picture(rig):
    """From the frame to the decision, and a crop of bounded size."""
    rig.saw(frame(), [outcome()])
    (told,) = rig.channel.of(PartTold)
    assert told.latency_ms == pytest.approx(12.5)
    assert (told.crop.width, told.crop.height, len(told.crop.rgb)) == (100, 100, 30_000)


def test_no_picture_is_passed_on_while_nobody_looks(rig):
    """A page that is closed costs nothing."""
    rig.saw(frame(0))
    assert rig.channel.of(PictureTold) == []
    rig.asks(Watchers(count=1))
    rig.saw(frame(1), tracks=[track()])
    (told,) = rig.channel.of(PictureTold)
    assert rig.slots.read(told.slot, told.width, told.height).rgb == bytes([1]) * (480 * 320 * 3)
    assert told.boxes[0].place == pytest.approx((209.7, 144.8, 270.3, 175.2), abs=0.1)


def test_pictures_wait_for_whoever_looks_and_the_line_does_not(rig):
    """A watcher that gives no slot back gets no more pictures; one that does gets the newest."""
    rig.asks(Watchers(count=1))
    for number in range(20):
        rig.saw(frame(number, 10.0 + number))
    assert [told.number for told in rig.channel.of(PictureTold)] == list(range(SLOTS))
    rig.asks(SlotFreed(slot=rig.channel.of(PictureTold)[0].slot))
    rig.saw(frame(99, 99.0))
    assert rig.channel.of(PictureTold)[-1].number == 99


def test_pictures_come_at_most_five_times_a_second(rig):
    """However fast the camera is."""
    rig.asks(Watchers(count=1))
    for number in range(200):
        rig.asks(*(SlotFreed(slot=slot) for slot in range(SLOTS)))
        rig.saw(frame(number, 10.0 + number / 100))
    assert 9 <= len(rig.channel.of(PictureTold)) <= 10


def test_a_large_frame_is_thinned():
    """A camera of many pixels costs no more than a small one."""
    slots = PictureSlots(multiprocessing.get_context("spawn"), 4056, 3040)
    _slot, width, height = slots.put(np.zeros((3040, 4056, 3), np.uint8))
    assert (width, height) == (676, 507)


def test_a_frame_of_another_shape_is_not_shown_and_harms_nothing(rig):
    """It finds no room in the memory that was asked for."""
    assert rig.slots.put(np.zeros((640, 480, 3), np.uint8)) is None
    assert rig.slots.put(np.zeros((320, 480, 3), np.uint8)) is not None


@pytest.mark.parametrize("command", [Command.START, Command.RESET])
def test_what_lets_gates_move_is_not_heeded_late(rig, command):
    """A command that waited was meant for another situation."""
    late = CommandAsked(ask=1, at=10.0 - LATEST_COMMAND_S - 0.1, command=command, by="Ada")
    fresh = CommandAsked(ask=2, at=10.0, command=command, by="Ada")
    assert rig.asks(late, fresh) == [fresh]
    assert "too late" in rig.channel.of(Answer)[0].problem


@pytest.mark.parametrize("command", [Command.STOP, Command.HOLD])
def test_what_brings_gates_to_rest_is_heeded_however_late(rig, command):
    """Better late than never."""
    late = CommandAsked(ask=1, at=0.0, command=command, by="Ada")
    assert rig.asks(late) == [late]


def test_a_label_is_written_by_the_sorters_thread_with_who_said_so(rig):
    """And told to whoever watches."""
    rig.journal.decided(track(), Decision("coin", Reason.SORTED, "coin", 0.9, (0.9, 0.1)), 10.0, None)
    rig.asks(LabelAsked(ask=5, part=1, label="nut", by="Ada"))
    rig.feed.record(rig.journal)
    rig.feed.look(made.condition(0.0))
    row = rig.journal.database.execute("SELECT label, corrected_by FROM corrections").fetchone()
    assert tuple(row) == ("nut", "Ada")
    assert rig.channel.told[:2] == [Labelled(1, "nut", "Ada"), Answer(5)]


@pytest.mark.parametrize(("part", "label"), [(1, "banana"), (99, "nut")])
def test_a_label_or_part_that_does_not_exist_is_answered_and_harms_nothing(rig, part, label):
    """The line goes on."""
    rig.journal.decided(track(), Decision("coin", Reason.SORTED, "coin", 0.9, (0.9, 0.1)), 10.0, None)
    rig.asks(LabelAsked(ask=5, part=part, label=label, by="Ada"))
    rig.feed.record(rig.journal)
    rig.feed.look(made.condition(0.0))
    assert rig.channel.of(Answer)[0].problem


def test_a_flood_of_labels_is_bounded(rig):
    """What is too many at once is refused with a sentence."""
    rig.asks(*(LabelAsked(ask=one, part=1, label="nut", by="Ada") for one in range(100)))
    assert len(rig.channel.of(Answer)) == 100 - MOST_LABELS


def test_a_part_that_is_given_up_counts_for_reject(rig):
    """The totals keep both: what was decided, and what became of it."""
    rig.feed.saw(frame(), [outcome(1), outcome(2)], [])
    rig.feed.gave_up(1, Reason.LINE_STOPPED)
    assert rig.totals().bins == {"coin": 1, "reject": 1}


def test_the_gates_timing_is_measured_where_there_was_a_due_moment(rig):
    """A rest has none."""
    rig.feed.moved(GateMove("coin", "opened", 10.002, 10.0, 1))
    rig.feed.moved(GateMove("coin", "closed", 11.0, None, 1))
    spread = rig.totals().gate_error
    assert (spread.count, spread.most_ms) == (1, pytest.approx(2.0))


def test_a_change_is_told_at_once_and_sameness_now_and_then(rig):
    """Twenty looks a second at a line that stays as it is are two records."""
    for look in range(20):
        rig.feed.look(made.condition(10.0 + look * 0.05))
    assert len(rig.channel.of(Totals)) == 2
    incident, standing = made.jam(10.96)
    rig.feed.look(made.condition(10.96, standing=[standing]))
    assert len(rig.channel.of(Totals)) == 3
    assert isinstance(incident, IncidentTold)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x80\x04N.",
        b"[]",
        b'{"kind": "command", "ask": 1, "at": 1.0, "command": "abort", "by": ""}',
        b'{"kind": "command", "ask": 1, "at": 1.0, "command": "start", "by": "", "more": 1}',
        b'{"kind": "freed", "slot": -1}',
        b'{"kind": "label", "ask": 1, "part": 1, "label": "' + b"x" * 81 + b'", "by": ""}',
    ],
)
def test_what_nobody_can_have_asked_is_not_read(message):
    """Only the few records of the table are."""
    assert read_asked(message) is None


def test_what_nobody_sends_is_bounded(rig):
    """When nobody looks after the line, the oldest falls out and is counted."""
    for number in range(MOST_WAITING + 10):
        rig.feed.gave_up(number, Reason.BELT)
    assert rig.totals().untold == 10


def test_buttons_pressed_in_a_flood_count_once_and_a_stop_always(rig):
    """Changes of state are rows that the sorter waits for, so nobody can have thousands of them made."""
    both = (Command.START, Command.STOP)
    flood = [CommandAsked(ask=number, at=10.0, command=one, by="") for number in range(50) for one in both]
    assert [one.command for one in rig.asks(*flood)] == [Command.START, Command.STOP]
    again = [CommandAsked(ask=number, at=10.0, command=one, by="") for number, one in enumerate(both)]
    assert [one.command for one in rig.asks(*again)] == [Command.STOP]
    rig.clock.sleep_until(10.0 + MOVE_EVERY_S)
    assert [one.command for one in rig.asks(again[0])] == [Command.START]


def test_labels_in_a_flood_are_written_a_few_a_second(rig):
    """However often the sorter has time for them."""
    rig.journal.decided(track(), Decision("coin", Reason.SORTED, "coin", 0.9, (0.9, 0.1)), 10.0, None)
    rig.asks(*(LabelAsked(ask=one, part=1, label="nut", by="Ada") for one in range(10)))
    for _ in range(100):
        rig.feed.record(rig.journal)
    assert rig.journal.database.execute("SELECT count(*) FROM corrections").fetchone()[0] == 1
    rig.clock.sleep_until(10.0 + LABEL_EVERY_S)
    rig.feed.record(rig.journal)
    assert rig.journal.database.execute("SELECT count(*) FROM corrections").fetchone()[0] == 2


def test_an_answer_comes_behind_the_state_that_it_led_to(rig):
    """So whoever asked knows the state when the answer is there."""
    (asked,) = rig.asks(CommandAsked(ask=7, at=10.0, command=Command.STOP, by=""))
    rig.feed.answer(asked, None)
    rig.feed.look(made.condition(10.0, State.IDLE))
    assert [type(told).__name__ for told in rig.channel.told] == ["Condition", "Totals", "Answer"]
    rig.feed.answer(asked, "refused")
    rig.feed.look(made.condition(10.0, State.IDLE))
    assert rig.channel.told[-1] == Answer(7, "refused")
