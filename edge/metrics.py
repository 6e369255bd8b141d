"""A line in the words of Prometheus: a pure function of a LineView. docs/metrics.md lists the metrics.

Counters are since the line began and never fall. Labels have few values, all known in advance: bins, reasons, kinds of
incidents, states. Nothing is labelled with a part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from edge.incidents import IncidentKind
from edge.line_told import Condition, LineFacts, Totals
from edge.line_view import LineView
from edge.parts import REJECT_BIN, Reason
from edge.spread import BOUNDS_MS, Spread
from edge.states import State

_DIGITS = 12  # of a digest: enough to tell two apart


def metrics_text(view: LineView, accept: str = "") -> tuple[bytes, str]:
    """Return all metrics of a line as of now, and their content type. accept: what the asking program can read."""
    encode, content_type = choose_encoder(accept)
    return encode(_Families(view)), content_type


class _Families(Collector):
    def __init__(self, view: LineView) -> None:
        self._view = view

    def collect(self) -> Iterator[Metric]:
        view = self._view
        yield from _facts(view.facts)
        yield _gauge(
            "line_silent_seconds",
            "How long the line has told nothing; more than a second or two is a hang.",
            view.silent_s,
        )
        if view.condition is not None:
            yield from _condition(view.facts, view.condition)
        if view.totals is not None:
            yield from _totals(view.facts, view.totals)


def _facts(facts: LineFacts) -> Iterator[Metric]:
    told = {
        "version": facts.version,
        "bundle": facts.bundle_sha256[:_DIGITS],
        "machine": facts.machine_sha256[:_DIGITS],
        "camera": facts.camera,
    }
    info = GaugeMetricFamily("edge_sort_line_info", "Always 1; what the line runs with.", labels=list(told))
    info.add_metric(list(told.values()), 1)
    yield info
    yield _gauge("run_number", "The number of the run in the journal.", facts.run)
    yield _gauge("run_start_time_seconds", "When the run began, in Unix time.", facts.wall_s(facts.started_at))
    yield _gauge(
        "belt_nominal_speed_meters_per_second", "The belt's speed in the machine file.", facts.speed_mm_s / 1000
    )


def _condition(facts: LineFacts, condition: Condition) -> Iterator[Metric]:
    states = {str(state): float(state is condition.state) for state in State}
    yield _gauges("line_state", "1 for the state the line is in, 0 for the others.", "state", states)
    since = facts.wall_s(condition.since)
    yield _gauge("line_state_start_time_seconds", "When the line went into its state, in Unix time.", since)
    standing = {one.kind for one in condition.standing}
    kinds = {str(kind): float(kind in standing) for kind in IncidentKind}
    yield _gauges("incident_standing", "1 while what the incident is about is so.", "kind", kinds)
    full = {name: float(name in condition.full_bins) for name in facts.bins}
    yield _gauges("bin_full", "1 while the bin is full and its parts go to reject.", "bin", full)


def _totals(facts: LineFacts, totals: Totals) -> Iterator[Metric]:
    gates = dict.fromkeys(facts.bins, 0)
    bins = gates | {REJECT_BIN: 0}
    reasons = dict.fromkeys(map(str, Reason), 0)
    kinds = dict.fromkeys(map(str, IncidentKind), 0)
    yield _counters("frames", "Frames taken.", totals.frames)
    yield _counts("parts_decided", "Parts, by the bin decided for.", "bin", bins | dict(totals.by_bin))
    yield _counts(
        "parts_given_up",
        "Parts that went to reject after all, by the bin decided for.",
        "bin",
        gates | dict(totals.given_up_of),
    )
    yield _counts("decisions", "Parts, by the reason of the decision.", "reason", reasons | dict(totals.by_reason))
    yield _counts(
        "give_ups",
        "Parts that went to reject after all, by the reason why.",
        "reason",
        reasons | dict(totals.given_up_for),
    )
    yield _counts("incidents", "Incidents, by kind.", "kind", kinds | dict(totals.incidents))
    yield _histogram(
        "decision_latency_seconds", "From the middle of a frame's exposure to the decision.", totals.latency
    )
    yield _histogram("gate_error_seconds", "How far from its planned moment a gate moved.", totals.gate_error)
    yield _gauge("belt_speed_meters_per_second", "The belt's speed now.", totals.belt_mm_s / 1000)
    yield _counters("untold", "Records of the line that found no room on the way to the page.", totals.untold)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"edge_sort_{name}", says, value=value)


def _gauges(name: str, says: str, label: str, values: Mapping[str, float]) -> Metric:
    return _filled(GaugeMetricFamily(f"edge_sort_{name}", says, labels=[label]), values.items())


def _counters(name: str, says: str, value: float) -> Metric:
    return CounterMetricFamily(f"edge_sort_{name}", says, value=value)


def _counts(name: str, says: str, label: str, values: Mapping[str, float]) -> Metric:
    return _filled(CounterMetricFamily(f"edge_sort_{name}", says, labels=[label]), values.items())


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, values: Iterable[tuple[str, float]]
) -> GaugeMetricFamily | CounterMetricFamily:
    for label, value in values:
        family.add_metric([label], value)
    return family


def _histogram(name: str, says: str, spread: Spread) -> Metric:
    bounds = [*(f"{bound / 1000:g}" for bound in BOUNDS_MS), "+Inf"]
    buckets = list(zip(bounds, accumulate(spread.counts), strict=True))
    return HistogramMetricFamily(f"edge_sort_{name}", says, buckets=buckets, sum_value=spread.sum_ms / 1000)
