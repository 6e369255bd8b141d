"""What docs/incidents.md says of each incident is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.control_tables import LimitsTable, RulesTable
from edge.drift_tables import DriftTable
from edge.incidents import IncidentKind

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "incidents.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| (.+) \| ([\w, ]+) \| (.+) \|$", PAGE, flags=re.MULTILINE)


def test_every_incident_is_described_with_its_default_rule():
    """In the enum's order, with something to do."""
    assert [kind for kind, *_ in ROWS] == [str(kind) for kind in IncidentKind]
    for kind, seen, rule, remedy in ROWS:
        assert rule.split(",")[0] == RulesTable().of(IncidentKind(kind)), kind
        assert seen
        assert remedy


@pytest.mark.parametrize("table", [LimitsTable, DriftTable])
def test_every_limit_is_named_on_the_page(table):
    """With the value it has by default, where that is a number."""
    for name, field in table.model_fields.items():
        assert f"`{name}`" in PAGE
        if isinstance(field.default, float | int) and name not in ("frame_rate_share", "mix"):
            assert re.search(rf"`{name}` \({field.default:.7g}\b", PAGE), name
