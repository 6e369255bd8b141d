"""Put a bundle on a line: verified, measured beside the current one, and refused when it is worse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.bundle import EDGETPU_FILE, Bundle
from edge.check import check_bundle
from edge.errors import BundleError, DataError, EdgeSortError, ModelError
from edge.frozen_set import FrozenPictures, frozen_pictures, record_frozen
from edge.line import check_labels
from edge.line_bundles import FROZEN, HISTORY, LineBundles, name_of, now_utc
from edge.line_history import Change, read_history
from edge.machine import Machine
from edge.promote_measure import Loaded, Measured, MeasureOn, measure
from edge.promote_notes import notes_of
from edge.promote_rules import Limits, too_slow, worse
from edge.rollback import Word
from edge.signature import open_bundle_by


class PromotionRefused(EdgeSortError):
    """The bundle does not become the current one."""

    exit_code = 3


@dataclass(frozen=True)
class PromoteOptions:
    """What to put where, and on what to measure it.

    data: the frozen pictures; None for those of the last time. dry_run: measure only.
    """

    challenger: Path
    line: Path
    word: Word
    data: Path | None = None
    renew_data: bool = False
    on: MeasureOn = field(default_factory=MeasureOn)
    require_signed: Path | None = None
    limits: Limits = field(default_factory=Limits)
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Promotion:
    """What came of it. champion: the digest of what was current; change: what was changed; None where nothing.

    objections: what speaks against it. notes: what else to know, a sentence each.
    """

    line: str
    champion: str | None
    challenger: str
    measured: Measured
    objections: tuple[str, ...]
    notes: tuple[str, ...]
    change: Change | None

    @property
    def verdict(self) -> str:
        """One word: promoted, forced, refused, or "measured" for a dry run that speaks for it."""
        if self.change is not None:
            return "forced" if self.objections else "promoted"
        return "refused" if self.objections else "measured"

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `promote --json` uses."""
        return {
            "verdict": self.verdict,
            "objections": list(self.objections),
            "champion": self.champion,
            "challenger": self.challenger,
            "line": self.line,
            "notes": list(self.notes),
            **self.measured.as_dict(),
        }


def promote(options: PromoteOptions, tell: Callable[[str], None] = lambda _line: None) -> Promotion:
    """Verify, measure, judge, and make the challenger the current bundle if nothing speaks against it.

    Raises PromotionRefused for what not even force can put on the line: a bundle that is damaged, unsigned, current
    already, or lacks a label that a gate waits for. Raises DataError, JournalError and what else keeps from measuring.
    """
    line = LineBundles(options.line)
    challenger = _verified(options, tell)
    with line.locked(make=True):
        return _promote(line, challenger, options, tell)


def _promote(line: LineBundles, challenger: Loaded, options: PromoteOptions, tell: Callable[[str], None]) -> Promotion:
    at_utc = now_utc()
    notes: list[str] = []
    read_history(line.folder / HISTORY)  # a damaged one is found before the long work, not behind it
    champion = _champion(line, notes) if line.current_digest else None
    _refuse_at_once(line, challenger.bundle, options.on.machine)
    frozen = frozen_pictures(line.folder / FROZEN, options.data, at_utc, renew=options.renew_data)
    if frozen is None and champion is not None:
        raise DataError(
            f"{line.folder}: expected labelled pictures to compare with the current bundle on, found that none "
            "were ever given; name a folder per class, which no training has seen, with --data"
        )
    measured = measure(champion, challenger, frozen, options.on, tell)
    notes += notes_of(measured, frozen, champion, options.on)
    objections = _objections(measured, options)
    change = None
    if not options.dry_run and (options.force or not objections):
        change = Change(
            action="promote",
            before=line.current_digest,
            after=challenger.bundle.digest,
            at_utc=at_utc,
            by=options.word.by,
            why=options.word.why,
            forced=objections,
            measured=measured.as_dict(),
        )
        put_on_line(line, challenger.bundle, change, frozen)
    return Promotion(
        str(line.folder),
        champion.bundle.digest if champion else None,
        challenger.bundle.digest,
        measured,
        objections,
        tuple(notes),
        change,
    )


def put_on_line(line: LineBundles, challenger: Bundle, change: Change, frozen: FrozenPictures | None) -> None:
    """Copy, write down, switch, tidy up: whenever it is cut short, the current bundle is the old one or the new one."""
    line.keep(challenger)
    if frozen is not None and frozen.to_record:
        record_frozen(line.folder / FROZEN, frozen.found)
    line.switch(change)
    line.prune()


def _verified(options: PromoteOptions, tell: Callable[[str], None]) -> Loaded:
    """Go the whole way of `edge-sort check`. Raises PromotionRefused."""
    tell(f"verifying {options.challenger}")
    try:
        opened = open_bundle_by(options.challenger, options.require_signed)
        check = check_bundle(options.challenger)
        wrong = [one for one in check.findings if not one.ok]
        if not wrong:
            return Loaded(opened, opened.classifier())
    except (BundleError, ModelError) as error:
        raise PromotionRefused(f"refused: {error}") from error
    raise PromotionRefused(
        f"refused: {options.challenger}: {wrong[0].kind} {wrong[0].name}: expected {wrong[0].expected}, found "
        f"{wrong[0].found}; see all of it with: edge-sort check {options.challenger}"
    )


def _champion(line: LineBundles, notes: list[str]) -> Loaded | None:
    folder = line.current
    if folder is None:
        return None
    try:
        bundle = open_bundle_by(folder, None)
        return Loaded(bundle, bundle.classifier())
    except (BundleError, ModelError) as error:
        notes.append(f"the current bundle cannot be compared with: {error}")
        return None


def _refuse_at_once(line: LineBundles, challenger: Bundle, machine: Machine | None) -> None:
    folder = line.current
    if folder is not None and folder.name == name_of(challenger.digest) and _whole(folder):
        raise PromotionRefused(f"refused: {challenger.folder} is the current bundle of {line.folder} already")
    if machine is None:
        return
    try:
        check_labels(machine, challenger.labels)
    except EdgeSortError as error:
        raise PromotionRefused(f"refused: the line would not start: {error}") from error
    asked = machine.classifier
    if asked.accelerator == "edgetpu" and not asked.allow_cpu and EDGETPU_FILE not in challenger.facts.files:
        raise PromotionRefused(
            f"refused: the line would not start: classifier.accelerator is 'edgetpu', and {challenger.folder} has no "
            f"{EDGETPU_FILE}; make it again with: edge-sort quantize --edgetpu"
        )


def _whole(folder: Path) -> bool:
    try:
        open_bundle_by(folder, None)
    except BundleError:
        return False
    return True


def _objections(measured: Measured, options: PromoteOptions) -> tuple[str, ...]:
    found: list[str] = []
    if measured.frozen is not None:
        found += worse(measured.frozen, options.limits, "frozen pictures")
    if measured.kept is not None:
        found += worse(measured.kept, options.limits, "kept pictures of parts")
    if options.on.machine is not None:
        latency = measured.latency
        found += too_slow(options.on.machine, latency.get("champion"), latency["challenger"])
    return tuple(found)
