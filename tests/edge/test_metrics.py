"""What Prometheus reads of a line, and what is built on it: documentation, alerts, dashboard."""

from __future__ import annotations

import asyncio
import http.server
import json
import re
import subprocess
import threading
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from edge.line_view import LineBook
from edge.metrics import metrics_text
from edge.web_tokens import Role, TokenFile
from tests.edge import told_lines as made
from tests.edge.mosquitto import free_port, wait_for
from tests.edge.watched_metrics import PROMETHEUS, PROMTOOL, book, needs_prometheus, needs_promtool, text_of
from tests.edge.web_rig import a_page

DOCS = Path(__file__).resolve().parents[2] / "docs"
MONITORING = DOCS / "monitoring"
DASHBOARD = json.loads((MONITORING / "grafana-dashboard.json").read_text())
ALERTS = (MONITORING / "alerts.yml").read_text()
_NAME = re.compile(r"\bedge_sort_\w+")


def families(text):
    return {family.name: family for family in text_string_to_metric_families(text)}


def samples(text):
    """Return (name, labels) -> value."""
    return {
        (one.name, *sorted(one.labels.items())): one.value
        for family in families(text).values()
        for one in family.samples
    }


def names(text):
    """Return every name that can be asked for."""
    return {one.name for family in families(text).values() for one in family.samples}


def expressions():
    """Return every expression of the dashboard, with its variables filled in as Grafana would."""
    found = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [one.replace("$line", ".*").replace("$__rate_interval", "1m") for one in found]


def test_what_the_line_told_is_what_is_read():
    """Counts, states and times, in base units."""
    read = samples(text_of(book(7)))
    assert read["edge_sort_parts_decided_total", ("bin", "coin")] == 7
    assert read["edge_sort_parts_decided_total", ("bin", "nut")] == 0
    assert read["edge_sort_parts_given_up_total", ("bin", "coin")] == 2
    assert read["edge_sort_decisions_total", ("reason", "crowded")] == 7
    assert read["edge_sort_give_ups_total", ("reason", "belt")] == 2
    assert read["edge_sort_line_state", ("state", "Held")] == 1
    assert read["edge_sort_line_state", ("state", "Execute")] == 0
    assert read["edge_sort_incident_standing", ("kind", "jam")] == 1
    assert read["edge_sort_incidents_total", ("kind", "jam")] == 3
    assert read["edge_sort_bin_full", ("bin", "nut")] == 1
    assert read["edge_sort_belt_speed_meters_per_second",] == pytest.approx(0.149)
    assert read["edge_sort_run_start_time_seconds",] == 1_700_000_100
    assert read["edge_sort_line_silent_seconds",] == 0.5
    assert read["edge_sort_decision_latency_seconds_count",] == 14
    assert read["edge_sort_decision_latency_seconds_sum",] == pytest.approx(0.294)
    assert read["edge_sort_decision_latency_seconds_bucket", ("le", "0.015849")] == 7
    assert read["edge_sort_decision_latency_seconds_bucket", ("le", "+Inf")] == 14


def test_counters_do_not_fall_and_the_series_stay_the_same():
    """A part that is given up moves from bin to bin, but no count of it is taken back."""
    kinds = {name: family.type for name, family in families(text_of(book(0))).items()}
    before = samples(text_of(book(0)))
    for parts in (1, 2, 3, 50):
        now = samples(text_of(book(parts)))
        assert now.keys() == before.keys()
        for key, value in now.items():
            family = re.sub(r"_(total|bucket|count|sum)$", "", key[0])
            if kinds.get(family) in ("counter", "histogram"):
                assert value >= before[key], key
        before = now
    assert len(before) < 300


def test_a_line_that_has_told_nothing_yet_shows_only_what_is_known():
    """No state and no count is made up."""
    assert names(metrics_text(LineBook(made.facts()).view(101.0))[0].decode()) == {
        "edge_sort_line_info",
        "edge_sort_run_number",
        "edge_sort_run_start_time_seconds",
        "edge_sort_line_silent_seconds",
        "edge_sort_belt_nominal_speed_meters_per_second",
    }


def test_who_asks_for_openmetrics_gets_it():
    """As Prometheus does by default."""
    text, content_type = metrics_text(book().view(110.0), "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert "edge_sort_parts_decided" in {family.name for family in open_metrics(text.decode())}


def test_the_page_serves_them_to_whoever_may_look(tmp_path):
    """With a token where the page asks for one, and to nobody else."""
    tokens = tmp_path / "tokens.json"
    token = TokenFile(tokens).add("prometheus", Role.VIEWER)

    def ask(page, *headers):
        async def play():
            await asyncio.sleep(0.01)
            async with page.client() as client:
                return [await client.get("/metrics", headers=one) for one in headers]

        page.tell(made.totals(101.0, parts=3, frames=9))
        return page.run(play)

    with a_page() as page:
        (answer,) = ask(page, {})
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert samples(answer.text)["edge_sort_parts_decided_total", ("bin", "coin")] == 3
    with a_page(tokens) as page:
        refused, answer = ask(page, {}, {"authorization": f"Bearer {token}"})
        assert (refused.status_code, answer.status_code) == (401, 200)
        assert "edge_sort" not in refused.text


def test_the_documentation_lists_every_metric_with_its_kind_and_labels_and_no_other():
    """They are what dashboards are built on."""
    rows = re.findall(r"^\| `(edge_sort_\w+)` \| (\w+) \| (.*?) \|", (DOCS / "metrics.md").read_text(), re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    real = {}
    for family in families(text_of(book())).values():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        real[name] = (family.type, {label for one in family.samples for label in one.labels})
    assert documented == real


def test_dashboard_and_alerts_ask_for_nothing_that_is_not_there():
    """A renamed metric would leave a panel empty and an alert silent for ever."""
    there = names(text_of(book()))
    for asked in [*expressions(), ALERTS, json.dumps(DASHBOARD["templating"])]:
        assert set(_NAME.findall(asked)) <= there
    assert len(expressions()) >= 15


def test_the_panels_of_the_dashboard_lie_side_by_side():
    """None covers another, and each has an id of its own."""
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def promtool(*words, given=None):
    done = subprocess.run([PROMTOOL, *words], input=given, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@needs_promtool
def test_prometheus_own_tool_finds_nothing_to_say_of_names_and_help():
    """It knows the conventions: units, suffixes, a help text for each."""
    assert promtool("check", "metrics", given=text_of(book())) == ""


@needs_promtool
def test_the_example_configuration_its_alerts_and_the_dashboard_s_expressions_are_valid(tmp_path):
    """As Prometheus' own tool reads them."""
    token = tmp_path / "edge-sort-token"
    token.write_text("x")
    config = (MONITORING / "prometheus.yml").read_text().replace("/etc/prometheus/edge-sort-token", str(token))
    (tmp_path / "prometheus.yml").write_text(config)
    (tmp_path / "alerts.yml").write_text(ALERTS)
    promtool("check", "config", str(tmp_path / "prometheus.yml"))
    rules = [{"record": f"panel:{number}", "expr": one} for number, one in enumerate(expressions())]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(tmp_path / "panels.yml"))


ALERTED = """
rule_files: [{rules}]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - {{series: 'up{{job="edge-sort",instance="line-1"}}', values: '0x8'}}
      - {{series: 'edge_sort_line_state{{instance="line-2",state="Aborted"}}', values: '0 0 0 0 1x4'}}
      - {{series: 'edge_sort_incident_standing{{instance="line-2",kind="jam"}}', values: '1x8'}}
      - {{series: 'edge_sort_incident_standing{{instance="line-2",kind="hot"}}', values: '0x8'}}
    alert_rule_test:
      - eval_time: 2m
        alertname: LineUnreachable
        exp_alerts:
          - exp_labels: {{severity: warning, job: edge-sort, instance: line-1}}
            exp_annotations: {{summary: "line-1: the line does not run, or its page cannot be reached"}}
      - eval_time: 30s
        alertname: LineAborted
        exp_alerts: []
      - eval_time: 2m
        alertname: LineAborted
        exp_alerts:
          - exp_labels: {{severity: critical, instance: line-2, state: Aborted}}
            exp_annotations: {{summary: "line-2: aborted; its gates rest until somebody resets and starts it"}}
      - eval_time: 2m
        alertname: IncidentStanding
        exp_alerts:
          - exp_labels: {{severity: warning, instance: line-2, kind: jam}}
            exp_annotations: {{summary: "line-2: jam; docs/incidents.md says what to do"}}
  - interval: 1m
    input_series:
      - {{series: 'edge_sort_parts_decided_total{{instance="line-1",bin="nut"}}', values: '0+60x40'}}
      - {{series: 'edge_sort_parts_decided_total{{instance="line-1",bin="reject"}}', values: '0+30x40'}}
      - {{series: 'edge_sort_parts_given_up_total{{instance="line-1",bin="nut"}}', values: '0+15x40'}}
      - {{series: 'edge_sort_gate_error_seconds_bucket{{instance="line-1",le="0.001"}}', values: '0+90x40'}}
      - {{series: 'edge_sort_gate_error_seconds_bucket{{instance="line-1",le="0.01"}}', values: '0+100x40'}}
      - {{series: 'edge_sort_gate_error_seconds_bucket{{instance="line-1",le="+Inf"}}', values: '0+100x40'}}
    alert_rule_test:
      - eval_time: 30m
        alertname: ManyRejected
        exp_alerts:
          - exp_labels: {{severity: warning, instance: line-1}}
            exp_annotations: {{summary: "line-1: 50% of the parts go to reject"}}
      - eval_time: 30m
        alertname: GatesLate
        exp_alerts:
          - exp_labels: {{severity: warning, instance: line-1}}
            exp_annotations: {{summary: "line-1: one gate move in a hundred is more than 5 ms off its moment"}}
"""


@needs_promtool
def test_the_alerts_are_raised_when_they_should_be(tmp_path):
    """On series made up for it, as Prometheus' own tool evaluates them."""
    (tmp_path / "test.yml").write_text(ALERTED.format(rules=MONITORING / "alerts.yml"))
    assert "SUCCESS" in promtool("test", "rules", str(tmp_path / "test.yml"))


class Growing(http.server.BaseHTTPRequestHandler):
    """Serves a line that sorts on, a few parts with each scrape."""

    scrapes = 0

    def do_GET(self):
        type(self).scrapes += 1
        seen = book(5 * self.scrapes, at=109.0 + self.scrapes)
        text, content_type = metrics_text(seen.view(109.5 + self.scrapes), self.headers.get("accept", ""))
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.mark.slow
@needs_prometheus
def test_every_panel_of_the_dashboard_shows_something_of_a_real_prometheus(tmp_path):
    """It scrapes a line for some seconds; then each expression has an answer."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Growing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port, target = free_port(), f"127.0.0.1:{server.server_port}"
    jobs = [{"job_name": "edge-sort", "static_configs": [{"targets": [target]}]}]
    config = tmp_path / "prometheus.yml"
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    command = [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    command.append(f"--web.listen-address=127.0.0.1:{port}")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)

    def ask(expression):
        query = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{query}", timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except OSError:
            return []

    try:
        for expression in expressions():
            wait_for(lambda expression=expression: ask(expression), f"answer to {expression}")
    finally:
        process.terminate()
        process.wait(20)
        server.shutdown()
        server.server_close()
