"""A machine that cannot work is refused, naming the key and the remedy, before anything moves."""

from __future__ import annotations

import pytest

from edge.errors import MachineError
from edge.machine import Machine, check_machine, read_machine
from edge.machine_command import machine_text


def write(tmp_path, text):
    path = tmp_path / "machine.toml"
    path.write_text(text)
    return path


EXAMPLE = machine_text(("nut", "coin", 'a "quoted" one'))


def test_the_machine_file_we_print_is_one_we_read(tmp_path):
    """`edge-sort machine` gives a file that passes every check, whatever the labels."""
    machine = read_machine(write(tmp_path, EXAMPLE))
    assert machine.bins == {"nut": "nut", "coin": "coin", 'a "quoted" one': 'a "quoted" one'}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("guard_mm", "gaurd_mm", "unknown key 'decision.gaurd_mm'"),
        ("[belt]", "[conveyor]", "'belt'"),
        ("speed_mm_s = 100.0", "speed_mm_s = 0.0", "belt.speed_mm_s: input should be greater than 0, found 0.0"),
        ("speed_mm_s = 100.0", "speed_mm_s = inf", "belt.speed_mm_s"),
        ("pin = 27", "pin = 17", "gates.1.pin: expected a pin of its own, found 17"),
        ('bin = "coin"', 'bin = "nut"', "gates.1.bin: expected a bin of its own"),
        ('bin = "coin"', 'bin = "reject"', "where parts go when no gate moves"),
        ('labels = ["coin"]', 'labels = ["nut"]', "found 'nut' at two"),
        ("travel_mm = 200", "travel_mm = 39", "gates.0.travel_mm: expected at least 40 mm"),
        ("max_on_ms = 2000", "max_on_ms = 300", "max_on_ms: expected at least its dwell_ms"),
        ("dwell_ms = 560", "dwell_ms = 50", "raise dwell_ms"),
        ("width_px = 640", "width_px = 100", "camera.width_px: expected a view of at least"),
        ('kind = "picamera2"', 'kind = "folder"', "camera.folder: expected the folder"),
        ('kind = "picamera2"', 'kind = "webcam"', "camera.kind"),
        ("speed_mm_s = 100.0", "speed_mm_s = 100.0\npitch_mm = 10.0", "belt.pitch_mm: expected at least 33 mm"),
        ("[belt]", "[belt", "expected TOML"),
        ("speed_mm_s = 100.0", 'speed_mm_s = "100"', "belt.speed_mm_s: input should be a valid number"),
        ("pin = 27", "pin = true", "gates.1.pin: input should be a valid integer"),
        ("mm_per_px = 0.25", "mm_per_px = 1e9", "camera.mm_per_px"),
        ("[belt]", "deep = " + "[" * 5000 + "]" * 5000 + "\n[belt]", "expected TOML"),
    ],
)
def test_what_cannot_work_is_refused_by_name(tmp_path, old, new, message):
    """Each wrong value gives one sentence that names file and key."""
    assert old in EXAMPLE
    path = write(tmp_path, EXAMPLE.replace(old, new))
    with pytest.raises(MachineError) as refused:
        read_machine(path)
    assert message in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value).split("expected TOML")[0]


def test_a_byte_order_mark_does_no_harm(tmp_path):
    """Some editors put one at the start."""
    path = tmp_path / "machine.toml"
    path.write_text(EXAMPLE, encoding="utf-8-sig")
    assert read_machine(path).belt.speed_mm_s == 100


def test_a_missing_file_says_how_to_make_one(tmp_path):
    """The remedy is a command."""
    with pytest.raises(MachineError, match="edge-sort machine"):
        read_machine(tmp_path / "none.toml")


def test_a_gate_just_far_enough_is_accepted(table):
    """The smallest distance is the way of the belt during latency, lag and half the dwell: 150 * 0.305 = 45.75 mm."""
    table["gates"][0]["travel_mm"] = 45.75
    check_machine(Machine.model_validate(table))
    table["gates"][0]["travel_mm"] = 45.7
    with pytest.raises(MachineError, match="at least 46 mm"):
        check_machine(Machine.model_validate(table))


def test_the_digest_changes_with_any_value(machine, table):
    """Every record can be traced to the machine that made it."""
    table["gates"][1]["lag_ms"] = 21.0
    assert Machine.model_validate(table).digest() != machine.digest()
