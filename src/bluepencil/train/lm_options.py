"""How a language-model refiner is trained: presets of published systems, any value of which may differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from bluepencil.errors import OptionError

TINY = "tiny"
"""The base that is made from the examples themselves."""


@dataclass(frozen=True, slots=True)
class TinySize:
    """The shape of the model that `--base tiny` makes: Qwen3's architecture with shared embeddings.

    The default has 1.3 million parameters. context: tokens of a prompt and its answer.
    """

    hidden: int = 128
    layers: int = 4
    heads: int = 4
    vocabulary: int = 4096
    context: int = 4096

    def __post_init__(self) -> None:
        if min(self.hidden, self.layers, self.heads, self.context) < 1 or self.hidden % (2 * self.heads):
            raise OptionError("hidden must be a multiple of twice the heads, and no size below 1")
        if self.vocabulary < 300:
            raise OptionError("the vocabulary must hold 300 tokens or more: bytes, digits, control tokens")


@dataclass(frozen=True, slots=True)
class LmOptions:
    """How a language model is trained on examples.

    base: a folder, a name that transformers knows, or "tiny".
    batch: examples per step, about: rows of `max_tokens` are packed with examples, and a step takes the rows
        that hold so many on average. max_tokens: of a row, and of the longest example; longer ones are left
        out and counted.
    epochs, max_steps: passes over the examples; max_steps, if more than 0, ends earlier.
    learning_rate, final_rate_share, warmup_share: a cosine from the rate to its share, after a warm-up.
    checkpoints: how often a run can be taken up again; validations: how often the validation loss is taken.
    validate: validation examples that the trained model writes programs for (0: none).
    checkpointing: recompute activations instead of keeping them: less memory, a third more time.
    device: "auto" or "cpu". dtype: "auto" is bfloat16 where there is a GPU that has it, with float32 weights.
    """

    base: str
    epochs: float = 2.0
    max_steps: int = 0
    learning_rate: float = 7e-6
    final_rate_share: float = 0.1
    warmup_share: float = 0.03
    weight_decay: float = 0.0
    batch: int = 256
    max_tokens: int = 16_384
    checkpointing: bool = True
    checkpoints: int = 20
    validations: int = 20
    validate: int = 500
    seed: int = 0
    device: str = "auto"
    dtype: str = "auto"
    attention: str = "auto"
    tiny: TinySize = field(default_factory=TinySize)

    def __post_init__(self) -> None:
        for name in ("epochs", "learning_rate", "batch", "max_tokens", "checkpoints", "validations"):
            if getattr(self, name) <= 0:
                raise OptionError(f"{name} must be more than 0, not {getattr(self, name)}")
        for name in ("final_rate_share", "warmup_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"{name} must be from 0 to 1, not {getattr(self, name)}")
        for name in ("max_steps", "validate", "weight_decay", "seed"):
            if getattr(self, name) < 0:
                raise OptionError(f"{name} must not be negative")
        if self.device not in ("auto", "cpu"):
            raise OptionError(f"the device must be auto or cpu, not {self.device!r}")
        if self.dtype not in ("auto", "float32", "bfloat16"):
            raise OptionError(f"dtype must be auto, float32 or bfloat16, not {self.dtype!r}")


PRESETS: Mapping[str, Mapping[str, Any]] = {
    # arXiv 2507.03253: Qwen3-0.6B-Base, full fine-tune. Epochs, schedule and decay are not stated: ours.
    "refinex": {"learning_rate": 7e-6, "batch": 256, "max_tokens": 16_384, "epochs": 2.0},
    # arXiv 2409.17115: 3 to 5 epochs, batch 64, cosine 1e-5 -> 1e-6; windows of 1,500 tokens, answers of 256.
    "prox": {
        "learning_rate": 1e-5,
        "final_rate_share": 0.1,
        "batch": 64,
        "max_tokens": 2048,
        "epochs": 4.0,
    },
    # arXiv 2607.08646: Qwen3-0.6B, rate 3e-5; windows of 48,000 characters, answers of 4,096. The rest: ours.
    "ultrax": {"learning_rate": 3e-5, "batch": 256, "max_tokens": 20_480, "epochs": 2.0},
    # For `--base tiny`, on a CPU.
    TINY: {
        "learning_rate": 3e-3,
        "batch": 16,
        # Long rows are slow on a CPU: attention between packed examples is computed too, and then masked.
        "max_tokens": 768,
        "epochs": 4.0,
        "warmup_share": 0.05,
        "weight_decay": 0.01,
        "checkpointing": False,
        "validate": 100,
    },
}
"""Settings by name; what a paper does not state is said to be ours."""


def options_for(base: str, preset: str | None = None, **given: Any) -> LmOptions:
    """Return the options of a preset with the given values in the place of its own; None is not a value.

    Without a preset it is "tiny" for the base "tiny", else "refinex". Raises OptionError.
    """
    name = preset or (TINY if base == TINY else "refinex")
    if name not in PRESETS:
        raise OptionError(f"there is no preset {name!r}; there are: {', '.join(PRESETS)}")
    known = {one.name for one in fields(LmOptions)}
    if unknown := given.keys() - known:
        raise OptionError(f"there is no option {min(unknown)!r}")
    chosen = {key: value for key, value in given.items() if value is not None}
    return replace(LmOptions(base, **PRESETS[name]), **chosen)
