"""Measurements: each runs as `python -m bench.NAME [--quick]` and prints one JSON object as its last line."""
