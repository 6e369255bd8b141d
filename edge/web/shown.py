"""A LineView as JSON for browsers. Ages are in seconds, so that no two clocks need agree; moments are UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

from pydantic import BaseModel

from edge.line_asked import AskedCommand
from edge.line_told import LineFacts
from edge.line_view import IncidentView, LineView, PartView
from edge.parts import REJECT_BIN
from edge.spread import Spread
from edge.states import State


class SpreadShown(BaseModel):
    """How long something took, in milliseconds; null where there was none."""

    count: int
    p50_ms: float | None
    p99_ms: float | None
    most_ms: float | None


class StandingShown(BaseModel):
    """Something that is wrong now."""

    kind: str
    cause: str
    remedy: str
    for_s: float


class NowShown(BaseModel):
    """How the line is. state is null until the line has told it; silent: it has told nothing for too long.

    can: what may be asked of it.
    """

    state: State | None
    state_for_s: float
    silent: bool
    can: list[AskedCommand]
    standing: list[StandingShown]
    parts: int
    parts_per_min: float
    frame_rate_hz: float
    belt_mm_s: float
    bins: dict[str, int]
    full_bins: list[str]
    reasons: dict[str, int]
    incidents: dict[str, int]
    latency: SpreadShown
    gate_error: SpreadShown
    untold: int


class PartShown(BaseModel):
    """A part. true_label: what a person said of it. picture: where its picture is, if it has one."""

    part: int
    at: datetime
    label: str
    score: float
    scores: dict[str, float]
    bin: str
    reason: str
    latency_ms: float
    doubtful: bool
    true_label: str | None
    said_by: str | None
    picture: str | None


class PartsShown(BaseModel):
    """The last parts, and those that wait for a person's word, the newest first."""

    parts: list[PartShown]
    doubtful: list[PartShown]


class IncidentShown(BaseModel):
    """Something that happened. over_at: null while it stands, and for what is over at once."""

    at: datetime
    kind: str
    cause: str
    remedy: str
    standing: bool
    over_at: datetime | None


class FactsShown(BaseModel):
    """What does not change while the line runs."""

    run: int
    version: str
    labels: list[str]
    bins: list[str]
    bundle_sha256: str
    machine_sha256: str
    camera: str
    speed_mm_s: float
    started_at: datetime


class BoxShown(BaseModel):
    """A part in the live picture: left, top, right and bottom in its pixels; bin is empty while it is undecided."""

    part: int
    place: tuple[float, float, float, float]
    label: str
    score: float
    bin: str
    reason: str


class PictureShown(BaseModel):
    """The newest frame, and where its JPEG is."""

    number: int
    width: int
    height: int
    source: str
    boxes: list[BoxShown]


class LineShown(BaseModel):
    """All of it at once."""

    facts: FactsShown
    now: NowShown
    parts: PartsShown
    incidents: list[IncidentShown]


def line_shown(view: LineView) -> LineShown:
    """Return everything."""
    return LineShown(
        facts=facts_shown(view.facts), now=now_shown(view), parts=parts_shown(view), incidents=incidents_shown(view)
    )


def facts_shown(facts: LineFacts) -> FactsShown:
    """Return what does not change."""
    return FactsShown(
        run=facts.run,
        version=facts.version,
        labels=list(facts.labels),
        bins=[*facts.bins, REJECT_BIN],
        bundle_sha256=facts.bundle_sha256,
        machine_sha256=facts.machine_sha256,
        camera=facts.camera,
        speed_mm_s=facts.speed_mm_s,
        started_at=_moment(facts, facts.started_at),
    )


def now_shown(view: LineView) -> NowShown:
    """Return how the line is."""
    condition, totals = view.condition, view.totals
    counts = totals.bins if totals else {}
    standing = condition.standing if condition else ()
    return NowShown(
        state=view.state,
        state_for_s=_age_s(view, condition.since if condition else view.facts.started_at),
        silent=view.silent,
        can=[one for one in get_args(AskedCommand) if condition and one in condition.can],
        standing=[
            StandingShown(kind=one.kind, cause=one.cause, remedy=one.remedy, for_s=_age_s(view, one.since))
            for one in standing
        ],
        parts=totals.parts if totals else 0,
        parts_per_min=round(view.parts_per_min, 1),
        frame_rate_hz=round(view.frame_rate_hz, 1),
        belt_mm_s=round(totals.belt_mm_s, 1) if totals else 0.0,
        bins={name: counts.get(name, 0) for name in (*view.facts.bins, REJECT_BIN)},
        full_bins=list(condition.full_bins) if condition else [],
        reasons=totals.reasons if totals else {},
        incidents=dict(totals.incidents) if totals else {},
        latency=_spread(totals.latency if totals else Spread()),
        gate_error=_spread(totals.gate_error if totals else Spread()),
        untold=totals.untold if totals else 0,
    )


def parts_shown(view: LineView) -> PartsShown:
    """Return the last parts."""
    facts = view.facts
    return PartsShown(
        parts=[_part(facts, one) for one in view.parts], doubtful=[_part(facts, one) for one in view.doubtful]
    )


def incidents_shown(view: LineView) -> list[IncidentShown]:
    """Return what has happened."""
    return [_incident(view.facts, one) for one in view.incidents]


def _part(facts: LineFacts, part: PartView) -> PartShown:
    told = part.told
    # another run has the same numbers, and a browser keeps pictures
    picture = f"/api/parts/{told.part}.jpg?of={facts.run}-{facts.wall_s(facts.started_at):.0f}"
    return PartShown(
        part=told.part,
        at=_moment(facts, told.at),
        label=told.label,
        score=round(told.score, 4),
        scores={label: round(score, 4) for label, score in zip(facts.labels, told.scores, strict=False)},
        bin=told.bin,
        reason=told.reason,
        latency_ms=round(told.latency_ms, 2),
        doubtful=told.doubtful,
        true_label=part.true_label,
        said_by=part.said_by,
        picture=picture if told.crop is not None else None,
    )


def _incident(facts: LineFacts, incident: IncidentView) -> IncidentShown:
    told = incident.told
    return IncidentShown(
        at=_moment(facts, told.at),
        kind=told.kind,
        cause=told.cause,
        remedy=told.remedy,
        standing=incident.standing,
        over_at=None if incident.over_at is None else _moment(facts, incident.over_at),
    )


def _spread(spread: Spread) -> SpreadShown:
    p50, p99 = spread.quantile_ms(0.5), spread.quantile_ms(0.99)
    return SpreadShown(
        count=spread.count,
        p50_ms=None if p50 is None else round(p50, 3),
        p99_ms=None if p99 is None else round(p99, 3),
        most_ms=round(spread.most_ms, 3) if spread.count else None,
    )


def _age_s(view: LineView, since: float) -> float:
    return round(max(0.0, view.at - since), 1)


def _moment(facts: LineFacts, at: float) -> datetime:
    return datetime.fromtimestamp(facts.wall_s(at), UTC)
