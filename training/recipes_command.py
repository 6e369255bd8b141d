"""`edge-sort recipes`: list the recipes that ship, or print one to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from training.recipe import Recipe


@click.command("recipes")
@click.argument("name", required=False)
def recipes_command(name: str | None) -> None:
    """List the recipes that `edge-sort train --recipe` knows by name, or print the recipe NAME.

    To make one of your own: edge-sort recipes NAME > mine.toml, change it, then train with --recipe mine.toml.
    """
    from training.recipe import recipe_text, shipped_recipes

    click.echo(_listed(shipped_recipes()) if name is None else recipe_text(name).rstrip())


def _listed(recipes: dict[str, Recipe]) -> str:
    width = max(map(len, recipes))
    return "\n".join(f"{name:<{width}}  {recipe.summary}" for name, recipe in recipes.items())
