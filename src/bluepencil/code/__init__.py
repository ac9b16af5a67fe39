"""What source code tells about itself: syntax, lint score, comments, size, repetition, origin.

Nothing is imported here; each module stands for itself.
"""
