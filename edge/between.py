"""What stands between an emulated world and the line: nothing, unless somebody puts something there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.cameras import Camera
from edge.clocks import Clock, ManualClock
from edge.emulated_contacts import Contacts, press_start
from edge.encoder_belt import StepSource
from edge.gates import Gates
from edge.pins import open_pin_factory
from edge.sorter import Scorer


def _camera(camera: Camera, _clock: Clock) -> Camera:
    return camera


def _steps(steps: StepSource, _clock: Clock) -> StepSource:
    return steps


def _scorer(scorer: Scorer, _clock: Clock) -> Scorer:
    return scorer


def _gates(gates: Gates) -> Gates:
    return gates


def _pins(_clock: Clock) -> Any:
    return open_pin_factory("mock")


@dataclass(frozen=True)
class Between:
    """What the line takes for its camera, its encoder, its scorer and its gates, and the pins under the gates.

    camera: asked again for every start of a camera that was lost. pins: returns one of gpiozero's pin factories.
    hands: what presses the buttons, on the manual clock.
    """

    camera: Callable[[Camera, Clock], Camera] = _camera
    steps: Callable[[StepSource, Clock], StepSource] = _steps
    scorer: Callable[[Scorer, Clock], Scorer] = _scorer
    gates: Callable[[Gates], Gates] = _gates
    pins: Callable[[Clock], Any] = _pins
    hands: Callable[[Contacts, ManualClock], None] = press_start


NOTHING = Between()
