"""Small models for the tests: random ones, and one that has learnt to strike menus out, in seconds."""

import json
from pathlib import Path
from random import Random

from bluepencil.distill import Options, examples

WORDS = ["lake", "water", "deep", "brown", "boat", "shore", "wind", "rain", "stone", "reed", "fish", "bird"]
MENU = ["Home", "News | Sport", "Sign in"]


def page(number: int) -> tuple[str, str]:
    """Return a page with a menu of one to three lines at its top, and the page without it."""
    chance = Random(number)
    text = [
        " ".join(chance.choice(WORDS) for _ in range(chance.randint(3, 8))) + "."
        for _ in range(chance.randint(2, 5))
    ]
    menu = MENU[: chance.randint(1, 3)]
    return "\n".join([*menu, *text]), "\n".join(text)


def write_examples(path: Path, count: int = 240, style: str = "plain") -> Path:
    """Write training examples of so many pages, a tenth of them for validation."""
    options = Options(screen="exact", validation_share=0.1, window=600, overlap=100)
    rows = []
    for number in range(count):
        raw, refined = page(number)
        distilled = examples(str(number), raw, refined, options)
        for one in distilled.examples:  # type: ignore[union-attr]
            more = one.prompt_completion("Edit:\n") if style == "plain" else one.messages("Edit:\n")
            rows.append({**one.row(), **more})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_random(folder: Path, context: int = 256) -> Path:
    """Write a model of one layer with random weights and a tokenizer."""
    from bluepencil.train.lm_options import TinySize
    from bluepencil.train.lm_tiny import write_tiny

    size = TinySize(hidden=16, layers=1, heads=2, vocabulary=400, context=context)
    write_tiny(folder, [page(number)[0] for number in range(50)], size, seed=1)
    return folder
