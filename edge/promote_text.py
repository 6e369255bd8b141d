"""What a promotion came to, and a line's history, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from edge.exact_tests import mcnemar
from edge.line_bundles import name_of
from edge.line_history import Change, Damaged, Entry, with_outcome
from edge.promote_measure import Measured
from edge.promote_run import Promotion
from edge.side_by_side import SideBySide, only_one
from edge.wilson import Share

_FLIPS_TOLD = 10
_CALLED = {"champion": "current", "challenger": "new"}


def promotion_text(promotion: Promotion) -> str:
    """Return the verdict, the reasons, and every figure."""
    return "\n".join(
        [*_verdict(promotion), *_measured(promotion.measured), *_notes(promotion.notes), *_next(promotion)]
    )


def history_text(entries: Sequence[Entry], current: str | None) -> str:
    """Return a line for each change, the last one last, and one for what cannot be read."""
    if not entries:
        return "no bundle was ever promoted here"
    lines: list[str] = []
    for entry, made in with_outcome(entries, current):
        lines += [entry.sentence] if isinstance(entry, Damaged) else _change_lines(entry, cut_short=made is False)
    return "\n".join([*lines, f"current: {name_of(current) if current else 'none'}"])


def _change_lines(change: Change, *, cut_short: bool) -> Iterator[str]:
    yield (
        f"{change.at_utc}  {change.action:<8}  {name_of(change.before) if change.before else '-':<16} -> "
        f"{name_of(change.after)}  {change.by}{': ' + change.why if change.why else ''}"
    )
    if cut_short:
        yield "    cut short: the bundle stayed the one before"
    word = "forced although" if change.action == "promote" else "mended:"
    yield from (f"    {word} {reason}" for reason in change.forced)


def _verdict(promotion: Promotion) -> Iterator[str]:
    challenger = name_of(promotion.challenger)
    told = {
        "promoted": f"promoted: {promotion.line}/current is {challenger}",
        "forced": f"forced: {promotion.line}/current is {challenger}, although",
        "refused": f"refused: {challenger} does not become the current bundle of {promotion.line}, because",
        "measured": f"measured: nothing speaks against {challenger}; nothing was changed",
    }
    yield told[promotion.verdict]
    for objection in promotion.objections:
        yield f"  - {objection}"


def _measured(measured: Measured) -> Iterator[str]:
    for compared, what in ((measured.frozen, "frozen pictures"), (measured.kept, "kept pictures with a person's word")):
        if compared is not None:
            yield from _compared(compared, what)
    if (seen := measured.unlabelled) is not None:
        yield ""
        yield (
            f"{seen.pictures} kept pictures of which nobody has said what they are: {seen.flips} answered differently, "
            f"{seen.other_bin} of these with another bin"
        )
    if (ran := measured.replayed) is not None:
        yield ""
        yield (
            f"{ran.parts} recorded parts: {ran.flips} answered differently, {ran.other_bin} into another bin; into a "
            f"bin go {ran.sorted_by[0]} with the current one, {ran.sorted_by[1]} with the new one"
        )
        yield from (f"  {change}: {count}" for change, count in ran.changes.items())
    if measured.latency:
        yield ""
    for name, one in measured.latency.items():
        yield f"{_CALLED[name]:<8} one part in {one.classify_p50:.2f} ms, p99 {one.classify_p99:.2f} ms ({one.source})"


def _compared(compared: SideBySide, what: str) -> Iterator[str]:
    sides = compared.sides
    yield ""
    yield f"{len(compared.pictures)} {what}, with 95 % intervals"
    yield _row("", {name: f"{_CALLED[name]} bundle" for name in sides})
    yield _row("answered right", {name: _counted(compared.right(answers)) for name, answers in sides.items()})
    yield _row("into their bin", {name: _counted(compared.rightly_sorted(one)) for name, one in sides.items()})
    yield _row("into a wrong bin", {name: str(sum(compared.wrongly_in(one))) for name, one in sides.items()})
    if compared.champion:
        first, second = only_one(compared.right(compared.champion), compared.right(compared.challenger))
        yield (
            f"only the current one is right: {first}, only the new one: {second}; exact McNemar p = "
            f"{mcnemar(first, second):.3g}"
        )
    yield ""
    yield _row("class", dict.fromkeys(sides, "right"))
    classes = {name: compared.per_class(answers) for name, answers in sides.items()}
    for label in sorted(set(compared.truth)):
        yield _row(label, {name: _of(of[label].right, of[label].total) for name, of in classes.items()})
    yield ""
    yield _row("bin", dict.fromkeys(sides, "purity, recovery"))
    bins = {name: compared.per_bin(answers) for name, answers in sides.items()}
    for bin_name in next(iter(bins.values())):
        cells = {
            name: f"{_of(of[bin_name].right, of[bin_name].held)}, {_of(of[bin_name].right, of[bin_name].due)}"
            for name, of in bins.items()
        }
        yield _row(bin_name, cells)
    yield from _flips(compared)


def _flips(compared: SideBySide) -> Iterator[str]:
    if not compared.champion:
        return
    yield ""
    yield f"changed answers: {len(compared.flips)}"
    for index in compared.flips[:_FLIPS_TOLD]:
        one, other = compared.champion[index], compared.challenger[index]
        yield (
            f"  {compared.pictures[index]} ({compared.truth[index]}): {one.label} {one.score:.3f} -> {other.label} "
            f"{other.score:.3f}"
        )
    if len(compared.flips) > _FLIPS_TOLD:
        yield f"  and {len(compared.flips) - _FLIPS_TOLD} more, with --json"


def _notes(notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield ""
    yield from (f"note: {note}" for note in notes)


def _next(promotion: Promotion) -> Iterator[str]:
    yield ""
    if promotion.change is not None:
        yield "a line that runs keeps the bundle it opened; start it anew: sudo systemctl restart edge-sort"
        if promotion.champion is not None:
            yield f"back again:  edge-sort rollback --line {promotion.line}"
    elif promotion.objections:
        yield "look at the changed answers, train on more pictures, change a limit, or insist with --force"


def _row(name: str, cells: Mapping[str, str]) -> str:
    return f"{name:<24}" + "".join(f"{cell:>30}" for cell in cells.values())


def _counted(holds: Sequence[bool]) -> str:
    low, high = Share(sum(holds), len(holds)).interval
    return f"{_of(sum(holds), len(holds))} ({low:.3f} to {high:.3f})"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" if whole else "-"
