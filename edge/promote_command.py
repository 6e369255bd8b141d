"""`edge-sort promote`: put a bundle on a line, if it is no worse than the current one."""

from __future__ import annotations

import json
from pathlib import Path

import click

from edge.options import FiniteRange

_PATH = click.Path(path_type=Path)


@click.command("promote")
@click.argument("challenger", type=_PATH, required=False)
@click.option("--line", required=True, type=_PATH, help="The folder of the line's bundles; made with the first one.")
@click.option(
    "--data",
    type=_PATH,
    help="Pictures that no training has seen, a folder per class. Default: the last time's.",
)
@click.option("--renew-data", is_flag=True, help="The frozen pictures are other ones on purpose: freeze them anew.")
@click.option("--journal", type=_PATH, help="Compare on the pictures of parts that this journal kept, too.")
@click.option("--recorded", type=_PATH, help="Compare on a recording of `edge-sort record`, too; needs --machine.")
@click.option("--machine", type=_PATH, help="The machine file: its gates' labels, its bins, its time for a decision.")
@click.option("--require-signed", type=_PATH, help="Only a bundle signed by this public key.")
@click.option("--max-drop", type=FiniteRange(0, 1), default=0.01, show_default=True, help="Of accuracy, at most.")
@click.option(
    "--max-recovery-drop",
    type=FiniteRange(0, 1),
    default=0.05,
    show_default=True,
    help="Of the share of parts that get into their bin, at most, where it is more than chance.",
)
@click.option("--by", help="Whose word it is.  [default: who is logged in]")
@click.option("--why", default="", help="Why, for the history.")
@click.option("--force", is_flag=True, help="Put it on the line whatever speaks against it; the history remembers.")
@click.option("--dry-run", is_flag=True, help="Measure and judge, change nothing.")
@click.option("--list", "history", is_flag=True, help="Show every change so far, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def promote_command(
    challenger: Path | None,
    line: Path,
    data: Path | None,
    renew_data: bool,
    journal: Path | None,
    recorded: Path | None,
    machine: Path | None,
    require_signed: Path | None,
    max_drop: float,
    max_recovery_drop: float,
    by: str | None,
    why: str,
    force: bool,
    dry_run: bool,
    history: bool,
    as_json: bool,
) -> None:
    """Make the bundle CHALLENGER the current one of a line, unless it is worse than the one before.

    The line runs with it as: edge-sort run --bundle LINE/current. Exit code 3 when it is refused.
    """
    if history:
        _show_history(line, as_json=as_json)
        return
    if challenger is None:
        raise click.UsageError("expected the bundle to promote, or --list")
    if recorded is not None and machine is None:
        raise click.UsageError("--recorded needs the --machine that its frames were recorded on")
    from edge.line_bundles import who
    from edge.machine import read_machine
    from edge.promote_measure import MeasureOn
    from edge.promote_rules import Limits
    from edge.promote_run import PromoteOptions, promote
    from edge.promote_text import promotion_text
    from edge.rollback import Word

    options = PromoteOptions(
        challenger=challenger,
        line=line,
        word=Word(by or who(), why),
        data=data,
        renew_data=renew_data,
        on=MeasureOn(journal, recorded, read_machine(machine) if machine else None),
        require_signed=require_signed,
        limits=Limits(max_drop, max_recovery_drop),
        force=force,
        dry_run=dry_run,
    )
    promotion = promote(options, tell=lambda sentence: click.echo(f"{sentence} ...", err=True))
    click.echo(json.dumps(promotion.as_dict()) if as_json else promotion_text(promotion))
    if promotion.verdict == "refused":
        raise SystemExit(3)


def _show_history(line: Path, *, as_json: bool) -> None:
    """Print what can be read, then raise DataError for what cannot, with the way out."""
    from edge.errors import DataError
    from edge.line_bundles import CURRENT, LineBundles
    from edge.line_history import Damaged, as_object
    from edge.promote_text import history_text

    bundles = LineBundles(line)
    entries, problems, current = bundles.entries, [bundles.history_problem], None
    try:
        current = bundles.current_digest
    except DataError as error:
        problems.append(str(error))
        entries.append(Damaged(CURRENT, "it leads to no whole bundle of this line"))
    click.echo(json.dumps(as_object(entries, current)) if as_json else history_text(entries, current))
    for problem in filter(None, problems):
        raise DataError(problem)
