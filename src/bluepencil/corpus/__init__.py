"""Corpora: which files there are, what records they hold, and how refined ones are written."""
