"""Training examples, as `bluepencil distill` writes them, and their tokens in a file.

The tokens are kept in a file that is mapped into memory, so that millions of examples need no memory of their
own in any of the training processes.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from bluepencil.corpus.paths import resolve
from bluepencil.corpus.read import Reading, read_all
from bluepencil.distill import Options
from bluepencil.engine.state import read_manifest
from bluepencil.errors import InputError
from bluepencil.programs.dialects.languages import INSTRUCTION, language_named
from bluepencil.refiners.lm_prompt import Encoder, Numbering, PromptFormat, Style, format_of

MANIFEST = "manifest.json"
SPLITS = ("train", "validation")
_FIELDS = ("program", "split", "prompt", "completion", "messages")


@dataclass(frozen=True, slots=True)
class Windows:
    """How the texts of the examples were cut into chunks, and the dialect of their programs."""

    window: int
    overlap: int
    numbering: Numbering = "chunk"
    dialect: str = "native"


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """One chunk with numbered lines and the program for it."""

    id: str
    text: str
    program: str
    split: str


def windows_of(examples: Path) -> Windows:
    """Return how a folder of examples was cut, by its manifest; bare files as distilling does by itself."""
    if not (examples / MANIFEST).is_file():
        return Windows(*Options().cut)
    asked = read_manifest(examples)["options"]["step_options"]
    try:
        dialect = asked.get("dialect", "native")
        return Windows(asked["window"], asked["overlap"], asked["numbering"], dialect)
    except KeyError as error:
        raise InputError(f"{examples} holds no training examples; `bluepencil distill` makes them") from error


def read_examples(
    examples: Path, numbering: Numbering, dialect: str = "native"
) -> tuple[PromptFormat, list[TrainingExample]]:
    """Read all examples of a folder or file, and the one format that their prompts have.

    Raises InputError for a row that is no example, programs in another dialect, prompts of several formats,
    or no training example at all.
    """
    language = language_named(dialect)
    found: list[TrainingExample] = []
    prompt_format: PromptFormat | None = None
    for row in _rows(examples):
        written, answer = format_of(row, numbering)
        if prompt_format is None:
            prompt_format = written
        if written != prompt_format or answer != row["program"]:
            raise InputError(f"the example {row['id']!r} is asked in other words than those before it")
        first, lines = language.bare(row["text"])
        faults = language.parse(row["program"], lines, first).faults
        if faults or language.show(lines, first) != row["text"]:
            raise InputError(
                f"the example {row['id']!r} is not in the dialect {dialect}. A file does not say its "
                "dialect; name the folder that `bluepencil distill` made"
            )
        found.append(TrainingExample(row["id"], row["text"], row["program"], row["split"]))
    if prompt_format is None or not any(one.split == "train" for one in found):
        raise InputError(f"{examples} holds no example to train on")
    return prompt_format, found


def _rows(examples: Path) -> Iterator[dict[str, Any]]:
    data = examples / "data" if (examples / MANIFEST).is_file() else examples
    for source in resolve([data]):
        for document in read_all(source, Reading(fields=_FIELDS)):
            row = {"id": document.id, "text": document.text, **document.fields}
            if not isinstance(row.get("program"), str):
                raise InputError(f"the row {row['id']!r} of {source.url} has no program")
            row["split"] = row.get("split") or "train"
            if row["split"] not in SPLITS:
                raise InputError(f"the row {row['id']!r} of {source.url} is of no split that is known")
            if isinstance(row.get("messages"), str):
                row["messages"] = json.loads(row["messages"])
            if not row.get("messages") and not isinstance(row.get("prompt"), str):
                row["prompt"] = f"{INSTRUCTION}{row['text']}\n\n"
                row["completion"] = row["program"]
            yield row


def fingerprint(examples: Sequence[TrainingExample], prompt_format: PromptFormat) -> str:
    """Return a hash that changes with any example, their order, or the wording of the prompt."""
    total = sha256(prompt_format.hash.encode())
    for one in examples:
        for value in (one.id, one.text, one.program, one.split):
            total.update(f"{len(value)}\n".encode())
            total.update(value.encode("utf-8", errors="surrogatepass"))
    return total.hexdigest()


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of the examples of one split, one after the other.

    Example k is `ids[starts[k] : starts[k + 1]]`, and its answer begins after `prompts[k]` tokens.
    """

    ids: Any
    starts: Any
    prompts: Any

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def lengths(self) -> Any:
        """Tokens of each example, prompt and answer together."""
        return np.diff(self.starts)

    @property
    def answers(self) -> Any:
        """Tokens of each answer, with the one that ends it."""
        return self.lengths - self.prompts


def write_tokens(
    folder: Path,
    split: str,
    examples: Sequence[TrainingExample],
    prompt_format: PromptFormat,
    encoder: Encoder,
    max_tokens: int,
) -> int:
    """Write the tokens of a split's examples; return how many are longer than `max_tokens` and left out.

    Text that is not valid Unicode cannot be in tokens; such an example is left out and counted too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    starts, prompts, left_out = [0], [], 0
    with (folder / f"{split}.ids").open("wb") as file:
        for one in examples:
            if one.split != split:
                continue
            tokens = _tokens_of(one, prompt_format, encoder)
            if tokens is None or len(tokens[0]) + len(tokens[1]) > max_tokens:
                left_out += 1
                continue
            prompt, answer = tokens
            np.asarray([*prompt, *answer], dtype="<u4").tofile(file)
            starts.append(starts[-1] + len(prompt) + len(answer))
            prompts.append(len(prompt))
    np.savez(folder / f"{split}.npz", starts=np.asarray(starts), prompts=np.asarray(prompts, dtype=np.int64))
    return left_out


def _tokens_of(
    one: TrainingExample, prompt_format: PromptFormat, encoder: Encoder
) -> tuple[list[int], list[int]] | None:
    style: Style = prompt_format.style
    try:
        return encoder.prompt(prompt_format.prompt(one.text)), encoder.answer(one.program, style)
    except (UnicodeEncodeError, TypeError):
        return None


def open_tokens(folder: Path, split: str) -> Tokens:
    """Open what `write_tokens` wrote, without reading it into memory."""
    with np.load(folder / f"{split}.npz") as arrays:
        starts, prompts = arrays["starts"], arrays["prompts"]
    path = folder / f"{split}.ids"
    ids = np.memmap(path, dtype="<u4", mode="r") if path.stat().st_size else np.zeros(0, dtype="<u4")
    return Tokens(ids, starts, prompts)
