"""What a Raspberry Pi's kernel says of its temperature and its supply, read from files under /sys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_TEMPERATURE = Path("class/thermal/thermal_zone0/temp")  # thousandths of a degree
_THROTTLED = Path("devices/platform/soc/soc:firmware/get_throttled")  # the firmware's flags, in hex
_UNDER_VOLTAGE_NOW = 1 << 0
_THROTTLED_NOW = 1 << 2


@dataclass(frozen=True)
class PiReading:
    """temperature_c, under_voltage, throttled: None where the system does not say."""

    temperature_c: float | None = None
    under_voltage: bool | None = None
    throttled: bool | None = None


class PiHealth:
    """Reads the files; those that are not there are not watched."""

    def __init__(self, root: Path = Path("/sys")) -> None:
        self._root = root

    def read(self) -> PiReading:
        """Read what there is. Takes some microseconds and never fails."""
        thousandths, flags = self._number(_TEMPERATURE, 10), self._number(_THROTTLED, 16)
        return PiReading(
            None if thousandths is None else thousandths / 1000,
            None if flags is None else bool(flags & _UNDER_VOLTAGE_NOW),
            None if flags is None else bool(flags & _THROTTLED_NOW),
        )

    def _number(self, path: Path, base: int) -> int | None:
        try:
            return int((self._root / path).read_text(encoding="ascii"), base)
        except (OSError, ValueError):
            return None
