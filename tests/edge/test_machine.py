"""A machine that cannot work is refused, naming the key and the remedy, before anything moves."""

from __future__ import annotations

import re

import pytest

from edge.control_tables import RulesTable
from edge.errors import MachineError
from edge.incidents import IncidentKind
from edge.machine import Machine, read_machine
from edge.machine_checks import check_machine
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


def test_what_the_machine_file_we_print_leaves_out_works_too(tmp_path):
    """Every line that is commented out can be taken in as it stands."""
    text = re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE, flags=re.MULTILINE)
    machine = read_machine(write(tmp_path, text))
    assert machine.eye.at_mm == -90
    assert machine.inputs.bin_full.keys() == {"nut"}
    assert machine.inputs.estop.pin == 2
    assert machine.stack_light.red_pin == 11
    assert machine.gates[-1].confirm.pin == 14


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("guard_mm", "gaurd_mm", "unknown key 'decision.gaurd_mm'"),
        ("[belt]", "[conveyor]", "unknown key 'conveyor'"),
        ("speed_mm_s = 100.0", "sped_mm_s = 100.0", "unknown key 'belt.sped_mm_s'"),
        ("speed_mm_s = 100.0", "speed_mm_s = 0.0", "belt.speed_mm_s: input should be greater than 0, found 0.0"),
        ("speed_mm_s = 100.0", "speed_mm_s = inf", "belt.speed_mm_s"),
        ("pin = 27", "pin = 17", "gates.1.pin: expected a pin of its own, found 17"),
        ('bin = "coin"', r'bin = "\u001b[2Jcoin"', "gates.1.bin: expected a name that can be shown"),
        ('name = "coin"', r'name = "  "', "gates.1.name: expected a name that can be shown"),
        ('bin = "coin"', 'bin = "reject"', "where parts go when no gate moves"),
        ('labels = ["coin"]', 'labels = ["nut"]', "found 'nut' in 'nut' and in 'coin'"),
        ("travel_mm = 200", "travel_mm = 39", "gates.0.travel_mm: expected at least 40 mm"),
        ("max_on_ms = 2000", "max_on_ms = 300", "max_on_ms: expected at least its dwell_ms and move_ms (560)"),
        ("dwell_ms = 560", "dwell_ms = 50", "gates.0.dwell_ms: expected at least 100"),
        ("width_px = 640", "width_px = 100", "camera.width_px: expected a view of at least"),
        ('kind = "picamera2"', 'kind = "folder"', "camera.folder: expected the folder"),
        ('kind = "picamera2"', 'kind = "webcam"', "camera.kind"),
        ("speed_mm_s = 100.0", "speed_mm_s = 100.0\npitch_mm = 10.0", "belt.pitch_mm: expected at least 33 mm"),
        ("[belt]", "[belt", "expected TOML"),
        ("speed_mm_s = 100.0", 'speed_mm_s = "100"', "belt.speed_mm_s: input should be a valid number"),
        ("pin = 27", "pin = true", "gates.1.pin: input should be a valid integer"),
        ("mm_per_px = 0.25", "mm_per_px = 1e9", "camera.mm_per_px"),
        ("[belt]", "[inputs.estop]\npin = 2\nactive_high = true\n[belt]", "unknown key 'inputs.estop.active_high'"),
        ("[belt]", '[rules]\njam = "ignore"\n[belt]', "rules.jam"),
        ("[belt]", "limits = 3\n[belt]", "limits: expected a table of keys, found 3"),
        ('labels = ["coin"]', "labels = []", "gates.1.labels: expected at least 1, found []"),
        ("[belt]", "[limits]\nhot_c = 500.0\n[belt]", "limits.hot_c"),
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


SERVO = {"kind": "servo", "rest_us": 1000.0, "away_us": 2000.0, "move_ms": 200.0, "min_off_ms": 250.0}


def test_a_servo_takes_its_time_on_the_belt(table):
    """The gate must be further away, and parts further apart, by what the belt moves while the servo does."""
    table["gates"][0] |= SERVO | {"travel_mm": 75.75}
    machine = Machine.model_validate(table)
    check_machine(machine)
    assert machine.spacing.free_mm(10) == Machine.model_validate(table).spacing.guard_mm + 27.75 + 30 - 5
    table["gates"][0]["travel_mm"] = 75.7
    with pytest.raises(MachineError, match="at least 76 mm"):
        check_machine(Machine.model_validate(table))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rest_us": None}, "rest_us: expected a pulse length"),
        ({"kind": "output"}, "rest_us: expected none"),
        ({"move_ms": 0.0}, "move_ms: expected the time the servo takes"),
        ({"min_off_ms": 100.0}, "min_off_ms: expected at least move_ms"),
        ({"max_on_ms": 400.0}, "max_on_ms: expected at least its dwell_ms and move_ms"),
    ],
)
def test_a_servo_that_cannot_work_is_refused(table, change, message):
    """Each wrong key of a servo is named."""
    table["gates"][0] |= SERVO | change
    with pytest.raises(MachineError, match=message):
        check_machine(Machine.model_validate(table))


def test_a_servo_s_pulse_that_lgpio_would_cut_is_refused(table):
    """1500 us are 7.5 % of 20 ms, and lgpio sends 7."""
    table["gates"][0] |= SERVO | {"rest_us": 1500.0}
    check_machine(Machine.model_validate(table))
    table["gpio"]["pin_factory"] = "lgpio"
    with pytest.raises(MachineError, match="whole steps of 200 us"):
        check_machine(Machine.model_validate(table))


def test_gates_may_share_a_class_and_a_bin_but_not_tear_a_class_apart(table):
    """Several gates for one class fill one bin; two bins for one class are a contradiction."""
    table["gates"][1] |= {"bin": "red", "labels": ["red", "green"]}
    machine = Machine.model_validate(table)
    check_machine(machine)
    assert machine.bins == {"red": "red", "green": "red", "blue": "blue"}
    table["gates"][1] |= {"bin": "green"}
    with pytest.raises(MachineError, match=r"gates\.1\.labels: expected each label in one bin, found 'red'"):
        check_machine(Machine.model_validate(table))


@pytest.mark.parametrize(
    ("belt", "message"),
    [
        ({"kind": "encoder", "pin": 5, "pin_b": 6}, "belt.mm_per_step: expected a value for kind 'encoder'"),
        ({"kind": "pulses", "pin": 5, "pin_b": 6, "mm_per_step": 1.0}, "belt.pin_b: expected none for kind 'pulses'"),
        ({"pin": 5}, "belt.pin: expected none for kind 'fixed'"),
        ({"kind": "pulses", "pin": 5, "mm_per_step": 0.0}, "belt.mm_per_step: expected a step other than 0"),
        ({"kind": "pulses", "pin": 5, "mm_per_step": 4.0}, "no longer than decision.guard_mm"),
        ({"kind": "pulses", "pin": 5, "mm_per_step": -1.0}, "one channel only counts up"),
        ({"kind": "pulses", "pin": 17, "mm_per_step": 1.0}, "found 17 also at belt.pin"),
    ],
)
def test_a_belt_that_cannot_be_counted_is_refused(table, belt, message):
    """Each wrong key of an encoder is named, also a pin that a gate has."""
    table["belt"] |= belt
    with pytest.raises(MachineError) as refused:
        check_machine(Machine.model_validate(table))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"belt": {"pin_b": 5}}, "belt.pin_b: expected a pin of its own, found 5 also at belt.pin; change one of them"),
        ({"eye": {"pin": 5}}, "eye.pin: expected a pin of its own, found 5 also at belt.pin; change one of them"),
        ({"eye": {"pin": 22}}, "eye.pin: expected a pin of its own, found 22 also at gates.2.pin; change one of them"),
        ({"gate": {"pin": 6}}, "gates.1.pin: expected a pin of its own, found 6 also at belt.pin_b; change one"),
    ],
)
def test_every_pin_belongs_to_one_thing(table, tables, message):
    """Whatever two things they are, the later one and where the pin is already are named."""
    table["belt"] |= {"kind": "encoder", "pin": 5, "pin_b": 6, "mm_per_step": 1.0} | tables.get("belt", {})
    table["eye"] = {"pin": 7, "at_mm": -100.0} | tables.get("eye", {})
    table["gates"][1] |= tables.get("gate", {})
    with pytest.raises(MachineError) as refused:
        check_machine(Machine.model_validate(table))
    assert message in str(refused.value)


def test_every_kind_of_incident_has_one_rule_except_the_e_stop_and_a_lost_board():
    """These abort, whatever anybody would like."""
    rules = RulesTable()
    assert set(RulesTable.model_fields) == {str(kind) for kind in IncidentKind} - {"estop", "link_lost"}
    assert rules.of(IncidentKind.ESTOP) == rules.of(IncidentKind.LINK_LOST) == "abort"
    assert RulesTable(jam="warn").of(IncidentKind.JAM) == "warn"


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {"inputs": {"start": {"pin": 17}}},
            "inputs.start.pin: expected a pin of its own, found 17 also at gates.0.pin",
        ),
        (
            {"inputs": {"estop": {"pin": 2}}, "stack_light": {"red_pin": 2}},
            "stack_light.red_pin: expected a pin of its own, found 2 also at inputs.estop.pin",
        ),
        (
            {"inputs": {"bin_full": {"red": {"pin": 5}, "blue": {"pin": 5}}}},
            "inputs.bin_full.blue.pin: expected a pin of its own, found 5 also at inputs.bin_full.red.pin",
        ),
        (
            {"inputs": {"bin_full": {"pink": {"pin": 5}}}},
            "inputs.bin_full.pink: expected the bin of a gate (blue, green,",
        ),
        (
            {"inputs": {"start": {"pin": 3}}},
            "inputs.start.active_high: expected false at pin 3, because the board pulls",
        ),
        ({"inputs": {"estop": {"pin": 2, "closed_high": True}}}, "inputs.estop.closed_high: expected false at pin 2"),
        ({"confirm": {"pin": 17}}, "gates.0.confirm.pin: expected a pin of its own, found 17 also at gates.0.pin"),
    ],
)
def test_inputs_and_lamps_that_cannot_work_are_refused(table, tables, message):
    """With the key, and where the pin is already."""
    if "confirm" in tables:
        table["gates"][0]["confirm"] = tables["confirm"]
    else:
        table |= tables
    with pytest.raises(MachineError) as refused:
        check_machine(Machine.model_validate(table))
    assert message in str(refused.value)


def test_the_digest_changes_with_any_value(machine, table):
    """Every record can be traced to the machine that made it."""
    table["gates"][1]["lag_ms"] = 21.0
    assert Machine.model_validate(table).digest() != machine.digest()


def test_a_reference_patch_lies_in_the_picture(table, tmp_path):
    """An unknown key of its table is an error too."""
    table["drift"] = {"patch_px": [470, 8, 32, 32]}
    with pytest.raises(MachineError, match=r"drift\.patch_px: expected left, top, width and height of a place within"):
        check_machine(Machine.model_validate(table))
    with pytest.raises(ValueError, match="extra"):
        Machine.model_validate(table | {"drift": {"patch": [1, 1, 32, 32]}})


def test_a_folder_in_the_place_of_a_machine_file_is_called_one(tmp_path):
    with pytest.raises(MachineError, match="expected a machine file, found a folder"):
        read_machine(tmp_path)
