"""The firmware's image as it comes with the package, so that nobody needs a compiler to use it.

`python -m firmware_bridge.ready_image` builds it anew with zig, which gives the same bytes everywhere; a test compares.
"""

from __future__ import annotations

from firmware_bridge.firmware_build import FIRMWARE, BuildError, build, compiler_for

IMAGES = FIRMWARE / "images"
BOARDS = ("rp2040",)
ZIG = "0.17.0"  # the version of ziglang that the images are built with


def ready_image(board: str) -> bytes:
    """Return the image for a board, from the start of its flash. Raises BuildError when none comes with the package."""
    if board not in BOARDS:
        raise BuildError(
            f"the package brings firmware for {', '.join(BOARDS)}, not for {board!r}; "
            f"build it: edge-sort mcu flash {board} --out DIR"
        )
    return (IMAGES / f"{board}.bin").read_bytes()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for one in BOARDS:
        (IMAGES / f"{one}.bin").write_bytes(build(one, compiler_for(one, "zig")))
