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
from bluepencil.refiners.base import Refiner
from bluepencil.refiners.dialects_prox import ProxC, ProxD, Thresholds
from bluepencil.refiners.dialects_rescraper import ReScraper
from bluepencil.refiners.dialects_ultrax import UltraX
from bluepencil.refiners.dialects_whole import Longer, WholeTexts
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_card import digest
from bluepencil.refiners.lm_dialect import Dialect
from bluepencil.refiners.lm_generate import Generator
from bluepencil.refiners.lm_prompt import PromptFormat
from bluepencil.refiners.lm_transformers import LocalGenerator

if TYPE_CHECKING:
    from bluepencil.llm import ClientOptions

SYSTEM_FILE = "system.txt"
SYSTEMS = {
    "ultrax": "SYSTEM_INSTRUCTION in stage2_large_scale_execution/inference/inference.py of openbmb/UltraX",
    "rescraper": "prompts/student_system_stage2.txt of cxcscmu/ReScraper",
}
"""Where on GitHub the system message of a released model stands."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a released model is run: window and overlap in characters, longest answer in tokens.

    `control_tokens` are those of its tokenizer that a server would read as such in a page.
    """

    model: str
    window: int
    overlap: int
    max_new_tokens: int
    longer: Longer | None = None
    control_tokens: tuple[str, ...] = ()


_LLAMA = ("<s>", "</s>", "<unk>")
_QWEN = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
RELEASED = {
    # 2,000 tokens of a document, at 3 characters a token so that seldom too many are shown; 1,500 of a chunk.
    "prox-d": Asked("gair-prox/web-doc-refining-lm", 6_000, 0, 64, "cut", _LLAMA),
    "prox-c": Asked("gair-prox/web-chunk-refining-lm", 4_500, 0, 256, None, _LLAMA),
    "ultrax": Asked("openbmb/UltraX-0.6B-Preview", 48_000, 9_600, 4_096, None, _QWEN),
    # 29,696 tokens of a prompt, of which the system message takes some 2,400.
    "rescraper": Asked("cx-cmu/ReScraper", 80_000, 0, 3_072, "stay", _QWEN),
}


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
    window = window or asked.window
    if overlap is None:
        overlap = min(asked.overlap, window // 5)
    if asked.longer is not None and overlap:
        raise OptionError(f"{name} reads a document in one piece; it has no overlap")
    folder = Path(model)
    label, known = (name, digest(folder)) if folder.is_dir() else (f"{name}:{model}", "")
    refiner = LanguageModel(dialect, generator, window, overlap, known, label)
    return refiner if asked.longer is None else WholeTexts(refiner, asked.longer)


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
