"""Refiners: text -> edit program. What they share is in `base`; by name they are made in `registry`."""
