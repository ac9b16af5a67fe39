"""Refiners that others have released, by name: `prox-d:MODEL`, `prox-c:MODEL`, `ultrax:MODEL`, ...

MODEL is a folder or a name that transformers knows; with a server, the name for the record. Where the system
message of a released model is a long text, that is part of its release and not of this package: `SYSTEMS`
says where it is published, and it is given as `MODEL@FILE`, or lies as `system.txt` in the model's folder.
Reference: docs/dialects.md.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bluepencil.errors import InputError, OptionError
from bluepencil.programs import Cost
from bluepencil.programs.dialects.languages import LANGUAGES
from bluepencil.refiners.base import Refiner
from bluepencil.refiners.dialects_prox import ProxC, ProxD, Thresholds
from bluepencil.refiners.dialects_rescraper import ReScraper
from bluepencil.refiners.dialects_ultrax import UltraX
from bluepencil.refiners.dialects_whole import as_asked
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_card import digest
from bluepencil.refiners.lm_dialect import Dialect
from bluepencil.refiners.lm_generate import Generator
from bluepencil.refiners.lm_prompt import PromptFormat
from bluepencil.refiners.lm_transformers import LocalGenerator

if TYPE_CHECKING:
    from bluepencil.llm import ClientOptions

SYSTEM_FILE = "system.txt"
SYSTEMS = {one.name: one.published for one in LANGUAGES.values() if one.published}
"""Where on GitHub the system message of a released model stands."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a released model is run: longest answer in tokens.

    `control_tokens` are those of its tokenizer that a server would read as such in a page.
    """

    model: str
    max_new_tokens: int
    control_tokens: tuple[str, ...] = ()


_LLAMA = ("<s>", "</s>", "<unk>")
_QWEN = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
RELEASED = {
    "prox-d": Asked("gair-prox/web-doc-refining-lm", 64, _LLAMA),
    "prox-c": Asked("gair-prox/web-chunk-refining-lm", 256, _LLAMA),
    "ultrax": Asked("openbmb/UltraX-0.6B-Preview", 4_096, _QWEN),
    "rescraper": Asked("cx-cmu/ReScraper", 3_072, _QWEN),
}
"""The released models by their dialects; windows are those of `programs.dialects.languages`."""


def released(
    name: str,
    argument: str,
    *,
    client: "ClientOptions | None" = None,
    cost: Cost = Cost.CALL,
    window: int | None = None,
    overlap: int | None = None,
    max_new_tokens: int | None = None,
    thresholds: Thresholds | None = None,
    **local: Any,
) -> Refiner:
    """Return the refiner of a released model; values that are None are those of its system.

    With `client`, a server that serves the model is asked. `thresholds` are for prox-c; `local` are other
    fields of LocalGenerator. Raises OptionError for options that do not go together, and InputError where the
    system message is not there.
    """
    asked = RELEASED[name]
    model, _, file = argument.partition("@")
    if not model:
        raise OptionError(f"name the model: {name}:{asked.model}")
    dialect = _dialect(name, model, file, cost, thresholds)
    generator: Generator
    longest = max_new_tokens or asked.max_new_tokens
    if client is None:
        generator = LocalGenerator(model, longest, **local)
    else:
        from bluepencil.refiners.lm_server import ServerGenerator

        if local:
            raise OptionError(f"only for a model in this process, not for a server: {', '.join(local)}")
        generator = ServerGenerator(client, longest, control_tokens=asked.control_tokens)
    language = LANGUAGES[name]
    window = window or language.window
    if overlap is None:
        overlap = min(language.overlap, window // 5)
    if overlap and language.pages != "chunks":
        raise OptionError(f"{name} reads a document in one piece; it has no overlap")
    folder = Path(model)
    label, known = (name, digest(folder)) if folder.is_dir() else (f"{name}:{model}", "")
    return as_asked(LanguageModel(dialect, generator, window, overlap, known, label))


def _dialect(name: str, model: str, file: str, cost: Cost, thresholds: Thresholds | None) -> Dialect:
    if thresholds is not None and name != "prox-c":
        raise OptionError(f"{name} has no thresholds; prox-c has")
    if name in SYSTEMS:
        asked = PromptFormat("chat", system=_system(name, model, file), numbering="document")
        return UltraX(asked, cost) if name == "ultrax" else ReScraper(asked, cost)
    if file:
        raise OptionError(f"the system message of {name} is known; leave out @{file}")
    return ProxD() if name == "prox-d" else ProxC(cost=cost, thresholds=thresholds)


def _system(name: str, model: str, file: str) -> str:
    """Return the system message of a model whose release holds it."""
    path = Path(file) if file else Path(model) / SYSTEM_FILE
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise InputError(
            f"there is no {path}; the model was trained with a system message that is published as "
            f"{SYSTEMS[name]}: save it to a file and name that, {name}:{model}@FILE"
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not text:
        raise InputError(f"{path} is empty")
    return text
