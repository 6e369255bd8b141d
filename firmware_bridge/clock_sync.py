"""What time it is on a microcontroller: its counter of microseconds, as a function of the host's monotonic seconds.

A ping leaves the host at `asked_at`, the device notes its counter when the ping arrives (`received`) and when its
answer leaves (`sent`), which is heard at `heard_at`. However unequal the ways there and back were, the counter was not
beyond `received` when it was asked, and was at `sent` before it was heard. That is all that is believed: a line
through the plane of host seconds and device microseconds must pass below (asked_at, received) and above (heard_at,
sent) of every ping. `DeviceClock` keeps the pings that say most and gives, for a moment, the highest and the lowest
value that any such line has there. The middle is the answer and half of the difference its bound: no estimate of
noise, but a limit, as long as the rate of the two clocks against each other wanders no more than WANDER_PPM. A slow
ping is no outlier that has to be found; it only says little.

The rate does more than wander when the host's time service begins to slew the monotonic clock. The next ping then
contradicts the others, which are forgotten; until it comes, the bound may be short by SLEW_PPM of the time since the
last one.

The method is known as set-membership or interval-based synchronisation: K. Marzullo and S. Owicki, "Maintaining the
time in a distributed system", 1983, is its origin; the two enveloping lines are those of the convex-hull methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TICKS_PER_S = 1_000_000
WRAP = 1 << 32  # of the device's counter: 71.6 minutes
SLEW_PPM = 500.0  # by which Linux may slew its monotonic clock at most (adjtimex(2): the frequency's limit)
CRYSTALS_PPM = 200.0  # by which two crystals may go unlike each other: 50 to 100 ppm each
WANDER_PPM = 2.0  # by which the rate may differ from one straight line's, while it does not slew
_KEPT = 24  # pings; the cost of each new one grows with their square
_BUCKET_S = 1.0  # of each second at first, later of each longer stretch, the best ping is kept
READ_US = 1.0  # the counter is read within this of the moment it stands for


@dataclass(frozen=True)
class Ping:
    """One question and answer. asked_at, heard_at: host seconds. received, sent: the device's counter, unwrapped."""

    asked_at: float
    received: int
    sent: int
    heard_at: float

    @property
    def under_way_s(self) -> float:
        """How long it was on the link, which is how little it says."""
        return self.heard_at - self.asked_at - (self.sent - self.received) / TICKS_PER_S


@dataclass(frozen=True)
class DeviceTime:
    """A moment on the device: ticks, as it counts beyond any wrap, known to within error_us either way."""

    ticks: float
    error_us: float


class ClockLost(Exception):
    """No line passes through what the pings say: the device has started anew, or its clock jumped."""


class DeviceClock:
    """The device's counter, followed by pings. Call `take` with each, in order."""

    def __init__(self, *, apart_ppm: float = CRYSTALS_PPM + SLEW_PPM, wander_ppm: float = WANDER_PPM) -> None:
        """apart_ppm: by which the rates may differ at all. wander_ppm: by which that may change meanwhile."""
        self._apart, self._wander = apart_ppm * 1e-6, wander_ppm * 1e-6
        self._pings: list[Ping] = []
        self._rates = (0.0, 0.0)
        self.rate_changes = 0  # so far: how often the pings before had to be forgotten

    @property
    def known(self) -> bool:
        """Whether a ping has been answered."""
        return bool(self._pings)

    @property
    def rate_ppm(self) -> tuple[float, float]:
        """The least and the most by which the device may be faster than the host, in millionths."""
        slowest, fastest = ((rate / TICKS_PER_S - 1) * 1e6 for rate in self._rates)
        return slowest, fastest

    def take(self, asked_at: float, received: int, sent: int, heard_at: float) -> None:
        """Take in a ping. received, sent: the counter as the device gave it, of 32 bits.

        Raises ClockLost when not even the two clocks' largest difference in rate explains it; all is forgotten then.
        """
        unwrapped = self._unwrapped(received, (asked_at + heard_at) / 2)
        ping = Ping(asked_at, unwrapped, unwrapped + (sent - received) % WRAP, heard_at)
        for before in (self._pings, self._pings[-1:]):
            self._pings = _worth_keeping([*before, ping])
            rates = self._envelope()
            if rates is not None:
                self._rates = rates
                return
            self.rate_changes += 1
        self.forget()
        raise ClockLost(f"the device's counter stands at {sent}, which the pings before do not allow")

    def ticks_at(self, host_s: float) -> DeviceTime:
        """Return what the device's counter shows at a moment of the host. Raises ClockLost before the first ping."""
        if not self._pings:
            raise ClockLost("no ping has been answered yet")
        below, above = self._corners(host_s)
        slowest, fastest = self._rates
        ahead, behind = host_s - below[0], host_s - above[0]
        highest = float(np.min(below[1] + np.where(ahead > 0, fastest, slowest) * ahead))
        lowest = float(np.max(above[1] + np.where(behind > 0, slowest, fastest) * behind))
        return DeviceTime((highest + lowest) / 2, max(0.0, highest - lowest) / 2)

    def host_at(self, counter: int) -> tuple[float, float]:
        """Return the host's moment of a counter the device sent lately, and its error, both in seconds.

        Raises ClockLost before the first ping.
        """
        if not self._pings:
            raise ClockLost("no ping has been answered yet")
        newest = self._pings[-1]
        ticks = _nearest(counter, newest.sent)
        rate = sum(self._rates) / 2
        host_s = newest.heard_at + (ticks - newest.sent) / rate
        for _ in range(2):  # the middle of the envelope is not straight; twice leaves nothing to speak of
            found = self.ticks_at(host_s)
            host_s += (ticks - found.ticks) / rate
        return host_s, self.ticks_at(host_s).error_us / TICKS_PER_S

    def forget(self) -> None:
        """Begin anew, with the device."""
        self._pings = []

    def _unwrapped(self, counter: int, host_s: float) -> int:
        if not self._pings:
            return counter
        expected = self._pings[-1].sent + round((host_s - self._pings[-1].heard_at) * TICKS_PER_S)
        return _nearest(counter, expected)

    def _corners(self, at: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the (host, device) points a line must pass below and above, (2, pings) each.

        Each is moved away by what the way from there to `at` may deviate from a straight line.
        """
        pings = self._pings
        below = np.array([(ping.asked_at, ping.received) for ping in pings]).T
        above = np.array([(ping.heard_at, ping.sent) for ping in pings]).T
        for corners, sign in ((below, 1), (above, -1)):
            corners[1] += sign * (READ_US + self._wander * TICKS_PER_S * np.abs(at - corners[0]))
        return below, above

    def _envelope(self) -> tuple[float, float] | None:
        """Return the least and the greatest slope of a line between all corners, None when there is none."""
        below, above = self._corners(self._pings[-1].heard_at)
        run, rise = below[:, :, None] - above[:, None, :]
        later, earlier = run > 0, run < 0
        fastest = float(np.min(rise[later] / run[later], initial=TICKS_PER_S * (1 + self._apart)))
        slowest = float(np.max(rise[earlier] / run[earlier], initial=TICKS_PER_S * (1 - self._apart)))
        return (slowest, fastest) if slowest <= fastest else None


def _nearest(counter: int, expected: int) -> int:
    """Return the number that is `counter` in 32 bits and lies nearest to `expected`."""
    return expected + (counter - expected + WRAP // 2) % WRAP - WRAP // 2


def _worth_keeping(pings: Sequence[Ping]) -> list[Ping]:
    """Return the quickest ping of each stretch of time, stretches growing with age, and always the newest ping."""
    newest = pings[-1]
    best: dict[int, Ping] = {}
    for ping in pings:
        bucket = _stretch(newest.asked_at - ping.asked_at)
        if bucket not in best or ping.under_way_s < best[bucket].under_way_s:
            best[bucket] = ping
    kept = sorted({*best.values(), newest}, key=lambda ping: ping.asked_at)
    return kept[-_KEPT:]


def _stretch(age_s: float) -> int:
    return int(np.log2(1 + age_s / _BUCKET_S) * 3)
