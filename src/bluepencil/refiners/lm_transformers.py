"""Answers from a model in this process, with transformers: on a GPU where there is one, else on the CPU.

Greedy, in batches of similar length under a token budget, padded on the left. In float32 on a CPU the answer
to a prompt did not depend on its batch in any test here; no such promise can be made for bfloat16 on a GPU,
where another batch shape adds up in another order and may tip a close choice. Then `batch_tokens=1` helps.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from typing import Any

from bluepencil.errors import InputError, MissingExtraError, OptionError
from bluepencil.llm import AskReason
from bluepencil.refiners.lm_generate import Constraint, Finish, Generation, Matcher, loops
from bluepencil.refiners.lm_prompt import Encoder, Prompt

LOOK_EVERY = 16
"""Tokens between two looks at whether an answer repeats itself: each costs decoding the batch."""
LEAST_ROOM = 16
"""Tokens that must be left for an answer in the model's context; `keep_all()` takes about 4."""
DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class LocalGenerator:
    """Runs the model of a folder, or of a name that transformers knows.

    max_new_tokens: longest answer. max_calls: most lines of one. batch_tokens: of a batch, prompts and room
    for answers together. dtype: "auto" is bfloat16 on a GPU that has it, else float32. device: "auto", "cpu",
    "cuda", "cuda:1". Raises OptionError for values that cannot work.
    """

    model: str
    max_new_tokens: int = 2048
    max_calls: int = 400
    batch_tokens: int = 65_536
    dtype: str = "auto"
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("max_new_tokens", "max_calls", "batch_tokens"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be 1 or more, not {getattr(self, name)}")
        if self.dtype not in DTYPES:
            raise OptionError(f"dtype must be one of {', '.join(DTYPES)}, not {self.dtype!r}")

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the answers; the model is described by whoever knows its folder."""
        return {
            "back_end": "transformers",
            "max_new_tokens": self.max_new_tokens,
            "max_calls": self.max_calls,
            "dtype": self.dtype,
        }

    def generate(
        self, prompts: Sequence[Prompt], constraints: Sequence[Constraint | None] = ()
    ) -> list[Generation]:
        """Return one answer per prompt, in order."""
        loaded = load(self.model, self.dtype, self.device)
        refused, rows = self.rows(loaded, prompts, constraints)
        answers = dict(refused)
        for batch in batches(rows, self.batch_tokens, loaded.context):
            for row, answer in zip(batch, self._answers(loaded, batch), strict=True):
                answers[row.number] = answer
        return [answers[number] for number in range(len(prompts))]

    def rows(
        self, loaded: "Loaded", prompts: Sequence[Prompt], constraints: Sequence[Constraint | None] = ()
    ) -> "tuple[dict[int, Generation], list[Row]]":
        """Return prompts in tokens; and, by its number, the answer to each that the model cannot take."""
        refused: dict[int, Generation] = {}
        rows: list[Row] = []
        for number, prompt in enumerate(prompts):
            row = self._row(loaded, number, prompt, constraints[number] if constraints else None)
            if isinstance(row, Generation):
                refused[number] = row
            else:
                rows.append(row)
        return refused, rows

    def _row(
        self, loaded: "Loaded", number: int, prompt: Prompt, constraint: Constraint | None
    ) -> "Row | Generation":
        try:
            tokens = loaded.encoder.prompt(prompt)
        except (UnicodeEncodeError, TypeError) as error:
            return Generation("", Finish.NOT_TEXT, detail=f"the prompt is not valid text: {error}")
        room = min(self.max_new_tokens, loaded.context - len(tokens))
        if room < min(LEAST_ROOM, self.max_new_tokens):
            detail = f"{len(tokens)} tokens, and the model's context is {loaded.context}"
            return Generation("", Finish.TOO_LONG, len(tokens), detail=detail)
        return Row(number, tokens, room, constraint)

    def _answers(self, loaded: "Loaded", batch: Sequence["Row"]) -> list[Generation]:
        """Return the answers of a batch; one that does not fit the memory is halved."""
        import torch

        try:
            return loaded.answers(batch, self.max_calls)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise
        half = len(batch) // 2
        return self._answers(loaded, batch[:half]) + self._answers(loaded, batch[half:])


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt in tokens: where its answer goes, and how many tokens that may have."""

    number: int
    tokens: list[int]
    room: int
    constraint: Constraint | None


def batches(rows: Sequence[Row], budget: int, context: int) -> Iterator[list[Row]]:
    """Split rows into batches of similar length, the longest first, so that too little memory shows early.

    In no batch is the longest prompt with the longest answer longer than the context of the model.
    """
    batch: list[Row] = []
    width = room = 0
    for row in sorted(rows, key=lambda row: (-len(row.tokens), row.number)):
        width = max(width, len(row.tokens))
        room = max(room, row.room)
        if batch and ((width + room) * (len(batch) + 1) > budget or width + room > context):
            yield batch
            batch, width, room = [], len(row.tokens), row.room
        batch.append(row)
    if batch:
        yield batch


def runs_on_gpu(device: str | None = None) -> bool:
    """Say whether a model with this device would run on a GPU; False where torch is not installed."""
    if device not in (None, "auto"):
        return device != "cpu"
    try:
        import torch
    except ModuleNotFoundError:
        return False
    return bool(torch.cuda.is_available())


@lru_cache(maxsize=2)
def load(model: str, dtype: str, device: str) -> "Loaded":
    """Return a model of this process, read on first use."""
    try:
        import torch

        transformers: Any = import_module("transformers")
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "transformers"):
            raise
        raise MissingExtraError(str(error.name), "lm") from error
    place = device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    if dtype == "auto":
        dtype = "bfloat16" if place != "cpu" and torch.cuda.is_bf16_supported() else "float32"
    try:
        with without_bars():
            tokenizer = transformers.AutoTokenizer.from_pretrained(model)
            network = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype))
    except (OSError, ValueError) as error:
        raise InputError(f"{model} is not a language model that can be loaded: {error}") from error
    network.eval().to(device=place)
    ends = network.generation_config.eos_token_id
    # What a model card recommends for chatting (sampling, penalties) must not find its way into this.
    network.generation_config = transformers.GenerationConfig(do_sample=False)
    return Loaded(network, tokenizer, ends)


@contextmanager
def without_bars() -> Iterator[None]:
    """Keep transformers from drawing a bar for each file it reads or writes."""
    logging: Any = import_module("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


class Loaded:
    """A model, its tokenizer, and the tokens that end an answer."""

    def __init__(self, network: Any, tokenizer: Any, ends: Any = None) -> None:
        self.network = network
        self.encoder = Encoder(tokenizer)
        found = [ends] if isinstance(ends, int) else list(ends or [])
        eos = tokenizer.eos_token_id
        self.ends = sorted({*found, *([] if eos is None else [eos])})
        if not self.ends:
            raise InputError("the model has no token that ends an answer")
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.ends[0]
        self.context = int(getattr(network.config, "max_position_embeddings", None) or 1 << 30)

    def answers(self, batch: Sequence[Row], max_calls: int) -> list[Generation]:
        """Return the answer to each row."""
        import torch

        ids, mask = self.padded(batch)
        width = ids.shape[1]
        tokenizer = self.encoder.tokenizer
        matchers = [None if row.constraint is None else row.constraint.matcher(tokenizer) for row in batch]
        constrained = Constrained(matchers, self.ends) if any(matchers) else None
        stops = _Stops(self, batch, width, max_calls, constrained)
        with torch.inference_mode():
            written = self.network.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max(row.room for row in batch),
                eos_token_id=self.ends,
                pad_token_id=self.pad,
                stopping_criteria=[stops],
                logits_processor=[constrained] if constrained else None,
            )
        rows = written[:, width:].tolist()
        return [
            self._generation(row, stops, place, tokens)
            for place, (row, tokens) in enumerate(zip(batch, rows, strict=True))
        ]

    def padded(self, batch: Sequence[Row]) -> tuple[Any, Any]:
        """Return the prompts as one tensor, padded on the left, and its mask, where the model is."""
        import torch

        width = max(len(row.tokens) for row in batch)
        ids = torch.full((len(batch), width), self.pad)
        mask = torch.zeros((len(batch), width), dtype=torch.long)
        for place, row in enumerate(batch):
            ids[place, width - len(row.tokens) :] = torch.tensor(row.tokens)
            mask[place, width - len(row.tokens) :] = 1
        return ids.to(self.network.device), mask.to(self.network.device)

    def _generation(self, row: Row, stops: "_Stops", place: int, tokens: list[int]) -> Generation:
        reason: StrEnum
        reason, length = stops.ended.get(place, (Finish.CUT_OFF, row.room))
        tokens = tokens[:length]
        end = next((at for at, token in enumerate(tokens) if token in self.ends), None)
        if end is not None:
            text = self.encoder.decode(tokens[:end])
            # The same rule as for a server's answer, which can only be looked at when it is there.
            empty = None if text.strip() else AskReason.EMPTY
            reason = empty or loops(text, stops.max_calls) or Finish.STOP
            return Generation(text, reason, len(row.tokens), end + 1)
        detail = f"ended after {len(tokens)} tokens"
        return Generation(self.encoder.decode(tokens), reason, len(row.tokens), len(tokens), detail)


class _Stops:
    """Ends single answers of a batch: at their own limits, and where they repeat themselves."""

    def __init__(
        self,
        loaded: Loaded,
        batch: Sequence[Row],
        width: int,
        max_calls: int,
        constrained: "Constrained | None" = None,
    ) -> None:
        self.loaded = loaded
        self.constrained = constrained
        self.rooms = [row.room for row in batch]
        self.width = width
        self.max_calls = max_calls
        self.ended: dict[int, tuple[Finish, int]] = {}

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Return for each row whether it has ended."""
        import torch

        length = input_ids.shape[1] - self.width
        for place, room in enumerate(self.rooms):
            if length >= room:
                self.ended.setdefault(place, (Finish.CUT_OFF, room))
        if length % LOOK_EVERY == 0:
            self._look(input_ids[:, self.width :].tolist(), length)
        if self.constrained is not None:
            self.constrained.take(input_ids[:, -1].tolist(), self.ended)
        done = torch.zeros(len(self.rooms), dtype=torch.bool)
        done[list(self.ended)] = True
        return done.to(input_ids.device)

    def _look(self, rows: list[list[int]], length: int) -> None:
        for place, tokens in enumerate(rows):
            if place not in self.ended and not any(end in tokens for end in self.loaded.ends):
                reason = loops(self.loaded.encoder.decode(tokens), self.max_calls)
                if reason is not None:
                    self.ended[place] = (reason, length)


class Constrained:
    """Lets each answer of a batch take only tokens that its matcher allows: a logits processor.

    It is told of tokens when they are chosen, and asked for masks when the next step is under way, so that
    making these does not wait for a GPU.
    """

    def __init__(self, matchers: Sequence[Matcher | None], ends: Sequence[int]) -> None:
        self.open = {place: matcher for place, matcher in enumerate(matchers) if matcher is not None}
        self.ends = ends

    def take(self, tokens: Sequence[int], ended: Collection[int]) -> None:
        """Take note of the last token of each row; `ended` are rows that are not looked at any more."""
        for place, matcher in list(self.open.items()):
            if place in ended or tokens[place] in self.ends:
                del self.open[place]
            else:
                matcher.advance(tokens[place])

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return the scores with those of other tokens at minus infinity."""
        import numpy
        import torch

        if not self.open:
            return scores
        # One array for the batch, so that a GPU is sent it at once: an eighth of a byte per token and row.
        packed = numpy.full((scores.shape[0], -(-scores.shape[1] // 8)), 0xFF, dtype=numpy.uint8)
        for place, matcher in self.open.items():
            mask = matcher.allowed().view(numpy.uint8)[: packed.shape[1]]
            packed[place, : len(mask)] = mask
            packed[place, len(mask) :] = 0
        bits = torch.from_numpy(packed).to(scores.device)
        shifts = torch.arange(8, dtype=torch.uint8, device=scores.device)
        allowed = ((bits.unsqueeze(-1) >> shifts) & 1).view(scores.shape[0], -1)[:, : scores.shape[1]]
        return scores.masked_fill(allowed == 0, float("-inf"))
