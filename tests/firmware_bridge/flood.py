"""Openings that a board must keep while its line is full of other things."""

from __future__ import annotations

import random

from firmware_bridge.codec import encode, next_number
from firmware_bridge.codes import State, Status
from firmware_bridge.messages import Ack, DeviceStatus, Heartbeat, Missed, Opened, Ping, Plan
from tests.firmware_bridge.board_host import GATE_PINS

WITHIN_US = 2.0


def check_edges(host, plans):
    """Every planned edge is on its pin, never early, never two microseconds late; and nothing else is."""
    due = sorted(
        (edge for plan in plans for edge in ((plan.opens, plan.gate, True), (plan.closes, plan.gate, False))),
        key=lambda edge: ((edge[0] - plans[0].opens + 2**31) % 2**32, edge[1]),
    )
    made = [edge for edge in host.edges if edge[0] in GATE_PINS]
    assert len(made) == len(due)
    late = []
    for gate, pin in enumerate(GATE_PINS):
        mine = [(tick, level) for tick, one, level in due if one == gate]
        seen = [(at, level) for one, level, at in made if one == pin]
        assert [level for _, level in mine] == [level for _, level in seen]
        late += [(at - tick) % 2**32 for (tick, _), (at, _) in zip(mine, seen, strict=True)]
    assert max(late) < WITHIN_US
    return max(late)


def flood(host, count, ahead, noise):
    """Plan `count` openings, one every 10 ms, so long ahead, with late plans, garbage and pings filling the line.

    noise: makes more bytes to send before each, none of them a whole frame.
    """
    rng = random.Random(1)
    start = (host.tick + ahead) % 2**32
    plans, late = [], 0
    for i in range(count):
        opens = start + i * 10_000 + (0 if i % 20 < 2 else rng.randrange(4000))
        if i % 20 == 1:
            opens = plans[-1].opens  # two gates at the same microsecond
        plans.append(Plan(i % 4, opens % 2**32, (opens + rng.randrange(1, 25_000)) % 2**32, i))
        said = [
            (plans[-1], True),
            (Plan(i % 4, (host.tick - rng.randrange(1, 10**6)) % 2**32, host.tick, 10**6 + i), True),
        ]
        said += [(Ping(i), False), (Heartbeat(1), False)] if i % 2 else [(Ping(i), False)]
        host.board.write(noise(rng))
        for message, numbered in said:
            host.number = next_number(host.number) if numbered else host.number
            host.board.write(rng.randbytes(rng.randrange(8)) + encode(message, host.number if numbered else 0))
            late += numbered
        host.board.write(host.acknowledgement())
        host.wait(10_000)
    for _ in range(ahead // 10_000 + 5):
        host.board.write(host.acknowledgement() + encode(Heartbeat(1)))
        host.wait(10_000)
    return plans


def keep_openings(host, count, ahead, noise=lambda rng: b""):
    """The flood on a board that is set up for it; the worst edge, in microseconds."""
    host.set_up(heartbeat=100_000)
    plans = flood(host, count, ahead, noise)
    acks = [one.status for one in host.told(Ack)]
    assert acks.count(Status.OK) >= count
    assert len([one for one in acks if one in (Status.PAST, Status.BACKWARDS)]) == count
    assert host.told(Missed) == []
    assert {one.part for one in host.told(Opened)} == set(range(count))
    status = next(one for one in reversed(host.heard) if isinstance(one.message, DeviceStatus)).message
    assert (status.state, status.lost) == (State.ARMED, 0)
    return check_edges(host, plans)
