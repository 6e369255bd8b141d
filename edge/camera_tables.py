"""Tables of a machine file: what sees parts, and how they are found."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from edge.tables import NotNegative, PinOfEither, Positive, Table

LONGEST_WAIT_S = 2.5  # for a frame; gates that hear nothing for longer than their heartbeat come to rest


class CameraTable(Table):
    """[camera] Where frames come from. The belt must run from left to right in the picture: turn it with rotate_deg.

    colour_gains: of red and blue, locked; measured at start where nothing is given. device: of kind "usb". usb_gain and
    white_balance_k: of kind "usb", in its own units and in kelvin. file: of kind "video". folder: of kinds "folder" and
    "recording". A lost camera is started again at most max_restarts times in ten minutes.
    """

    kind: Literal["picamera2", "usb", "video", "recording", "folder", "emulated"]
    width_px: int = Field(ge=64, le=4096)
    height_px: int = Field(ge=64, le=4096)
    mm_per_px: float = Field(gt=0, le=10)
    frame_rate_hz: Positive = 20.0
    exposure_ms: Positive = 1.0
    analogue_gain: Positive = 2.0
    rotate_deg: Literal[0, 90, 180, 270] = 0
    colour_gains: tuple[Positive, Positive] | None = None
    usb_gain: NotNegative | None = None
    white_balance_k: Positive | None = None
    timeout_s: float = Field(default=2.0, gt=0, le=LONGEST_WAIT_S)
    max_restarts: int = Field(default=3, ge=0, le=100)
    device: str = Field(default="/dev/video0", min_length=1)
    file: Path | None = None
    folder: Path | None = None

    @property
    def view_mm(self) -> float:
        """Length of belt in the picture."""
        return self.width_px * self.mm_per_px


class FinderTable(Table):
    """[finder] What finds parts, and how a part differs from the belt. source "eye" or "both" needs a table [eye]."""

    source: Literal["picture", "eye", "both"] = "picture"
    contrast: int = Field(default=30, ge=4, le=200)
    join_mm: Positive = 2.0
    min_part_mm: Positive = 4.0
    crop_margin: float = Field(default=1.15, ge=1.0, le=3.0)


class EyeTable(Table):
    """[eye] A photo-eye whose beam crosses the belt.

    pin: BCM number. active_high: the pin is high while a part breaks the beam. at_mm: of the beam, downstream of the
    middle of the picture, so negative before it. min_gap_mm: what follows closer is the same part. lane_mm: with the
    eye alone, the width of the lane in the middle of the picture that parts ride in; the whole picture by default.
    on_board: the pin is the board's of [mcu].
    """

    pin: PinOfEither
    on_board: bool = False
    active_high: bool = True
    at_mm: float = Field(ge=-10_000, le=0)
    min_gap_mm: NotNegative = 2.0
    lane_mm: Positive | None = None
