"""The card of a trained model, `bluepencil.json` in its folder: how to ask it, and what it was made of."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from bluepencil.errors import InputError, OptionError
from bluepencil.refiners.lm_prompt import PromptFormat

CARD = "bluepencil.json"
FORMAT = "bluepencil-lm/1"
_DIGESTED = ("*.safetensors", "tokenizer.json", CARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What whoever runs a model must know of it, and `record`: base, data, settings and figures.

    window, overlap: of chunks, in characters. max_new_tokens: longest answer worth waiting for.
    replacements: whether it was taught replace_str. control_tokens: names that a server of this model would
    read as control tokens.
    """

    prompt: PromptFormat
    window: int
    overlap: int
    max_new_tokens: int
    dialect: str = "native"
    replacements: bool = False
    control_tokens: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the card, last of all that a model's folder holds."""
        values = {"format": FORMAT, **asdict(self)}
        temporary = folder / f"{CARD}.tmp"
        temporary.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(folder / CARD)


def read_card(folder: Path) -> Card:
    """Read the card of a folder; InputError where there is none or it is another kind of model."""
    path = folder / CARD
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise InputError(f"{path} is not of the format {FORMAT}")
        prompt = PromptFormat(**values.pop("prompt"))
        tokens = tuple(values.pop("control_tokens"))
        return Card(prompt=prompt, control_tokens=tokens, **values)
    except FileNotFoundError as error:
        raise InputError(
            f"{folder} holds no {CARD}, so how the model must be asked is not known; "
            "`bluepencil train lm` makes such folders"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OptionError) as error:
        raise InputError(f"{path} cannot be read: {error!r}") from error


@lru_cache(maxsize=16)
def digest(folder: Path) -> str:
    """Return the SHA-256 of the weights, the tokenizer and the card of a folder."""
    total = sha256()
    paths = sorted(path for pattern in _DIGESTED for path in folder.glob(pattern))
    for path in paths:
        total.update(f"{path.name}\n{path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                total.update(block)
    return total.hexdigest()
