"""The command `edge-sort`: a table of subcommands, each loaded when it is called."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any

import click

from edge.end_signals import Stopped
from edge.errors import EdgeSortError

# name -> (where its click command lives, the line that `edge-sort --help` shows)
COMMANDS = {
    "demo": (
        "quantize.demo_command:demo_command",
        "Render parts, train, quantize and run the emulated line.",
    ),
    "parts": ("edge.parts_command:parts_command", "Render labelled pictures of small parts."),
    "train": ("training.train_command:train_command", "Train a classifier from a folder per class."),
    "evaluate": (
        "training.evaluate_command:evaluate_command",
        "Say what a network or a bundle is worth on labelled pictures.",
    ),
    "compare": (
        "training.compare_command:compare_command",
        "Train recipes with several seeds each, and say which is better.",
    ),
    "recipes": ("training.recipes_command:recipes_command", "List the ways to train, or print one."),
    "quantize": (
        "quantize.quantize_command:quantize_command",
        "Make the integer model, judge it, write the bundle.",
    ),
    "import": (
        "quantize.import_command:import_command",
        "Make a bundle of a .tflite classifier made elsewhere.",
    ),
    "bundle": ("edge.bundle_command:bundle_command", "Pack, unpack, sign and verify bundles."),
    "export": (
        "firmware_bridge.export_command:export_command",
        "Write a bundle's model for a microcontroller.",
    ),
    "check": ("edge.check_command:check_command", "Verify a bundle, and this device's answers with it."),
    "report": (
        "quantize.report_command:report_command",
        "Judge a bundle against its float network again, also on other pictures.",
    ),
    "promote": (
        "edge.promote_command:promote_command",
        "Put a bundle on a line, unless it is worse than the current one.",
    ),
    "rollback": ("edge.rollback_command:rollback_command", "Put the bundle back on a line that ran before."),
    "doctor": ("edge.doctor_command:doctor_command", "What on this computer keeps a line from running?"),
    "classify": ("edge.classify_command:classify_command", "Answer what a bundle sees in pictures."),
    "machine": ("edge.machine_command:machine_command", "Print a machine file to start from."),
    "plan": ("edge.plan_command:plan_command", "Does a machine fit? Its budget, its bounds, what to change."),
    "journal": ("edge.journal_command:journal_command", "Look into the record: tail, export, report, correct."),
    "review": (
        "edge.review_command:review_command",
        "Say what doubtful parts truly were, and train on them next.",
    ),
    "pull": ("edge.pull_command:pull_command", "Fetch a line's record and pictures, by ssh."),
    "push": ("edge.push_command:push_command", "Carry a bundle to a line's computer, by ssh."),
    "record": ("edge.record_command:record_command", "Record what the camera sees, to be sorted again."),
    "capture": ("edge.capture_command:capture_command", "Photograph parts for training, as the line sees them."),
    "calibrate": (
        "edge.calibrate_command:calibrate_command",
        "Measure the belt's speed or a gate's moment on passing parts.",
    ),
    "gate": ("edge.gate_command:gate_command", "Move one gate by hand, within its limits, or bring all to rest."),
    "mcu": (
        "firmware_bridge.mcu_command:mcu_command",
        "Put firmware on the microcontroller that moves gates, watch it, try it.",
    ),
    "web": ("edge.web_command:web_command", "Tokens for the page of a line: who may look, who may operate."),
    "mqtt": ("edge.mqtt_command:mqtt_command", "Try the broker of [mqtt], or tell it what it has missed."),
    "service": ("edge.service_command:service_command", "Run the line as a systemd service."),
    "prove": (
        "edge.prove_command:prove_command",
        "Let things go wrong on the emulated line, and check that no part is misled.",
    ),
    "run": ("edge.run_command:run_command", "Sort: camera, classifier, belt and gates (or --emulate)."),
}


class _Shown(click.ClickException):
    """A user-facing error with the exit code it asked for."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code: int = exit_code  # type: ignore[misc]  # click reads it from the instance


class LazyGroup(click.Group):
    """A group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Stopped as stopped:  # before there was a line, whose end it would have been
            sys.exit(stopped.exit_code)
        except EdgeSortError as error:
            raise _Shown(str(error), error.exit_code) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            from edge.problems import system_problem

            raise _Shown(system_problem(error), 1) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="edge-sort", prog_name="edge-sort")
def cli() -> None:
    """Sort small parts on a belt: train on a desktop, run on a Raspberry Pi."""


def _terminated(*_: object) -> None:
    """Unwind as an error does, so that nothing half-written stays behind; a line that sorts has an end of its own."""
    os.write(2, b"Ended by SIGTERM.\n")  # not print, which may be under way
    sys.exit(128 + signal.SIGTERM)


def main() -> None:
    """Entry point of the `edge-sort` script."""
    signal.signal(signal.SIGTERM, _terminated)
    cli()
