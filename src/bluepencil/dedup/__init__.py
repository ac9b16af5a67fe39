"""Duplicates: documents that say what an earlier one said, exactly or nearly, over a whole corpus."""
