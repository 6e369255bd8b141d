"""`edge-sort machine`: a machine file to start from."""

from __future__ import annotations

from pathlib import Path

import click

_HEAD = """\
# One physical sorter. Units are in the names; an unknown key is an error.

[belt]
speed_mm_s = 100.0          # measure it: edge-sort calibrate belt
kind = "fixed"              # or "encoder" with mm_per_step, pin and pin_b, or "pulses" with mm_per_step and pin

[camera]
kind = "picamera2"          # or "usb"; "video" with file = "..."; "recording" or "folder" with folder = "..."
width_px = 640
height_px = 480
mm_per_px = 0.25            # a ruler on the belt tells
frame_rate_hz = 20.0
exposure_ms = 1.0           # 0.1 mm of motion at 100 mm/s; short exposures need much light
analogue_gain = 2.0
# colour_gains = [1.9, 1.5] # of red and blue; without it they are measured at start, and told
rotate_deg = 0              # the belt must run from left to right in the picture

[finder]
contrast = 30               # grey levels between a part and the belt
min_part_mm = 4.0           # smaller things are dirt
crop_margin = 1.15          # as much ground around the part as in the training pictures
source = "picture"          # or "eye" or "both", with a photo-eye:
# [eye]
# pin = 7                   # BCM number
# active_high = true        # the pin is high while a part breaks the beam
# at_mm = -90.0             # of the beam, from the middle of the picture; negative is upstream
# min_gap_mm = 2.0          # what follows closer is the same part
# lane_mm = 50.0            # with "eye" alone: guides keep parts in a lane so wide, along the picture's middle line

[decision]
max_votes = 5               # frames that vote on a part
latency_ms = 100.0          # from exposure to decision, at worst
guard_mm = 3.0              # how wrong a measured position may be
min_sharpness = 0.0         # crops with a lower blur score do not vote; 0 lets all vote
waisted_parts = false       # true: single parts may be narrow in the middle; else that is where two touch

[classifier]
accelerator = "cpu"         # or "edgetpu", with a bundle made by: edge-sort quantize --edgetpu
allow_cpu = false           # true: sort on the CPU, slower, when the Edge TPU cannot be used at start

[gpio]
pin_factory = "lgpio"       # "mock" moves no pin

[journal]
path = "journal.sqlite"
pictures_mb = 200           # of doubtful parts, in journal-pictures; the oldest make room
audit_share = 0.01          # of all parts, drawn for a person to say what they are: edge-sort journal audit

# Tell an MQTT broker what the line does: docs/mqtt.md
# [mqtt]
# host = "broker.local"
# line = "line-1"           # its own among all lines of the broker
# username = "line-1"
# password_file = "/etc/edge-sort/mqtt"
# tls = true
# home_assistant = true     # the line appears there by itself

# Buttons, switches and lamps. With a start button the line begins in Idle; without one it sorts when the program runs.
# [inputs.estop]            # normally closed, so that an open wire means stop. A real e-stop also cuts the power itself
# pin = 2
# closed_high = false       # the circuit is wired to ground; true: to 3.3 V
# [inputs.start]            # also [inputs.stop] and [inputs.reset]
# pin = 3
# active_high = false       # the pin is low while the button is pressed
# debounce_ms = 30
# [inputs.bin_full.{bin}]     # for each bin that has a switch: its parts go to reject until it is emptied
# pin = 8
# debounce_ms = 1000        # what falls past it is no full bin
# [stack_light]
# green_pin = 9             # Execute
# yellow_pin = 10           # Held, or something is wrong
# red_pin = 11              # Aborted
# [rules]                   # what an incident does: "warn", "hold" or "abort"; all of them are in docs/incidents.md
# jam = "hold"
# [limits]
# no_flow_s = 60.0          # without a part; 0 is not watched
# [drift]                   # does it still look as ever? docs/incidents.md
# patch_px = [8, 8, 32, 32] # left, top, width, height: a mark beside the belt that should always look the same
# mix = false               # where parts come in batches, class by class
# [web]                     # the page of: edge-sort run --web
# host = "127.0.0.1"        # beyond this computer only with tokens: edge-sort web token --role operator
# port = 8080
# tokens = "web-tokens.json"
# names = ["line1.example"] # under which a proxy or a name server makes it known
"""

_GATE = """
[[gates]]
name = {name}
kind = "output"             # or "servo" with rest_us, away_us and move_ms
pin = {pin}                    # BCM number
bin = {name}
labels = [{name}]
travel_mm = {travel_mm:g}           # from the middle of the picture, downstream
lag_ms = 20                 # from pin to effect: measure it with edge-sort calibrate gate
dwell_ms = 560              # how long the gate acts on one part: 56 mm of belt, for parts up to 50 mm
min_off_ms = 50
max_on_ms = 2000
max_duty = 0.8
active_high = true          # the pin is low at rest; rest must be the unpowered position
"""

_CONFIRM = """\
# [gates.confirm]           # an eye that sees what falls into the bin of the gate above
# pin = 14
# within_ms = 500           # of the part's passing the gate
"""

_PINS = (17, 27, 22, 23, 24, 25, 5, 6, 12, 13, 16, 19, 20, 21, 26, 4, 18)


@click.command("machine")
@click.option("--bundle", type=click.Path(path_type=Path), help="Its labels become gates. Default: the packaged one.")
def machine_command(bundle: Path | None) -> None:
    """Print a machine file to start from, with a gate for every label: edge-sort machine > machine.toml."""
    from edge.bundle import open_bundle
    from edge.emulated_world import packaged_bundle

    labels = open_bundle(bundle or packaged_bundle()).labels
    click.echo(machine_text(labels), nl=False)


def machine_text(labels: tuple[str, ...]) -> str:
    """Write a machine file with a gate for every label but `reject`, as many as there are pins."""
    from json import dumps  # a JSON string is a TOML string

    from edge.parts import REJECT_BIN

    sortable = [label for label in labels if label != REJECT_BIN]  # parts of that class need no gate
    gates = [
        _GATE.format(name=dumps(label, ensure_ascii=False), pin=pin, travel_mm=200 + 80 * index)
        for index, (label, pin) in enumerate(zip(sortable, _PINS, strict=False))
    ]
    first_bin = dumps(sortable[0], ensure_ascii=False) if sortable else '"NAME"'
    return _HEAD.replace("{bin}", first_bin) + "".join(gates) + _CONFIRM
