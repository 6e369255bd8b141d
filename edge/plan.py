"""Does a machine fit? Its budget in ms and mm, what bounds its belt and its rate, and which number to change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edge import budget
from edge.errors import MachineError
from edge.machine import Machine
from edge.machine_checks import machine_problems


@dataclass(frozen=True)
class Latency:
    """Percentiles, in ms, of finding the parts of a frame and of classifying one of them; where they are from."""

    find_p50: float
    find_p99: float
    classify_p50: float
    classify_p99: float
    source: str


@dataclass(frozen=True)
class GatePlan:
    """least_mm: how far behind the middle of the picture it must be. per_min: parts it may take without resting."""

    name: str
    travel_mm: float
    least_mm: float
    lead_ms: float
    per_min: float

    @property
    def spare_mm(self) -> float:
        """Distance to spare; negative when it is too near."""
        return self.travel_mm - self.least_mm


@dataclass(frozen=True)
class Plan:
    """latency_ms: exposure to decision that was planned with, the larger of allowed and needed.

    steps_ms: what it is made of, where it was measured or given. largest_speeds: what bounds the belt -> mm/s.
    largest_rates: what bounds the parts -> parts a minute, of parts `part_mm` long. warnings do harm, problems forbid.
    """

    speed_mm_s: float
    part_mm: float
    allowed_ms: float
    needed_ms: float | None
    latency_ms: float
    steps_ms: Mapping[str, float]
    latency_source: str | None
    gates: Sequence[GatePlan]
    least_speed_mm_s: float
    largest_speeds: Mapping[str, float]
    largest_rates: Mapping[str, float]
    exposure_ms: float
    blur_px: float
    exposure_for_one_px_ms: float
    warnings: Sequence[str]
    problems: Sequence[str]

    @property
    def largest_speed_mm_s(self) -> float:
        """The fastest belt this machine allows."""
        return min(self.largest_speeds.values())

    @property
    def largest_rate_per_min(self) -> float:
        """The most parts a minute it can sort at its speed."""
        return min(self.largest_rates.values())

    @property
    def fits(self) -> bool:
        """Whether the machine can work."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `plan --json` uses."""
        gates = [{**asdict(gate), "spare_mm": gate.spare_mm} for gate in self.gates]
        whole = {**vars(self), "gates": gates, "warnings": list(self.warnings), "problems": list(self.problems)}
        return whole | {
            "fits": self.fits,
            "least_travel_mm": max(gate.least_mm for gate in self.gates),
            "largest_speed_mm_s": self.largest_speed_mm_s,
            "largest_rate_per_min": self.largest_rate_per_min,
        }


def make_plan(
    machine: Machine, latency: Latency | None = None, *, delivery_ms: float | None = None, part_mm: float | None = None
) -> Plan:
    """Plan a machine, also one that cannot work.

    latency: as measured or given; None trusts decision.latency_ms. delivery_ms: mid-readout to the sorter, None for one
    frame interval. part_mm: the length of the parts, None for the longest that its gates catch whole.
    """
    speed, decision, camera = machine.belt.speed_mm_s, machine.decision, machine.camera
    shortest_ms = min(gate.dwell_ms for gate in machine.gates)
    longest_mm = max(machine.finder.min_part_mm, machine.spacing.longest_part_mm)
    length_mm = longest_mm if part_mm is None else part_mm
    pitch_mm = budget.least_pitch_mm(speed, machine.occupied_ms, decision.guard_mm, length_mm)
    steps = latency_steps(machine, latency, delivery_ms, min(pitch_mm, machine.belt.pitch_mm or pitch_mm))
    needed_ms = sum(steps.values()) if latency else None
    latency_ms = max(decision.latency_ms, needed_ms or 0.0)
    return Plan(
        speed_mm_s=speed,
        part_mm=length_mm,
        allowed_ms=decision.latency_ms,
        needed_ms=needed_ms,
        latency_ms=latency_ms,
        steps_ms=steps,
        latency_source=latency.source if latency else None,
        gates=[
            GatePlan(
                gate.name,
                gate.travel_mm,
                budget.least_travel_mm(speed, latency_ms, gate.lead_ms, gate.dwell_ms),
                budget.lead_ms(latency_ms, gate.lead_ms, gate.dwell_ms),
                budget.duty_rate_per_min(gate.max_duty, gate.on_ms),
            )
            for gate in machine.gates
        ],
        least_speed_mm_s=budget.least_speed_mm_s(machine.finder.min_part_mm, decision.guard_mm, shortest_ms),
        largest_speeds=largest_speeds(machine, latency_ms),
        largest_rates=_largest_rates(machine, pitch_mm, latency),
        exposure_ms=camera.exposure_ms,
        blur_px=budget.blur_px(speed, camera.exposure_ms, camera.mm_per_px),
        exposure_for_one_px_ms=budget.exposure_for_blur_ms(speed, 1.0, camera.mm_per_px),
        warnings=_warnings(machine),
        problems=[*latency_problems(machine, needed_ms), *machine_problems(_with_latency(machine, latency_ms))],
    )


def _with_latency(machine: Machine, latency_ms: float) -> Machine:
    decision = machine.decision.model_copy(update={"latency_ms": latency_ms})
    return machine.model_copy(update={"decision": decision})


def latency_steps(
    machine: Machine, latency: Latency | None, delivery_ms: float | None, pitch_mm: float
) -> dict[str, float]:
    """Return what exposure to decision is made of, at the 99th percentile, in ms; nothing where nothing is known."""
    if latency is None:
        return {}
    camera = machine.camera
    parts = budget.parts_in_view(camera.view_mm, pitch_mm)
    return {
        "half the exposure": camera.exposure_ms / 2,
        "camera to sorter": 1000 / camera.frame_rate_hz if delivery_ms is None else delivery_ms,
        "finding parts": latency.find_p99,
        f"classifying {parts} in a frame": parts * latency.classify_p99,
    }


def latency_problems(machine: Machine, needed_ms: float | None) -> list[str]:
    """Say when a decision takes longer than the machine allows for."""
    allowed_ms = machine.decision.latency_ms
    if needed_ms is None or needed_ms <= allowed_ms:
        return []
    least_ms = math.ceil(needed_ms)
    return [
        f"decision.latency_ms: expected at least the {least_ms} ms that a decision takes here, found {allowed_ms:g}; "
        f"raise it to {least_ms}, take a smaller model, or feed parts further apart"
    ]


def require_in_time(machine: Machine, latency: Latency) -> None:
    """Raise MachineError when even the middle one of a single part's decisions comes too late."""
    needed_ms = budget.needed_latency_ms(machine.camera.exposure_ms, 0.0, latency.find_p50, 1, latency.classify_p50)
    for problem in latency_problems(machine, needed_ms):
        raise MachineError(problem)


def largest_speeds(machine: Machine, latency_ms: float) -> dict[str, float]:
    """Return what bounds the belt's speed -> the largest one it allows, in mm/s."""
    guard_mm = machine.decision.guard_mm
    occupied_ms = machine.occupied_ms
    speeds = {
        f"gates.{index}.travel_mm": budget.speed_for_travel_mm_s(
            gate.travel_mm, latency_ms, gate.lead_ms, gate.dwell_ms
        )
        for index, gate in enumerate(machine.gates)
    }
    camera = machine.camera
    speeds["camera.width_px"] = budget.speed_for_view_mm_s(camera.view_mm, occupied_ms, guard_mm, camera.frame_rate_hz)
    if machine.belt.pitch_mm is not None:
        speeds["belt.pitch_mm"] = budget.speed_for_pitch_mm_s(
            machine.belt.pitch_mm, occupied_ms, guard_mm, machine.finder.min_part_mm
        )
    return speeds


def _largest_rates(machine: Machine, pitch_mm: float, latency: Latency | None) -> dict[str, float]:
    rates = {"spacing of the gates": budget.rate_per_min(machine.belt.speed_mm_s, pitch_mm)}
    if latency is not None:
        rates["classifying each once"] = 60_000 / latency.classify_p50
    return rates


def _warnings(machine: Machine) -> list[str]:
    camera, speed = machine.camera, machine.belt.speed_mm_s
    blurred_px = budget.blur_px(speed, camera.exposure_ms, camera.mm_per_px)
    if blurred_px <= 1:
        return []
    longest_ms = budget.exposure_for_blur_ms(speed, 1.0, camera.mm_per_px)
    return [
        f"camera.exposure_ms: {camera.exposure_ms:g} ms blurs by {blurred_px:.1f} pixels; for one pixel set "
        f"{longest_ms:.2f}, with more light, or slow belt.speed_mm_s"
    ]
