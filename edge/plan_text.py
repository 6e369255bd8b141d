"""A plan for a person to read."""

from __future__ import annotations

from edge.budget import way_mm
from edge.plan import Plan

_NAME = 56  # width of the first column


def plan_text(plan: Plan) -> str:
    """Return budget, gates, bounds, and at the end whether it fits and what to change."""
    return "\n".join([*_budget(plan), "", *_gates(plan), "", *_bounds(plan), "", *_verdict(plan)])


def _budget(plan: Plan) -> list[str]:
    lines = [f"{f'exposure to decision, at {plan.speed_mm_s:g} mm/s':<{_NAME}}{'ms':>9}{'mm':>9}"]
    for name, ms in plan.steps_ms.items():
        lines.append(_row(plan, f"  {name}", ms))
    if plan.needed_ms is not None:
        lines.append(_row(plan, f"  needed (99th percentiles, {plan.latency_source})", plan.needed_ms))
    return [*lines, _row(plan, "  allowed for (decision.latency_ms)", plan.allowed_ms)]


def _row(plan: Plan, name: str, ms: float) -> str:
    return f"{name:<{_NAME}}{ms:>9.2f}{way_mm(plan.speed_mm_s, ms):>9.2f}"


def _gates(plan: Plan) -> list[str]:
    lines = [f"{'gate':<16}{'travel mm':>11}{'at least':>11}{'to spare':>11}{'lead ms':>11}{'parts/min':>11}"]
    for gate in plan.gates:
        lines.append(
            f"{gate.name:<16}{gate.travel_mm:>11.1f}{gate.least_mm:>11.1f}{gate.spare_mm:>11.1f}"
            f"{gate.lead_ms:>11.1f}{gate.per_min:>11.1f}"
        )
    return lines


def _bounds(plan: Plan) -> list[str]:
    speed_by = min(plan.largest_speeds, key=lambda name: plan.largest_speeds[name])
    rate_by = min(plan.largest_rates, key=lambda name: plan.largest_rates[name])
    return [
        f"belt speed     {plan.least_speed_mm_s:.1f} to {plan.largest_speed_mm_s:.1f} mm/s (bounded by {speed_by})",
        f"part rate      at most {plan.largest_rate_per_min:.1f} a minute for parts of {plan.part_mm:.1f} mm "
        f"(bounded by: {rate_by})",
        f"exposure       at most {plan.exposure_for_one_px_ms:.2f} ms for one pixel of blur; "
        f"{plan.exposure_ms:g} ms blurs by {plan.blur_px:.2f}",
    ]


def _verdict(plan: Plan) -> list[str]:
    lines = [f"warning: {warning}" for warning in plan.warnings]
    if plan.fits:
        return [*lines, "It fits."]
    return [*lines, "It does not fit:", *(f"  {problem}" for problem in plan.problems)]
