"""`edge-sort demo`: render parts, train, quantize and run the emulated line."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("demo")
@click.option(
    "--out",
    default="demo-out",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for everything the demo makes, new or empty.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Same seed, same demo.")
def demo_command(out: Path, seed: int) -> None:
    """Go the whole way once, without a camera or a belt: a few minutes on two cores.

    Renders pictures of parts, trains on them, makes and judges the integer model, and sorts on an emulated line.
    """
    from edge.durable import require_unused
    from training.tensorflow_setup import load_tensorflow

    require_unused(out)  # said at once, not after the seconds that TensorFlow takes to load
    load_tensorflow("edge-sort demo")
    from quantize.demo import DemoOptions, run_demo

    run_demo(DemoOptions(out, seed), click.echo)
    click.echo(f"\nEverything lies in {out}. Next: edge-sort run --emulate --bundle {out / 'bundle'}")
