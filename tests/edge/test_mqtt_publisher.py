"""What a broker is told: every part, incident and state once and in order, whatever breaks in between."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import MqttError
from edge.mqtt_receipt import place_of, read_receipt
from edge.mqtt_topics import STREAMS
from tests.edge.mqtt_bench import BASE, Bench
from tests.edge.told_journal import expected


@pytest.fixture
def bench(tmp_path):
    with closing(Bench(tmp_path)) as bench:
        yield bench


def as_a_subscriber_counts(keys):
    """Leave out what was told again, as docs/mqtt_subscriber.py does."""
    newest, kept = (0, 0), []
    for key in keys:
        if key[:2] > newest:
            newest = key[:2]
            kept.append(key)
    return kept


EVENTS = st.one_of(
    st.tuples(st.just("parts"), st.integers(1, 30)),
    st.tuples(st.just("steps"), st.integers(1, 6)),
    st.tuples(st.sampled_from(["incident", "change", "ended", "killed", "publisher", "save"]), st.none()),
    st.tuples(st.just("drop"), st.integers(0, 25)),
)


def play(bench, events):
    for event, count in events:
        if event == "parts":
            for _ in range(count):
                bench.line.part()
        elif event == "steps":
            bench.steps(count)
        elif event == "drop":
            bench.broker.drop(count)
        elif event == "crash":
            bench.broker.crash()
        elif event == "save":
            bench.broker.saved = dict(bench.broker.kept)
        elif event == "publisher":
            bench.kill_publisher()
        elif event in ("ended", "killed"):
            bench.next_run(ended=event == "ended")
        else:
            getattr(bench.line, event)()
    bench.line.end()
    bench.settle()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EVENTS, max_size=25))
def test_whatever_ends_connections_and_programs_each_message_is_heard_once_and_in_order(tmp_path_factory, events):
    """A broker that keeps what it took in hears nothing twice, so neither does who listens to it."""
    with closing(Bench(tmp_path_factory.mktemp("told"))) as bench:
        play(bench, events)
        for name, wanted in expected(bench.path).items():
            assert bench.heard(name) == wanted


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(EVENTS, st.tuples(st.just("crash"), st.none())), max_size=25))
def test_what_a_killed_broker_has_forgotten_is_told_again(tmp_path_factory, events):
    """Nothing is missing, and who leaves out what was heard before has each message once and in order."""
    with closing(Bench(tmp_path_factory.mktemp("told"))) as bench:
        bench.steps(3)
        bench.broker.saved = dict(bench.broker.kept)
        play(bench, events)
        for name, wanted in expected(bench.path).items():
            assert as_a_subscriber_counts(bench.heard(name)) == wanted


def test_a_part_is_told_when_its_gate_has_closed_and_nothing_more_comes_of_it(bench):
    """What rides to its gate may still go to reject: it is told once, as it ended."""
    number = bench.line.decide()
    bench.steps(10)
    assert bench.heard("part") == []
    bench.line.move(number)
    bench.steps(2)
    assert bench.heard("part") == []
    bench.steps(4)
    assert bench.heard("part") == [(1, 1, number)]


def test_a_part_sent_to_reject_late_is_told_as_rejected(bench):
    """The gate moved, then the stop showed that it had not caught the part."""
    from edge.parts import Reason

    number = bench.line.decide()
    bench.line.move(number)
    bench.steps(3)
    bench.line.journal.rejected(number, Reason.GATE_CUT)
    bench.steps(6)
    (payload,) = [payload for topic, payload in bench.broker.heard if topic.endswith("/part")]
    facts = json.loads(payload)
    assert (facts["bin"], facts["reason"], facts["gate"]) == ("reject", "gate_cut", None)


def test_parts_are_told_in_the_order_of_their_decisions(bench):
    """A part that is final waits for one that was decided before it, and numbers do not matter."""
    first = bench.line.decide(7)
    bench.line.decide(3, gate=None)
    bench.steps(10)
    assert bench.heard("part") == []
    bench.line.at -= 1.0
    bench.line.move(first)
    bench.steps(10)
    assert bench.heard("part") == [(1, 1, 7), (1, 2, 3)]


def test_the_order_holds_where_a_long_backlog_is_read_piece_by_piece(bench):
    """A part behind the end of a piece may have been decided before one at its end."""
    for number in [*range(1, 700), 800, *range(700, 800), *range(801, 1700)]:
        bench.line.decide(number, gate=None)
    bench.line.end()
    bench.settle()
    assert bench.heard("part") == expected(bench.path)["part"]
    assert bench.heard("part")[699] == (1, 700, 800)


def test_a_part_whose_move_was_lost_holds_the_others_back_only_until_a_later_gate_moves(bench):
    """A lost report of a move is no reason to be silent for the rest of the run."""
    bench.line.decide()
    for _ in range(8):
        bench.line.move(bench.line.decide(gate="screw"), gate="screw")
    bench.steps(10)
    assert [key[2] for key in bench.heard("part")] == list(range(1, 10))


def test_a_broker_that_knows_nothing_hears_of_the_last_run_or_of_those_asked_for(bench):
    """A year of parts is not poured out by the first start with [mqtt]."""
    bench.line.part()
    bench.next_run(ended=True)
    bench.line.part()
    bench.line.end()
    bench.path.with_name("memory.json").unlink()
    bench.open()
    bench.settle()
    assert bench.heard("part") == [(2, 1, 1)]

    bench.broker.kept.clear()
    bench.open(first_run=1)
    bench.settle()
    assert bench.heard("part")[1:] == [(1, 1, 1), (2, 1, 1)]


def test_a_run_without_a_broker_is_told_by_the_next_one(bench):
    """Though none was ever reached, it is known from the first start on what a broker shall hear."""
    bench.line.part()
    bench.next_run(ended=False)
    bench.open()
    bench.line.part()
    bench.line.end()
    bench.settle()
    assert bench.heard("part") == [(1, 1, 1), (2, 1, 1)]


def test_a_broker_that_keeps_nothing_hears_what_comes_after_what_it_was_told(bench):
    """A broker without persistence has forgotten everything: the file beside the journal says how far it was told."""
    bench.line.part()
    bench.steps(10)
    bench.publisher.finish(1.0)
    bench.broker.kept.clear()
    bench.open()
    bench.line.part()
    bench.steps(10)
    assert bench.heard("part") == [(1, 1, 1), (1, 2, 2)]


def test_incidents_while_the_publisher_was_away_are_told_though_none_was_told_before(bench):
    """Where a stream begins is known from the first connection on, also when it says nothing for long."""
    bench.line.part()
    bench.steps(10)
    bench.kill_publisher()
    bench.line.incident()
    bench.next_run(ended=True)
    bench.line.end()
    bench.settle()
    assert bench.heard("incident") == [(1, 1, 1)]


def test_counts_are_those_of_what_was_told(bench):
    """Parts by bin, rejected by reason, incidents by kind; a new run begins at nothing."""
    for _ in range(7):
        bench.line.part()
    bench.line.incident()
    bench.steps(40)
    counts = json.loads(bench.broker.kept[f"{BASE}/counts"])
    assert counts["bins"] == {"nut": 5, "reject": 2}
    assert (counts["parts"], counts["sorted"], counts["rejected"]) == (7, 5, {"below_threshold": 2})
    assert counts["incidents"] == {"jam": 1}

    bench.kill_publisher()
    bench.line.part()
    bench.steps(40)
    assert json.loads(bench.broker.kept[f"{BASE}/counts"])["parts"] == 8

    topic = f"{BASE}/part"
    bench.broker.saved[topic] = next(payload for where, payload in bench.broker.heard if where == topic)
    bench.broker.crash()  # all but the first part is told again
    bench.steps(80)
    assert len(bench.heard("part")) == 8 + 7
    assert json.loads(bench.broker.kept[f"{BASE}/counts"])["parts"] == 8

    bench.next_run(ended=True)
    bench.steps(60)
    assert json.loads(bench.broker.kept[f"{BASE}/counts"]) | {"journal": ""} == {
        "journal": "", "run": 2, "parts": 0, "sorted": 0, "bins": {}, "rejected": {}, "incidents": {},
    }  # fmt: skip


def test_a_line_is_online_while_it_is_told_of_and_offline_after(bench):
    """What the broker keeps says so to whoever subscribes later."""
    bench.steps(3)
    assert bench.broker.kept[f"{BASE}/availability"] == b"online"
    bench.publisher.finish(1.0)
    assert bench.broker.kept[f"{BASE}/availability"] == b"offline"


def test_a_problem_is_told_once_and_its_end_too(bench):
    """Ten attempts that fail alike are one sentence, and they become rarer."""
    attempts = []

    def refuse():
        attempts.append(bench.now)
        raise MqttError("nobody there")

    connect, bench.publisher._connect = bench.publisher._connect, refuse
    bench.steps(400)
    assert bench.told == ["nobody there; the journal keeps what is not told yet"]
    assert 10 < len(attempts) < 25
    bench.publisher._connect = connect
    bench.steps(60)
    assert len(bench.told) == 2


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["journal", "run", "part", "sequence", "change", "x"]), inner, max_size=6
                )
            ),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    st.sampled_from(STREAMS),
)
def test_nothing_that_a_broker_says_does_more_than_be_ignored(bench, payload, name):
    """The kept messages of the line are all it ever reads: rubbish there is as good as nothing."""
    place = place_of(bench.outbox, name, read_receipt(name, payload))
    assert place is None


def test_a_message_that_would_cost_much_to_read_is_none_of_ours(bench):
    """What is long or nested deeply is not even looked into."""
    for payload in (b"[" * 60_000, b" " * 70_000, b'{"run":' * 9_000):
        assert read_receipt("part", payload) is None


def test_a_receipt_of_another_journal_or_of_no_row_counts_for_nothing(bench):
    """A line that got a new disk goes on from its own first part."""
    bench.line.part()
    good = {"journal": bench.outbox.journal, "run": 1, "part": 1, "sequence": 1}
    assert place_of(bench.outbox, "part", read_receipt("part", json.dumps(good).encode())) is not None
    for change in ({"journal": "other"}, {"run": 9}, {"part": 2}, {"run": True}, {"part": 2**70}, {"sequence": -1}):
        receipt = read_receipt("part", json.dumps(good | change).encode())
        assert place_of(bench.outbox, "part", receipt) is None
