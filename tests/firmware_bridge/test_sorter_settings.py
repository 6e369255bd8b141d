"""What a machine file becomes for a Pico that sorts by itself, and what it cannot become."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from edge.belt import FixedSpeedBelt
from edge.errors import DataError, MachineError, ModelError
from edge.line import gate_places
from edge.machine import read_machine
from firmware_bridge.export_command import export_command
from firmware_bridge.export_sorter import export_sorter
from firmware_bridge.sorter_facts import read_facts
from firmware_bridge.sorter_settings import Model, gate_times, picture_s, settings_texts
from tests.firmware_bridge.compiled_models import PACKAGED
from tests.firmware_bridge.sorter_machine import BUNDLE, START_BUTTON, write_machine

MODEL = Model("model", ("coin", "key", "nut"), 24 * 24 * 3, 46_032)


def header(folder, **more):
    """The settings of a machine file, both files."""
    return "".join(settings_texts(read_machine(write_machine(folder, **more)), MODEL, 921_600))


def test_gates_open_when_they_would_on_a_pi(tmp_path):
    """Seconds after the eye are those of the line's own arithmetic, with the camera's middle 5 mm behind the beam."""
    machine = read_machine(write_machine(tmp_path))
    (coins,) = gate_places(machine)["coin"]
    window = coins.window(0.0, FixedSpeedBelt(100.0))
    times = gate_times(machine, machine.eye)

    assert times[0].opens == round((window.opens_at + 0.05) * 1e6) == 530_000
    assert times[0].closes == round((window.closes_at + 0.05) * 1e6) == 730_000
    assert times[0].longest == 140_000  # 200 ms less a guard of 3 mm on both sides
    assert (times[1].opens, times[1].closes) == (830_000, 1_030_000)


def test_limits_and_pins_are_the_machine_files(tmp_path):
    """The resting level, what is rested so that no share of time exceeds max_duty, the labels as bits."""
    text = header(tmp_path, gate="max_duty = 0.25\n")
    rows = [
        [int(value) for value in re.findall(r"(\d+)u", row)] for row in text.splitlines() if row.startswith("    {")
    ]

    assert rows == [
        [2, 0, 2_000_000, 600_000, 30_000, 530_000, 730_000, 140_000, 1],
        [3, 1, 2_000_000, 50_000, 30_000, 830_000, 1_030_000, 140_000, 2],
    ]
    assert "#define ES_START_PIN 255u" in text
    assert "#define ES_BAUD 921600u" in text
    assert "#define ES_ESTOP_PRESSED 1u" in text
    assert "#define ES_START_PIN 22u" in header(tmp_path, inputs=START_BUTTON)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"travel_mm": 23},
            r"gates.0.travel_mm: .*found 160 ms; move gate 'coins' downstream, or the eye upstream, by",
        ),
        ({"gate": "kind = 'servo'\nrest_us = 1000\naway_us = 2000\nmove_ms = 50"}, "gates.0.kind: .*moves no servo"),
        ({"belt": "kind = 'pulses'\nmm_per_step = 1.0\npin = 9\n"}, "belt.kind: .*a belt of fixed speed only"),
        ({"inputs": "[inputs.stop]\npin = 9\n"}, "inputs.stop: .*knows inputs.estop and inputs.start"),
        ({"inputs": "[inputs.start]\npin = 1\n"}, "inputs.start.pin: .*2 to 22 or 26 to 28 .*found 1;"),
        ({"inputs": "[stack_light]\nred_pin = 9\n"}, "stack_light.red_pin: .*it lights none"),
        ({"gate": "[gates.confirm]\npin = 9\n"}, "gates.0.confirm: .*leave it out"),
    ],
)
def test_what_such_a_board_cannot_do_is_refused_by_its_key(tmp_path, changed, sentence):
    """Nothing of a machine file is passed over in silence."""
    with pytest.raises(MachineError, match=sentence):
        header(tmp_path, **changed)


@pytest.mark.parametrize("pin", [23, 24, 25, 29])
@pytest.mark.parametrize(("before", "key"), [(2, "gates.0.pin"), (20, "eye.pin"), (21, "inputs.estop.pin")])
def test_a_pin_that_a_pico_uses_itself_is_refused(tmp_path, pin, before, key):
    """Nothing can be wired to it: a gate there would never move, and an e-stop would not be seen."""
    path = write_machine(tmp_path)
    path.write_text(path.read_text().replace(f"pin = {before}\n", f"pin = {pin}\n"))
    with pytest.raises(MachineError, match=rf"^{key}: expected a pin that a Pico brings out, .*found {pin}; choose"):
        settings_texts(read_machine(path, board_alone=True), MODEL)


def test_a_pin_on_both_computers_is_one_pin_here(tmp_path):
    """What is the board's in the file, and what is the Pi's, are all the board's."""
    path = write_machine(tmp_path, gate="kind = 'mcu'\n")
    path.write_text(path.read_text().replace("pin = 21", "pin = 2") + "[mcu]\nport = 'emulated'\n")
    with pytest.raises(MachineError, match=r"inputs.estop.pin: expected a pin of its own, found 2 also at gates.0.pin"):
        settings_texts(read_machine(path), MODEL)


def test_without_an_eye_there_is_no_sorter(tmp_path):
    """It says what is missing."""
    path = write_machine(tmp_path)
    path.write_text(path.read_text().replace("[eye]\npin = 20\nat_mm = -5.0", ""))
    with pytest.raises(MachineError, match=r"expected a table \[eye\]"):
        settings_texts(read_machine(path), MODEL)


def test_a_label_the_model_does_not_have_is_refused(tmp_path):
    """A gate that would wait for it for ever."""
    with pytest.raises(MachineError, match=r"gates\.1\.labels"):
        settings_texts(read_machine(write_machine(tmp_path)), Model("model", ("coin", "nut"), 1728, 46_032))


def test_the_time_of_a_picture_on_the_line():
    """67 messages of 40 bytes."""
    assert picture_s(1728, 115_200) == pytest.approx(67 * 400 / 115_200)


def test_a_model_that_does_not_fit_is_refused_with_the_numbers(tmp_path, monkeypatch):
    """The packaged bundle is for a Pi: the board's memory is named, and nothing is written."""
    monkeypatch.setattr("firmware_bridge.export_sorter.measure", lambda *_what: None)  # no compiler: quicker
    with pytest.raises(
        ModelError, match=r"Pico .* is too small .* needs \d+ bytes of memory, of which it has 264192"
    ) as refused:
        export_sorter(PACKAGED, write_machine(tmp_path), tmp_path / "sorter")

    assert "train a smaller network: the recipes mcu-depthwise and mcu-residual" in str(refused.value)
    assert "larger board" not in str(refused.value)  # there is none for this target
    assert not (tmp_path / "sorter").exists()


def test_the_machine_file_belongs_to_this_target_and_to_no_other(tmp_path):
    """And it is needed."""
    for words in (["--target", "pico-sorter"], ["--target", "c99", "--machine", "m.toml"]):
        done = CliRunner().invoke(export_command, [str(BUNDLE), *words, "--out", str(tmp_path / "s")])
        assert done.exit_code == 2
        assert "--machine" in done.output


def test_a_folder_that_is_no_sorter_is_named(tmp_path):
    """With the command that makes one; a damaged one too."""
    with pytest.raises(DataError, match=r"expected an exported sorter with sorter\.json, found none"):
        read_facts(tmp_path)
    (tmp_path / "sorter.json").write_text("{}")
    with pytest.raises(DataError, match="damaged"):
        read_facts(tmp_path)


def test_a_board_that_sorts_by_itself_has_a_pin_more_than_a_pi(tmp_path):
    """GPIO 28, for whatever is wired to it: no Pi is there."""
    for before, after in (("pin = 2\n", "pin = 28\n"), ("pin = 20\n", "pin = 28\n"), ("pin = 21\n", "pin = 28\n")):
        path = write_machine(tmp_path)
        path.write_text(path.read_text().replace(before, after))
        assert "28u" in "".join(settings_texts(read_machine(path, board_alone=True), MODEL))
        with pytest.raises(MachineError, match="expected a pin of the Pi, 0 to 27, found 28"):
            read_machine(path)
