"""What watching for drift costs the sorter's thread, how often it alarms when nothing has changed, and what it finds.

    python benchmarks/drift.py [--windows N]

Cost: of 5000 frames and 5000 parts handed to a watch with a patch of 64 x 64 pixels. Alarms and finds: windows of 200
parts against 500 learnt ones, at the level of the default [drift] table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np

from edge.drift import DriftWatch
from edge.drift_baseline import BaselineFile
from edge.drift_tables import DriftTable
from edge.drift_tests import chance_of_falling, chance_of_mix
from edge.parts import Decision, Frame, Reason

TABLE = DriftTable(patch_px=(8, 8, 64, 64))
Draw = Callable[[np.random.Generator, int], np.ndarray]
SHARES = {
    "seven alike": [1 / 7] * 7,
    "a third and less": [0.33, 0.25, 0.2, 0.12, 0.06, 0.04],
    "two classes": [0.8, 0.2],
}
DRAWS: dict[str, Draw] = {
    "spread below one": lambda rng, size: rng.beta(30, 1, size),
    "19 of 20 at the top": lambda rng, size: np.where(rng.random(size) < 0.95, 0.996, rng.beta(20, 1, size) * 0.97),
}


def frame_us(width: int, height: int) -> tuple[float, float]:
    """Return what a frame and a part cost the sorter's thread, in microseconds, on average over 5000 of each."""
    rng, watch = np.random.default_rng(0), DriftWatch(TABLE, BaselineFile(None, ""))
    frame = Frame(rng.integers(0, 255, (height, width, 3), dtype=np.uint8), 0.0, 0)
    decision = Decision("nut", Reason.SORTED, "nut", 0.99, (0.99, 0.01))
    times = []
    for act in (lambda: watch.saw(frame), lambda: watch.decided(decision, frame.image[:150, :150])):
        started = time.thread_time()
        for _ in range(5000):
            act()
        times.append((time.thread_time() - started) / 5000 * 1e6)
    return times[0], times[1]


def work_ms() -> float:
    """Return what a full window costs the thread that looks after the line, in milliseconds."""
    rng = np.random.default_rng(1)
    now, usual = ({str(n): rng.beta(30, 1, size).tolist() for n in range(7)} for size in (28, 71))
    started = time.thread_time()
    for _ in range(50):
        chance_of_falling(usual, now)
        chance_of_falling(usual, now)
        chance_of_mix({k: len(v) for k, v in usual.items()}, {k: len(v) for k, v in now.items()})
    return (time.thread_time() - started) / 50 * 1e3


def mixes(rng: np.random.Generator, shares: list[float], parts: int) -> dict[str, int]:
    """Draw parts of classes."""
    return dict(zip(map(str, range(len(shares))), rng.multinomial(parts, shares).tolist(), strict=True))


def without(shares: list[float], index: int) -> list[float]:
    """Return the shares when one class has vanished."""
    left = [share * (number != index) for number, share in enumerate(shares)]
    return [share / sum(left) for share in left]


def alarms(windows: int) -> Iterator[str]:
    """Say how often each test alarms although nothing has changed."""
    rng, level = np.random.default_rng(2), TABLE.chance
    for name, shares in SHARES.items():
        for chance in (0.01, 0.001, level):
            hits = sum(chance_of_mix(mixes(rng, shares, 500), mixes(rng, shares, 200)) < chance for _ in range(windows))
            most = chance * windows
            yield f"mix, {name:<22} level {chance:<9.2g} {hits:>5} of {windows} windows, at most {most:.1f}"
    for name, draw in DRAWS.items():
        falls = np.array([_falling(rng, draw, 0.0) for _ in range(windows // 20)])
        for chance in (0.01, 0.001, level):
            hits = int((falls < chance).sum())
            most = chance * len(falls)
            yield f"falling, {name:<18} level {chance:<9.2g} {hits:>5} of {len(falls)} windows, at most {most:.1f}"


def _falling(rng: np.random.Generator, draw: Draw, loss: float) -> float:
    usual = {label: draw(rng, count).tolist() for label, count in mixes(rng, SHARES["seven alike"], 500).items()}
    now = {label: (draw(rng, n) - loss).tolist() for label, n in mixes(rng, SHARES["seven alike"], 200).items()}
    return chance_of_falling(usual, now)


def found() -> Iterator[str]:
    """Say what a single window finds at the default level."""
    rng = np.random.default_rng(3)
    for share in (0.3, 0.2, 1 / 7, 0.1, 0.05):
        shares = [share, *[(1 - share) / 6] * 6]
        gone = without(shares, 0)
        hits = sum(chance_of_mix(mixes(rng, shares, 500), mixes(rng, gone, 200)) < TABLE.chance for _ in range(400))
        yield f"a class with {share:5.1%} of the parts vanishes: found in one window of 200 in {hits / 4:5.1f} %"
    for name, draw in DRAWS.items():
        for loss in (0.005, 0.01, 0.02, 0.05):
            hits = sum(_falling(rng, draw, loss) < TABLE.chance for _ in range(100))
            yield f"scores {name} fall by {loss:g}: found in one window of 200 in {hits:5.1f} %"


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=20_000)
    options = parser.parse_args()
    for width, height in ((480, 320), (640, 480), (1456, 1088)):
        frame, part = frame_us(width, height)
        print(f"{width}x{height}: {frame:.2f} us a frame, {part:.2f} us a part, of the sorter's thread")
    print(f"a full window: {work_ms():.1f} ms of the thread that looks after the line")
    for line in (*found(), *alarms(options.windows)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
