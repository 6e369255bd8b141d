"""Each condition is an incident once, when it begins, with its cause; it ends by itself, and may begin again."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from edge import watcher as module
from edge.incidents import Conditions, Incident, IncidentKind, Incidents
from edge.machine import Machine
from edge.parts import Reason
from edge.pi_health import PiReading
from edge.watcher import Surroundings, Watcher


class Rig:
    """A watcher, and a camera of ten frames a second that does as told."""

    def __init__(self, table, **around):
        self.machine = Machine.model_validate(table)
        self.incidents, self.now = Incidents(), 100.0
        self.watcher = Watcher(self.machine, self.incidents, Surroundings(**around), self.now)

    def run(self, seconds, *, rate_hz=10.0, age_s=0.05, blocked_mm=0.0, executing=True, each_s=None):
        """Let time pass; each_s runs with every frame. Returns the sentences since."""
        until = self.now + seconds
        while self.now < until - 1e-9:
            self.now += 1 / (rate_hz or 10.0)
            if rate_hz:
                self.watcher.saw(self.now - age_s, self.now, blocked_mm)
            if each_s:
                each_s()
            self.watcher.look(self.now, executing=executing)
        return [one.sentence for one in self.incidents.take()]

    def part(self, reason):
        self.watcher.decided(reason, self.now)


@pytest.fixture
def rig(table):
    return Rig(table)


def once(found, *words):
    """One incident with these words."""
    assert len(found) == 1, found
    assert all(word in found[0] for word in words), found


def test_a_line_that_runs_well_has_no_incident(rig):
    assert rig.run(50.0) == []


def test_a_camera_that_stalls_is_told_once_each_time(rig):
    rig.run(10.0)
    once(rig.run(4.0, rate_hz=0), "camera stalled: no frame for 1.", "cable")
    assert rig.run(10.0) == []
    once(rig.run(2.0, rate_hz=0), "camera stalled")


def test_a_slow_camera_is_told_once(rig):
    rig.run(10.0)
    once(rig.run(20.0, rate_hz=4.0), "frame rate low", "camera.frame_rate_hz is 10")
    assert rig.run(20.0, rate_hz=6.0) == []


def test_a_blocked_photo_eye_is_a_jam(rig):
    """Longer than twice the longest part a gate catches, unless limits.jam_mm says otherwise."""
    longest_mm = 2 * rig.machine.spacing.longest_part_mm
    assert rig.run(2.0, blocked_mm=longest_mm - 1) == []
    once(rig.run(2.0, blocked_mm=longest_mm + 1), "jam: the photo-eye is blocked for 100 mm", "clear the belt")
    assert rig.run(2.0) == []


def test_no_part_for_long_is_told_only_while_the_line_sorts(rig):
    assert rig.run(61.0, executing=False) == []
    once(rig.run(61.0), "no flow: no part for 60 s", "feeder")
    rig.part(Reason.SORTED)
    assert rig.run(50.0) == []


def test_parts_that_fail_one_after_the_other_are_told(rig):
    """Doubts about the part count, what line and gates do to it does not; one good part is enough."""
    for reason in [Reason.UNKNOWN] * 19 + [Reason.NOT_ARMED] + [Reason.BLURRED] * 19:
        rig.part(reason)
    assert rig.run(1.0) == []
    rig.part(Reason.BELOW_THRESHOLD)
    once(rig.run(1.0), "consecutive failures: 20 parts in a row")


def test_what_was_wrong_while_the_line_sorted_does_not_keep_it_from_starting(rig):
    """Nothing would ever end a row of failures in a line that stands."""
    for _ in range(25):
        rig.part(Reason.UNKNOWN)
    rig.run(1.0)
    assert "consecutive failures" in rig.watcher.conditions.standing
    rig.run(1.0, executing=False)
    assert rig.watcher.conditions.standing == {}


def test_a_jump_of_the_camera_s_clock_is_told(rig):
    rig.run(5.0)
    once(rig.run(8.0, age_s=-3600.0), "clock jump: a frame is -3600.0 s old and the one before was 0.0 s")
    assert rig.watcher.conditions.standing == {}


def test_a_jump_of_the_wall_clock_is_told(table):
    wall = SimpleNamespace(ahead=1_700_000_000.0)
    rig = Rig(table, wall=lambda: rig.now + wall.ahead if "rig" in locals() else 100.0 + wall.ahead)
    assert rig.run(20.0) == []
    wall.ahead += 7.0
    once(rig.run(20.0), "clock jump: the wall clock was set by +7.0 s")


def test_heat_and_a_weak_supply_are_told(table):
    """Hot until it is five degrees cooler; what is not known is not watched."""
    health = SimpleNamespace(read=lambda: PiReading(health.celsius, health.weak), celsius=79.0, weak=None)
    rig = Rig(table, health=health)
    assert rig.run(10.0) == []
    health.celsius, health.weak = 81.0, True
    found = rig.run(10.0)
    assert [one.split(":")[0] for one in found] == ["hot", "under voltage"]
    health.celsius = 77.0
    rig.run(10.0)
    assert "hot" in rig.watcher.conditions.standing
    health.celsius, health.weak = None, False
    rig.run(10.0)
    assert rig.watcher.conditions.standing == {}


def test_a_disk_that_is_nearly_full_is_told(table, tmp_path, monkeypatch):
    table["limits"] = {"disk_free_mb": 50.0}
    free = SimpleNamespace(mb=60)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(0, 0, free.mb * 1_000_000))
    rig = Rig(table, folder=tmp_path)
    assert rig.run(10.0) == []
    free.mb = 40
    once(rig.run(10.0), "disk nearly full: 40 MB are free")


def test_zero_is_not_watched(table):
    table["limits"] = {"no_flow_s": 0.0, "failures_in_a_row": 0}
    rig = Rig(table)
    for _ in range(50):
        rig.part(Reason.UNKNOWN)
    assert rig.run(100.0) == []


def test_a_condition_is_an_incident_each_time_it_begins():
    incidents = Incidents()
    conditions = Conditions(incidents)
    jam = Incident(IncidentKind.JAM, "c", "r", 1.0)
    for now in (jam, jam, None, None, jam):
        conditions.update("jam", now)
    assert incidents.counts() == {"jam": 2}
    assert len(incidents.take()) == len(incidents.take_to_judge()) == 2
    assert {name: one.kind for name, one in conditions.standing.items()} == {"jam": IncidentKind.JAM}
