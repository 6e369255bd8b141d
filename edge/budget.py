"""The arithmetic of a line: how far, how fast, how dense, how sharp. Units are in the names; nothing here has a state.

    taken ──exposure/2, delivery, finding, classifying──▶ decided ──▶ pin ──lag──▶ gate acts ──dwell/2──▶ centre passes

The belt moves on all the while, so every millisecond costs speed_mm_s / 1000 mm.
"""

from __future__ import annotations


def way_mm(speed_mm_s: float, ms: float) -> float:
    """Return how far the belt moves in a time: s = v t, [mm] = [mm/s] [ms] / 1000."""
    return speed_mm_s * ms / 1000


def lead_ms(latency_ms: float, lag_ms: float, dwell_ms: float) -> float:
    """Return the time from exposure to a part's centre at the gate, at least: the gate begins half a dwell before it.

    latency_ms: exposure to decision. lag_ms: pin to effect.
    """
    return latency_ms + lag_ms + dwell_ms / 2


def least_travel_mm(speed_mm_s: float, latency_ms: float, lag_ms: float, dwell_ms: float) -> float:
    """Return how far behind the middle of the picture a gate must be: the belt's way during `lead_ms`."""
    return way_mm(speed_mm_s, lead_ms(latency_ms, lag_ms, dwell_ms))


def speed_for_travel_mm_s(travel_mm: float, latency_ms: float, lag_ms: float, dwell_ms: float) -> float:
    """Return the largest speed at which a gate is far enough: v = s / t, the inverse of `least_travel_mm`."""
    return travel_mm / lead_ms(latency_ms, lag_ms, dwell_ms) * 1000


def least_view_mm(speed_mm_s: float, dwell_ms: float, guard_mm: float, frame_rate_hz: float) -> float:
    """Return the length of belt a picture must show: the gate's window, its guard on both sides, and two frames' way.

    So a part is seen whole, with the belt that it needs for itself behind it, by the middle of the picture.
    """
    return way_mm(speed_mm_s, dwell_ms) + 2 * guard_mm + 2 * speed_mm_s / frame_rate_hz


def speed_for_view_mm_s(view_mm: float, dwell_ms: float, guard_mm: float, frame_rate_hz: float) -> float:
    """Return the largest speed for a view, the inverse of `least_view_mm`; 0 when the guard alone fills it."""
    return max(0.0, view_mm - 2 * guard_mm) / (dwell_ms / 1000 + 2 / frame_rate_hz)


def least_speed_mm_s(part_mm: float, guard_mm: float, dwell_ms: float) -> float:
    """Return the slowest belt on which a gate's dwell covers a part of this length and its guard on both sides."""
    return (part_mm + 2 * guard_mm) / dwell_ms * 1000


def least_pitch_mm(speed_mm_s: float, dwell_ms: float, guard_mm: float, part_mm: float) -> float:
    """Return how close, centre to centre, parts of this length can follow each other and be sorted each by itself.

    The window of one (half its dwell to either side) and the guard may not reach the other: see Spacing.free_mm.
    """
    half_window_mm = way_mm(speed_mm_s, dwell_ms) / 2
    return max(half_window_mm + part_mm / 2, part_mm) + guard_mm


def speed_for_pitch_mm_s(pitch_mm: float, dwell_ms: float, guard_mm: float, part_mm: float) -> float:
    """Return the largest speed at which parts fed at this pitch stay apart, the inverse of `least_pitch_mm`.

    0 when the parts themselves fill the pitch.
    """
    if pitch_mm < part_mm + guard_mm:
        return 0.0
    return max(0.0, 2 * (pitch_mm - guard_mm - part_mm / 2)) / dwell_ms * 1000


def rate_per_min(speed_mm_s: float, pitch_mm: float) -> float:
    """Return parts a minute: 60 v / pitch."""
    return 60 * speed_mm_s / pitch_mm


def duty_rate_per_min(max_duty: float, dwell_ms: float) -> float:
    """Return how many parts a minute one gate may take before its duty limit makes it rest: openings do not overlap."""
    return max_duty * 60_000 / dwell_ms


def parts_in_view(view_mm: float, pitch_mm: float) -> int:
    """Return how many parts, at most, are in one picture and may want to be classified."""
    return int(view_mm // pitch_mm) + 1


def needed_latency_ms(exposure_ms: float, delivery_ms: float, find_ms: float, parts: int, classify_ms: float) -> float:
    """Return exposure to decision, from the middle of the exposure: each part of a frame is classified in its turn."""
    return exposure_ms / 2 + delivery_ms + find_ms + parts * classify_ms


def blur_px(speed_mm_s: float, exposure_ms: float, mm_per_px: float) -> float:
    """Return by how many pixels a part moves during the exposure: v t / scale."""
    return way_mm(speed_mm_s, exposure_ms) / mm_per_px


def exposure_for_blur_ms(speed_mm_s: float, blurred_px: float, mm_per_px: float) -> float:
    """Return the longest exposure for this blur, the inverse of `blur_px`."""
    return blurred_px * mm_per_px / speed_mm_s * 1000
