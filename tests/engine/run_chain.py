"""A run of several steps as a process of its own, for tests that kill it: INPUT OUTPUT."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bluepencil.api import run_steps
from engine.steps import Toy

STEPS = (Toy("a"), Toy("b", seconds=0.003), Toy("c"))

if __name__ == "__main__":
    run_steps(STEPS, sys.argv[1], sys.argv[2], workers=2, unit_mb=0.003)
