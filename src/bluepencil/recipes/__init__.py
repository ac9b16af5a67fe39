"""Recipes: whole pipelines as short TOML files; and the registry of the steps that they may name."""
