"""Recipes: how a company comes to a request log, each with the columns that finops.toml maps and files that make it."""

from llm_finops.recipes.configuration import Account, Asked, Log, configuration
from llm_finops.recipes.guess import guessed, header
from llm_finops.recipes.kinds import KINDS, Recipe, recipe_files

__all__ = [
    "KINDS",
    "Account",
    "Asked",
    "Log",
    "Recipe",
    "configuration",
    "guessed",
    "header",
    "recipe_files",
]
