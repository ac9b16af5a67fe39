"""Measures what refined text is worth: `edits` against gold."""
