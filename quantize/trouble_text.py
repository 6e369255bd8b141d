"""What int8 does to the layers, and what was tried against it, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from quantize.layers import GOOD_DB, SHOWN, LayerError, none_stands_out, worst_first
from quantize.rescue import Rescue


def layer_lines(layers: Sequence[LayerError]) -> list[str]:
    """Return a table of the worst layers."""
    worst = worst_first(layers)[:SHOWN]
    width = max(len("layer"), *(len(layer.layer) for layer in worst))
    lines = [
        f"worst {len(worst)} of {len(layers)} layers: decibels of signal over int8's noise, good from {GOOD_DB:g}",
        f"{'layer':<{width}}  {'operator':<17}  channel  alone  so far  range used  cut off  silenced  loudest",
    ]
    lines += [
        f"{layer.layer:<{width}}  {layer.operator:<17}  {_db(layer.channel_db):>7}  {_db(layer.own_db):>5}  "
        f"{_db(layer.together_db):>6}  {layer.used:>10.0%}  {layer.saturated:>7.2%}  "
        f"{f'{layer.silenced}/{layer.channels}':>8}  {f'x{layer.channel_spread:.1f}':>7}"
        for layer in worst
    ]
    if none_stands_out(layers):
        lines.append("no layer stands out: what changed were close calls")
    return lines


def rescue_lines(account: Rescue) -> list[str]:
    """Return a table of the remedies that were tried, and what became of it."""
    width = max(len(trial.remedy) for trial in account.trials)
    lines = [
        f"remedies, on {account.pictures} validation pictures; the float model answers {account.right_float} right",
        f"{'remedy':<{width}}  right  agreement  score error     size  full-integer",
    ]
    for trial in account.trials:
        mark = "  <- taken" if trial.remedy == account.taken else ""
        lines.append(
            f"{trial.remedy:<{width}}  {trial.right:>5}  {trial.agreement:>9.3f}  {trial.score_error:>11.5f}  "
            f"{trial.size_bytes / 1000:>4.0f} kB  {'yes' if trial.full_integer else 'no':>12}{mark}"
        )
    return [*lines, account.sentence]


def _db(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f}"
