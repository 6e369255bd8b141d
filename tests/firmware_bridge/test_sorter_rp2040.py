"""The sorter without a Pi, its own image on an emulated RP2040: pictures go in by serial line, gates move on pins."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from edge.bundle import MODEL_FILE, open_bundle
from edge.preprocess import preprocess
from edge.render import PART_LABELS, render_picture
from firmware_bridge.codes import Latch, Reset, State, Verdict
from firmware_bridge.export_sorter import export_sorter
from firmware_bridge.firmware_build import BuildError
from firmware_bridge.kernel_answers import ask_kernels
from firmware_bridge.messages import Judged
from firmware_bridge.sorter_build import IMAGE, sorter_image
from firmware_bridge.sorter_facts import read_facts
from firmware_bridge.sorter_feed import SorterCamera, feed
from firmware_bridge.sorter_rig import SorterRig
from tests.firmware_bridge.sorter_machine import BUNDLE, COIN, KEY, START_BUTTON, write_machine

pytestmark = pytest.mark.slow
WITHIN_S = 2e-6
LABELS = ("coin", "key", "nut")
RAM_NOBODY_USES = 0x3F000


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The folder of a sorter without a start button, and of one with it."""
    pytest.importorskip("rp2040py", reason="needs rp2040py, the emulated RP2040")
    folders = []
    for inputs in ("", START_BUTTON):
        held = tmp_path_factory.mktemp("sorter")
        folders.append(held / "sorter")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("firmware_bridge.export_sorter.measure", lambda *_what: None)  # another compilation
            export_sorter(BUNDLE, write_machine(held, inputs=inputs), folders[-1])
    return folders


@pytest.fixture(scope="module")
def images(exported):
    """The images that the export has built, by whatever compiler is here."""
    if not (exported[0] / IMAGE).is_file():
        pytest.skip("needs gcc-arm-none-eabi or ziglang")
    return [(folder / IMAGE).read_bytes() for folder in exported]


@pytest.fixture
def rig(exported, images):
    """One that may move once it has power."""
    return SorterRig(read_facts(exported[0]), images[0])


@pytest.fixture
def button_rig(exported, images):
    """One that waits for its start button."""
    return SorterRig(read_facts(exported[1]), images[1])


def picture(label, number):
    """A rendered part that the model was not trained with, as the model takes it."""
    spec = open_bundle(BUNDLE).facts.input
    rng = np.random.default_rng([99, PART_LABELS.index(label), number])
    return f"{label} {number}", preprocess(render_picture(label, rng), spec)


@functools.cache
def candidates():
    """Some pictures of each part, and what the reference kernels answer to each: one child process for all."""
    named = [picture(label, number) for label in LABELS for number in range(12)]
    return [[*one, scores] for one, scores in zip(named, answers(named), strict=True)]


def sure_pictures(label, count):
    """So many pictures of a part that the model is sure of."""
    found = [
        (name, pixels)
        for name, pixels, scores in candidates()
        if name.startswith(label) and scores.argmax() == LABELS.index(label) and scores.max() > 64
    ]
    assert len(found) >= count, "the model is sure of too few"
    return found[:count]


def answers(pictures):
    """What the reference kernels answer, int8."""
    stored = np.stack([(pixels ^ np.uint8(0x80)).view(np.int8) for _name, pixels in pictures])
    return ask_kernels("litert", open_bundle(BUNDLE).read(MODEL_FILE), stored).outputs


def sort(rig, pictures, pitch_s=0.45):
    """Let parts pass, each with its picture; the fates and the moments at which their middles were in the beam."""
    link = rig.greet()
    camera = SorterCamera(link, pictures)
    begins = rig.clock.now() + 0.05
    middles = [rig.part(begins + pitch_s * number, 0.1) for number in range(len(pictures))]
    fates = feed(camera, rig.wait, lambda _fate: None)
    return fates, middles


def until(rig, camera, true):
    """Go on until something is true, within two seconds."""
    for _ in range(400):
        if true():
            return
        rig.wait()
        camera.step()
    raise AssertionError("it has not become true")


def moves(rig):
    """Every change of a gate's pin since they were set to rest: (pin, level, seconds)."""
    return [(one.pin, one.level, one.at) for one in rig.pins[2:]]


def check_moves(rig, expected):
    """Nothing else moves, no edge is early, and none is two microseconds late. expected: (pin, level, seconds)."""
    made = sorted(moves(rig), key=lambda one: one[2])
    expected = sorted(expected, key=lambda one: one[2])
    assert [one[:2] for one in made] == [one[:2] for one in expected]
    # the middle of a part is known to the microsecond of two interrupts
    assert all(-1e-6 <= at - due < WITHIN_S + 2e-6 for (_, _, at), (_, _, due) in zip(made, expected, strict=True))


def test_the_right_gate_opens_at_the_right_moment_and_no_other(rig):
    """Coins and keys by their gates, to the microsecond; a nut has none; answers are those of the reference kernels."""
    (coin, other_coin), (key,), (nut,) = sure_pictures("coin", 2), sure_pictures("key", 1), sure_pictures("nut", 1)
    pictures = [coin, key, nut, other_coin]
    fates, middles = sort(rig, pictures)

    assert [fate.judged.verdict for fate in fates] == [Verdict.SORTED, Verdict.SORTED, Verdict.NO_BIN, Verdict.SORTED]
    assert [fate.judged.label for fate in fates] == answers(pictures).argmax(axis=1).tolist()
    check_moves(
        rig,
        [
            (COIN, 1, middles[0] + 0.53),
            (COIN, 0, middles[0] + 0.73),
            (KEY, 0, middles[1] + 0.83),
            (KEY, 1, middles[1] + 1.03),
            (COIN, 1, middles[3] + 0.53),
            (COIN, 0, middles[3] + 0.73),
        ],
    )


def test_its_camera_may_be_at_its_usb(exported, images):
    """The same line on another wire: the picture comes, the gate opens at the same moment."""
    rig = SorterRig(read_facts(exported[0]), images[0], usb=True)
    ((fate,), (middle,)) = sort(rig, sure_pictures("coin", 1))

    assert fate.judged.verdict is Verdict.SORTED
    check_moves(rig, [(COIN, 1, middle + 0.53), (COIN, 0, middle + 0.73)])


def test_in_doubt_nothing_moves(rig):
    """What the model is not sure of, parts too near to each other, and one too long for its gate go to reject."""
    doubtful = min(candidates(), key=lambda one: one[2].max())[:2]
    coins = sure_pictures("coin", 3)
    link = rig.greet()
    camera = SorterCamera(link, [doubtful, *coins])
    begins = rig.clock.now() + 0.05
    rig.part(begins, 0.1)
    rig.part(begins + 0.45, 0.1)
    rig.part(begins + 0.65, 0.1)  # a gap of 100 ms where 110 are needed
    rig.part(begins + 1.3, 0.15)
    fates = feed(camera, rig.wait, lambda _fate: None)
    rig.wait(1.0)

    verdicts = [fate.judged.verdict for fate in fates]
    assert verdicts == [Verdict.BELOW_THRESHOLD, Verdict.CROWDED, Verdict.CROWDED, Verdict.TOO_LONG]
    assert moves(rig) == []


def test_a_picture_that_comes_too_late_moves_nothing_and_a_missing_one_is_told(rig):
    """The moment is past: refused. No picture at all: unclassified, once its last gate has been passed."""
    link = rig.greet()
    coins = sure_pictures("coin", 1)
    late = SorterCamera(link, coins)
    middle = rig.part(rig.clock.now() + 0.05, 0.1)
    rig.wait(0.56)  # the picture takes 0.23 s, and the gate should have opened 0.53 s after the middle
    fates = feed(late, rig.wait, lambda _fate: None)
    assert rig.clock.now() < middle + 0.83
    none = SorterCamera(link, [])
    rig.part(rig.clock.now() + 0.05, 0.1)
    heard = []
    for _ in range(250):
        rig.wait()
        heard += [one for one in link.take() if isinstance(one, Judged)]
    none.step()

    assert fates[0].judged.verdict is Verdict.LATE
    assert [(one.part, one.verdict, one.label) for one in heard] == [(2, Verdict.UNCLASSIFIED, 255)]
    assert moves(rig) == []


def test_noise_on_the_line_costs_no_part(rig):
    """Bytes that are no frame, and pieces of pictures that are damaged, are sent again."""
    write, written = rig.board.write, []

    def noisy(data):
        written.append(data)
        damaged = bytes([data[0], data[1] ^ 0xFF, *data[2:]]) if len(written) % 9 == 0 and len(data) > 2 else data
        write(b"\x55\xaa" + damaged if len(written) % 7 == 0 else damaged)

    rig.board.write = noisy
    fates, middles = sort(rig, sure_pictures("coin", 1))

    assert fates[0].judged.verdict is Verdict.SORTED
    check_moves(rig, [(COIN, 1, middles[0] + 0.53), (COIN, 0, middles[0] + 0.73)])


def test_the_emergency_stop_acts_at_once_and_parts_from_before_it_never_move(button_rig):
    """Within 10 us of its edge; released, nothing moves until the start button is pressed, and then new parts only."""
    rig = button_rig
    coins = sure_pictures("coin", 3)
    rig.wait(0.05)
    rig.start()
    link = rig.greet()
    camera = SorterCamera(link, coins)
    rig.part(rig.clock.now() + 0.05, 0.1)
    until(rig, camera, lambda: 1 in camera.fates and camera.fates[1].opened)
    pressed = rig.clock.now()
    rig.estop(pressed=True)
    rig.wait(0.03)
    assert moves(rig)[-1][:2] == (COIN, 0)
    assert moves(rig)[-1][2] - pressed < 1e-5
    rig.part(rig.clock.now() + 0.05, 0.1)
    rig.wait(0.1)
    rig.estop(pressed=False)
    rig.wait(0.1)
    rig.start()
    count = len(moves(rig))
    until(rig, camera, lambda: 2 in camera.fates and camera.fates[2].judged)
    rig.wait(1.0)
    assert camera.fates[2].judged.verdict is Verdict.NOT_ARMED
    assert len(moves(rig)) == count
    rig.part(rig.clock.now() + 0.05, 0.1)
    until(rig, camera, lambda: camera.over)

    assert camera.fates[3].judged.verdict is Verdict.SORTED
    assert [level for _pin, level, _at in moves(rig)[count:]] == [1, 0]
    assert [one.reason for one in camera.stops] == [Latch.ESTOP]


def test_without_its_start_button_pressed_nothing_moves(button_rig):
    """Power alone starts nothing where there is a button."""
    fates, _ = sort(button_rig, sure_pictures("coin", 1))
    button_rig.wait(0.5)

    assert fates[0].judged.verdict is Verdict.NOT_ARMED
    assert moves(button_rig) == []


def test_a_host_that_says_hello_changes_nothing(rig):
    """Whoever looks on has no say in what moves: an opening that is planned is made."""
    link = rig.greet()
    camera = SorterCamera(link, sure_pictures("coin", 1))
    middle = rig.part(rig.clock.now() + 0.05, 0.1)
    until(rig, camera, lambda: 1 in camera.fates and camera.fates[1].judged)
    other = rig.greet()
    rig.wait(0.9)

    check_moves(rig, [(COIN, 1, middle + 0.53), (COIN, 0, middle + 0.73)])
    assert other.identity.state is State.ARMED


@pytest.mark.parametrize("dead", [True, False])
def test_a_hung_program_lets_go_and_does_not_move_again_by_itself(rig, dead):
    """Dead: the pin falls within the watchdog's time. Its thinking alone: the gate still closes at its tick, and then
    the watchdog acts. Either way the board starts anew, says why, and moves nothing until a person has started it.
    """
    link = rig.greet()
    coins = sure_pictures("coin", 1)
    camera = SorterCamera(link, coins)
    middle = rig.part(rig.clock.now() + 0.05, 0.1)
    until(rig, camera, lambda: 1 in camera.fates and camera.fates[1].opened)
    chip, levels = rig.board.chip.chip, []
    rig.board.chip.on_pin(lambda pin, level, now_ns: levels.append((level, now_ns / 1e9)) if pin == COIN else None)
    program = b"\xfe\xe7\xfe\xe7" if dead else b"\x30\xbf\xfd\xe7"  # for ever: b . or wfi, which lets interrupts come
    chip.sram[RAM_NOBODY_USES : RAM_NOBODY_USES + 4] = program
    chip.core.pc, chip.core.pm, chip.core.waiting = 0x20000000 + RAM_NOBODY_USES, dead, False
    hung = rig.board.chip.now_ns / 1e9
    rig.wait(0.06 if dead else 2.3)

    assert rig.board.chip.resets == 1
    if dead:
        assert levels[0][0] is not True
        assert levels[0][1] - hung < 0.051
    else:
        assert moves(rig)[1][:2] == (COIN, 0)
        assert abs(moves(rig)[1][2] - (middle + 0.73)) < 4e-6
    assert True not in [level for level, _at in levels]
    rig.estop(pressed=False)
    again = rig.greet()
    assert again.identity.reset is Reset.WATCHDOG
    assert again.identity.state is State.GREETED
    count = len(moves(rig))
    rig.part(rig.clock.now() + 0.05, 0.1)
    rig.wait(0.3)
    assert len(moves(rig)) == count


def test_either_compiler_makes_the_same_sorter(exported, rig):
    """GCC's image and zig's: the same answers and the same moves."""
    pictures = [*sure_pictures("coin", 1), *sure_pictures("key", 1)]
    seen = []
    for name in ("gcc", "zig"):
        try:
            image = sorter_image(exported[0], name)
        except BuildError as error:
            pytest.skip(str(error))
        one = SorterRig(read_facts(exported[0]), image)
        fates, middles = sort(one, pictures)
        check_moves(
            one,
            [
                (COIN, 1, middles[0] + 0.53),
                (COIN, 0, middles[0] + 0.73),
                (KEY, 0, middles[1] + 0.83),
                (KEY, 1, middles[1] + 1.03),
            ],
        )
        seen.append([(fate.judged.label, fate.judged.score, fate.judged.verdict) for fate in fates])

    assert seen[0] == seen[1]
