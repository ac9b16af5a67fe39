"""Rewriting: texts that a language model writes anew, and the checks that they have to pass."""
