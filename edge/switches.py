"""A button or a switch on a sensor: what bounces or flickers does not count."""

from __future__ import annotations

from edge.sensors import Sensor


class Switch:
    """Follows its sensor, a while behind. One that is pressed when the line starts has not been pressed since."""

    def __init__(self, sensor: Sensor, debounce_s: float) -> None:
        """debounce_s: a change counts once it has lasted so long."""
        self._sensor, self._debounce_s = sensor, debounce_s
        self.active = self._now_active = sensor.active
        self._since = float("-inf")

    def look(self, now: float) -> bool:
        """Follow the sensor. Returns whether it has become active since the last look."""
        became = False
        for edge in self._sensor.edges():
            became |= self._settle(edge.at)
            self._now_active, self._since = edge.active, edge.at
        if self._sensor.active != self._now_active:  # an edge was lost
            self._now_active, self._since = self._sensor.active, now
        return self._settle(now) or became

    def close(self) -> None:
        """Let the pin go. May be called twice."""
        self._sensor.close()

    def _settle(self, at: float) -> bool:
        if self._now_active == self.active or at - self._since < self._debounce_s:
            return False
        self.active = self._now_active
        return self.active
