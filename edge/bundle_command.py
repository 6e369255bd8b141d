"""`edge-sort bundle`: carry a bundle, sign it, say whose it is."""

from __future__ import annotations

from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.group("bundle")
def bundle_command() -> None:
    """Carry a bundle in one file, sign it, and say whose it is."""


@bundle_command.command("pack")
@click.argument("bundle", type=_PATH)
@click.argument("file", type=_PATH)
def pack_command(bundle: Path, file: Path) -> None:
    """Write BUNDLE, a folder, into FILE, a plain tar: the same bundle gives the same bytes."""
    from edge.bundle_archive import pack_bundle

    packed = pack_bundle(bundle, file)
    click.echo(f"{file}: {file.stat().st_size} bytes, bundle sha256 {packed.digest}")


@bundle_command.command("unpack")
@click.argument("file", type=_PATH)
@click.argument("folder", type=_PATH)
def unpack_command(file: Path, folder: Path) -> None:
    """Make the bundle FOLDER from FILE. It is there when all of it is verified, or not at all."""
    from edge.bundle_archive import unpack_bundle

    bundle = unpack_bundle(file, folder)
    click.echo(f"{folder}: {', '.join(bundle.labels)}; bundle sha256 {bundle.digest}")


@bundle_command.command("golden")
@click.argument("bundle", type=_PATH)
@click.argument("pictures", type=_PATH)
@click.option("--out", required=True, type=_PATH, help="Bundle folder to write, new or empty.")
def golden_command(bundle: Path, pictures: Path, out: Path) -> None:
    """Give BUNDLE golden inputs from PICTURES, a folder per class that its training never saw, or a split.json.

    The model answers them on this machine, and `edge-sort check` compares with that. A signature must be made again.
    """
    from edge.bundle_golden import with_golden

    made = with_golden(bundle, pictures, out)
    inputs = made.facts.golden.inputs if made.facts.golden else ()
    click.echo(f"{out}: {len(inputs)} golden inputs, bundle sha256 {made.digest}")


@bundle_command.command("keygen")
@click.argument("key", type=_PATH)
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase that protects the private key.")
def keygen_command(key: Path, passphrase: bool) -> None:
    """Write a new private key to KEY and the public one to KEY.pub. Existing files are never overwritten."""
    from edge.signature import make_keys

    asked = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True) if passphrase else ""
    public = make_keys(key, asked.encode() or None)
    click.echo(f"private key: {key} (keep it where bundles are made)\npublic key:  {public} (copy it to the devices)")


@bundle_command.command("sign")
@click.argument("bundle", type=_PATH)
@click.option("--key", required=True, type=_PATH, help="The private key of `edge-sort bundle keygen`.")
def sign_command(bundle: Path, key: Path) -> None:
    """Sign BUNDLE: its bundle.json, which pins every other file."""
    from edge.signature import sign_bundle

    signed = sign_bundle(bundle, key, lambda: click.prompt("Passphrase", hide_input=True, err=True))
    click.echo(f"{bundle}: signed, bundle sha256 {signed.digest}")


@bundle_command.command("verify")
@click.argument("bundle", type=_PATH)
@click.option("--key", required=True, type=_PATH, help="The public key, KEY.pub, of who should have signed it.")
def verify_command(bundle: Path, key: Path) -> None:
    """Verify that BUNDLE is whole and was signed with the private half of --key. Exit code 1 when not."""
    from edge.signature import open_signed

    verified = open_signed(bundle, key)
    click.echo(f"{bundle}: whole, and signed by the key in {key}; bundle sha256 {verified.digest}")
