"""What has drifted is an incident with its cause, once; what is as ever is none, and a restart does not forget."""

from __future__ import annotations

import numpy as np
import pytest

from edge.drift import DriftWatch
from edge.drift_baseline import baseline_file
from edge.drift_tables import DriftTable
from edge.incidents import Conditions, Incidents
from edge.machine import Machine
from edge.parts import Decision, Frame, Reason

LABELS = ("nut", "screw", "washer")
PATCH = (8, 8, 32, 24)


class Line:
    """A watch with a line that does as told: ten frames a part."""

    def __init__(self, table, journal=None, *, patch=None, bundle="a" * 64, **drift):
        drift = {"learn_parts": 150, "window_parts": 50, "patch_px": patch, **drift}
        self.machine = Machine.model_validate(table | {"drift": drift})
        self.told: list[str] = []
        file = baseline_file(journal, bundle, self.machine, self.told.append)
        self.watch = DriftWatch(self.machine.drift, file, self.told.append)
        self.incidents = Incidents()
        self.conditions = Conditions(self.incidents)
        self.rng, self.frames = np.random.default_rng(0), 0
        self.light, self.labels, self.score_loss, self.soft, self.executing = 1.0, LABELS, 0.0, False, True
        self.mark = np.kron(self.rng.integers(0, 2, (3, 4)), np.ones((8, 8)))[:, :, None] * 90 + 40

    def frame(self):
        image = np.full((64, 96, 3), 150.0) + self.rng.normal(0, 3, (1, 96, 3))
        left, top, width, height = PATCH
        image[top : top + height, left : left + width] = self.mark
        image[40:60, 50:90] = 30  # a part
        return Frame(np.clip(image * self.light, 0, 255).astype(np.uint8), 0.0, self.frames)

    def crop(self):
        crop = self.rng.integers(0, 255, (12, 12, 3), dtype=np.uint8)
        return crop // 8 + crop.mean(axis=0).astype(np.uint8) // 2 if self.soft else crop

    def part(self, reason=Reason.SORTED):
        self.frames += 10
        frame = self.frame()
        for _ in range(10):
            self.watch.saw(frame)
        label = str(self.rng.choice(self.labels))
        score = float(np.clip(self.rng.beta(30, 1) - self.score_loss, 0, 1))
        self.watch.decided(Decision(label, reason, label, score, (score,)), self.crop())
        self.watch.work(executing=self.executing)
        self.watch.judge(self.conditions, float(self.frames))

    def run(self, parts, reason=Reason.SORTED):
        """Let parts ride; return the sentences of new incidents."""
        for _ in range(parts):
            self.part(reason)
        return [one.sentence for one in self.incidents.take()]


@pytest.fixture
def line(table):
    """One that has learnt."""
    line = Line(table)
    assert line.run(150) == []
    return line


def once(found, *words):
    assert len(found) == 1, found
    assert all(word in found[0] for word in words), found


def test_a_line_that_is_as_ever_has_no_incident(line):
    assert line.run(600) == []


def test_light_that_fades_is_told_within_a_hundred_parts(line):
    """A thousand frames; told once, and again only after it had ended."""
    line.light = 0.85
    once(line.run(100), "brightness drift: the belt is 15% darker than when it was learnt", "look at the lamp")
    assert line.run(100) == []
    line.light = 1.0
    line.run(100)
    assert line.conditions.standing == {}


def test_light_within_the_limit_is_no_incident(line):
    line.light = 0.92
    assert line.run(150) == []


def test_scores_that_fall_are_told_within_two_windows(line):
    line.score_loss = 0.1
    once(line.run(100), "confidence drift: the scores of the last 50 parts have fallen, most of '", "light, lens")


def test_pictures_that_blur_are_told_within_two_windows(line):
    line.soft = True
    once(line.run(100), "sharpness drift: the blur scores of the last 50 parts have fallen", "clean the lens")


def test_a_class_that_vanishes_is_told_within_two_windows(line):
    line.labels = ("nut", "screw")
    once(line.run(100), "mix drift: of the last 50 parts 0 are 'washer', usual are 1", "feeder")


def test_parts_that_come_in_batches_are_none_where_the_machine_says_so(table):
    line = Line(table, mix=False)
    line.run(150)
    line.labels = ("nut",)
    assert line.run(200) == []


def test_a_condition_ends_when_parts_are_as_ever_again(line):
    line.score_loss = 0.1
    line.run(100)
    assert [str(one.kind) for one in line.conditions.standing.values()] == ["confidence_drift"]
    line.score_loss = 0.0
    line.run(100)
    assert line.conditions.standing == {}


def test_a_line_that_does_not_sort_ends_it_and_begins_a_new_window(line):
    """Else a rule `hold` could never be started again."""
    line.score_loss = 0.1
    line.run(100)
    line.executing = False
    line.run(1)
    assert line.conditions.standing == {}


def test_parts_that_were_not_seen_well_do_not_count(line):
    line.score_loss = 0.5
    assert line.run(200, Reason.CROWDED) == []


def test_the_patch_tells_whether_light_or_belt_has_changed(table):
    line = Line(table, patch=PATCH)
    line.run(150)
    line.light = 0.8
    once(line.run(100), "20% darker than when it was learnt, and the reference patch is 20% darker")


def test_a_mark_that_moved_is_told(table):
    line = Line(table, patch=PATCH)
    line.run(150)
    line.mark = np.roll(line.mark, 2, axis=1)
    once(line.run(100), "patch drift: the reference patch: it has moved by +2 pixels along the belt", "mount")


def test_a_plain_patch_is_told_at_once(table):
    line = Line(table, patch=PATCH)
    line.mark = line.mark * 0 + 90
    line.run(150)
    once(line.told, "drift.patch_px: expected something with light and dark in it, found a plain patch")


def test_a_restart_does_not_forget(table, tmp_path):
    """Learnt in two runs, kept beside the journal; the third finds the change at once."""
    journal = tmp_path / "journal.sqlite"
    Line(table, journal, patch=PATCH).run(100)
    Line(table, journal, patch=PATCH).run(60)
    assert [one.name for one in (tmp_path / "journal-drift").iterdir()] == [f"{'a' * 16}.json"]

    line = Line(table, journal, patch=PATCH)
    line.light, line.score_loss = 0.85, 0.2
    kinds = sorted(sentence.partition(":")[0] for sentence in line.run(55))
    assert kinds == ["brightness drift", "confidence drift"]
    assert "delete" in next(one.remedy for one in line.conditions.standing.values())


def test_another_bundle_or_another_camera_learns_anew(table, tmp_path):
    journal = tmp_path / "journal.sqlite"
    Line(table, journal).run(150)
    for changed in ({"bundle": "b" * 64}, {"table": table | {"camera": table["camera"] | {"exposure_ms": 2.0}}}):
        line = Line(changed.get("table", table), journal, bundle=changed.get("bundle", "a" * 64))
        line.light = 0.7
        assert line.run(100) == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"of_machine": 1}', b"\xff", b'{"of_machine": "", "patch": "?"}'])
def test_a_damaged_file_is_told_and_learnt_anew(table, tmp_path, content):
    journal = tmp_path / "journal.sqlite"
    folder = tmp_path / "journal-drift"
    folder.mkdir()
    (folder / f"{'a' * 16}.json").write_bytes(content)

    line = Line(table, journal)
    once(line.told, "expected what drift is measured by", "learnt anew")
    assert line.run(150) == []
    assert len(Line(table, journal).told) == 0


def test_a_folder_that_cannot_be_written_costs_the_memory_and_not_the_run(table, tmp_path):
    (tmp_path / "journal-drift").write_text("a file in the way")
    line = Line(table, tmp_path / "journal.sqlite")
    assert line.run(300) == []
    once(line.told, "expected to keep what drift is measured by", "sorting goes on")


def test_nothing_is_watched_where_nothing_shall_be_learnt(table):
    line = Line(table, learn_parts=0)
    line.run(100)
    line.light, line.score_loss = 0.5, 0.5
    assert line.run(300) == []


def test_the_three_tests_share_the_chance_that_is_stated():
    """Five thousand windows of two hundred in a million parts, three tests each."""
    table = DriftTable()
    windows = table.false_alarm_parts / table.window_parts
    assert 3 * windows * table.chance == pytest.approx(1.0)
