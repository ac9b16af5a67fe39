"""A run as a process of its own, for tests that kill it: INPUT OUTPUT."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bluepencil.api import run_step
from engine.steps import Shorten

if __name__ == "__main__":
    run_step(Shorten(seconds=0.002), sys.argv[1], sys.argv[2], workers=2, unit_mb=0.003)
