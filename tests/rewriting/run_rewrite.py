"""A run as a process of its own, for tests that kill it: INPUT OUTPUT ADDRESS FOLDER."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bluepencil.api import run_step
from bluepencil.llm import ClientOptions
from rewriting.stand_ins import step

if __name__ == "__main__":
    source, output, address, folder = sys.argv[1:]
    client = ClientOptions(
        server=address, model="m", cache=f"{folder}/cache", in_flight=8, backoff_s=0.01, backoff_max_s=0.05
    )
    run_step(step(client, Path(folder)), source, output, workers=1, unit_mb=0.003)
