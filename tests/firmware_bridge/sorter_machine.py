"""A machine file for a Pico that sorts by itself, and the tiny model it is tested with."""

from __future__ import annotations

from pathlib import Path

BUNDLE = Path(__file__).parent / "tiny" / "bundle"
EYE, ESTOP, START = 20, 21, 22
COIN, KEY = 2, 3  # the gates' pins
MACHINE = """
[belt]
speed_mm_s = 100.0
{belt}
[camera]
kind = "folder"
folder = "."
width_px = 640
height_px = 480
mm_per_px = 0.25

[eye]
pin = 20
at_mm = -5.0

[inputs.estop]
pin = 21
{inputs}
[[gates]]
name = "coins"
pin = 2
bin = "coin"
labels = ["coin"]
travel_mm = {travel_mm}
lag_ms = 20
dwell_ms = 200
{gate}
[[gates]]
name = "keys"
pin = 3
bin = "key"
labels = ["key"]
travel_mm = 90
lag_ms = 20
dwell_ms = 200
active_high = false
"""
START_BUTTON = "[inputs.start]\npin = 22\nactive_high = false\n"


def write_machine(folder, *, belt="", inputs="", gate="", travel_mm=60):
    """Write the file; where it is. The gates open 530 and 830 ms after the middle of a part has passed the eye."""
    path = folder / "machine.toml"
    path.write_text(MACHINE.format(belt=belt, inputs=inputs, gate=gate, travel_mm=travel_mm))
    return path
