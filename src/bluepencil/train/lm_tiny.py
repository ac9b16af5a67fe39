"""A small model made from the examples themselves: Qwen3's architecture with random weights, and a tokenizer.

It exists so that distilling, training and refining run on a CPU in minutes, through the code that loads real
models. It does not replace one.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bluepencil.refiners.lm_transformers import without_bars
from bluepencil.train.lm_options import TinySize

END, TURN, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
# Words with the space before them; numbers of up to three digits by themselves, so that a line's number is
# the same token where it stands in the text and where a program names it; runs of one kind of mark.
_PIECES = r" ?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny(folder: Path, texts: Iterable[str], size: TinySize, seed: int) -> None:
    """Write a model and a tokenizer made of `texts` to a folder, as `from_pretrained` loads them.

    The same texts, size and seed give the same files.
    """
    tokenizer = make_tokenizer(texts, size)
    model = make_model(tokenizer, size, seed)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    with without_bars():
        model.save_pretrained(folder)


def make_tokenizer(texts: Iterable[str], size: TinySize) -> Any:
    """Return a byte-level BPE tokenizer: every text has tokens, and they are that text again."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(_PIECES), "isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary,
        special_tokens=[END, TURN, TURN_END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=END,
        chat_template=_TEMPLATE,
        model_max_length=size.context,
    )


def make_model(tokenizer: Any, size: TinySize, seed: int) -> Any:
    """Return a model with random weights for a tokenizer."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden,
        intermediate_size=3 * size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=max(1, size.heads // 2),
        head_dim=size.hidden // size.heads,
        max_position_embeddings=size.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen3ForCausalLM(config)
