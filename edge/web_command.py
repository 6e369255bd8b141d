"""`edge-sort web`: who may use the page from elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path),
    default=Path("web-tokens.json"),
    show_default=True,
    help="The file of tokens; [web] tokens of the machine file.",
)


@click.group("web")
def web_command() -> None:
    """Tokens for the page of `edge-sort run --web`: who may look, and who may operate the line."""


@web_command.command("token")
@click.option("--role", type=click.Choice(["viewer", "operator"]), required=True, help="May look, or may operate too.")
@click.option("--name", help="Whose it is; it stands in the record beside what they do. Default: the role.")
@_FILE
def token_command(role: str, name: str | None, path: Path) -> None:
    """Make a token and print it. It is shown this once: only its digest is kept."""
    from edge.web_tokens import Role, TokenFile

    token = TokenFile(path).add(name or role, Role(role))
    click.echo(token)
    click.echo(f"This is the token of {name or role} ({role}); it is not shown again. Kept in {path}.", err=True)


@web_command.command("list")
@_FILE
def list_command(path: Path) -> None:
    """List the names that have a token."""
    from edge.web_tokens import TokenFile

    for token in TokenFile(path).tokens():
        click.echo(f"{token.name:<24}{token.role:<10}{token.made_at_utc[:19]} UTC")


@web_command.command("revoke")
@click.argument("name")
@_FILE
def revoke_command(name: str, path: Path) -> None:
    """Take the token of NAME away. It is worth nothing from then on, also on a line that runs."""
    from edge.web_tokens import TokenFile

    TokenFile(path).remove(name)
    click.echo(f"{path}: the token of {name} is worth nothing any more")
