"""What the shipped tagger was trained on: the files, in order, and what its card says of them.

`python -m bluepencil.train.tagger_recipe DATA OUT` trains it again, where DATA is the folder of the files
`scrapinghub.jsonl.gz`, `trafilatura_silver.jsonl.gz` and `readability_silver.jsonl.gz`, from the root of a
checkout (for `examples/pages.jsonl`). Half an hour on two cores.
"""

import sys
from pathlib import Path
from typing import Any

from bluepencil.train.tagger import train

NOTES: dict[str, Any] = {
    "licences": {
        "weights": "Apache-2.0",
        "scrapinghub": "annotation MIT, scrapinghub/article-extraction-benchmark",
        "trafilatura-silver": "Apache-2.0, adbar/trafilatura",
        "mozilla-readability": "Apache-2.0, mozilla/readability",
        "pages": "Apache-2.0, written for Bluepencil (examples/pages.jsonl)",
    },
    "reproduce": "python -m bluepencil.train.tagger_recipe DATA src/bluepencil/refiners/weights/tagger.npz",
    "holds": "no text: whole-number weights, and 32-bit hashes of words that 15 sites or more have in common",
}


def pairs(data: Path, root: Path) -> list[Path]:
    """Return the training files of the shipped tagger, from the data folder and the root of a checkout."""
    names = ("scrapinghub", "trafilatura_silver", "readability_silver")
    return [data / f"{name}.jsonl.gz" for name in names] + [root / "examples" / "pages.jsonl"]


def main() -> None:
    """Train the shipped tagger again."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m bluepencil.train.tagger_recipe DATA OUT")
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    train(pairs(data, Path.cwd()), out, report=lambda line: print(line, flush=True), notes=NOTES)  # noqa: T201


if __name__ == "__main__":
    main()
