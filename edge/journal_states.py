"""How long a line was in each of its states, by its journal."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from edge.states import State

_CHANGES = "SELECT at_s, after FROM state_changes WHERE run = ? ORDER BY change"
_STARTED = "SELECT started_s FROM runs WHERE run = ?"
_ENDED = """
SELECT max(at_s) FROM (
    SELECT coalesce(ended_s, 0) AS at_s FROM runs WHERE run = :run
    UNION ALL SELECT max(max(decided_s, coalesce(closed_s, 0))) FROM parts WHERE run = :run
    UNION ALL SELECT max(at_s) FROM incidents WHERE run = :run
    UNION ALL SELECT max(at_s) FROM state_changes WHERE run = :run
)
"""


def seconds_in_states(db: sqlite3.Connection, keys: Sequence[tuple[int, float, float]]) -> dict[str, float]:
    """Return the seconds in each state, in alphabetical order, summed over (run, since, until) on its machine clock.

    A run that was killed ends with the last thing it recorded. One without state changes adds nothing.
    """
    spent = Counter[str]()
    for run, since, until in keys:
        changes = [(at, after) for at, after in db.execute(_CHANGES, (run,))]
        if not changes:
            continue
        (started_s,), (ended_s,) = db.execute(_STARTED, (run,)).fetchone(), db.execute(_ENDED, {"run": run}).fetchone()
        stretches = pairwise([(started_s or 0.0, str(State.IDLE)), *changes, (ended_s, "")])
        for (begin, state), (end, _) in stretches:
            spent[state] += max(0.0, min(end, until) - max(begin, since))
    return {state: round(took_s, 3) for state, took_s in sorted(spent.items()) if took_s > 0}
