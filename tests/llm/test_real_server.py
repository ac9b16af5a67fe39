"""The client, the supervision and the expert against a real server program with a tiny model, on CPU.

Needs torch and transformers[serving]; the model is built here from nothing and says nonsense.
"""

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from bluepencil.distill.expert import Expert, ExpertOptions
from bluepencil.documents import Document, Status
from bluepencil.llm import Answer, Client, ClientOptions, Failure, LocalServer, Request, ServerOptions

PROGRAM = Path(sys.executable).parent / "transformers"
NEEDED = ("aiohttp", "torch", "transformers", "tokenizers", "fastapi", "uvicorn")
MISSING = [name for name in NEEDED if find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING), reason=f"transformers[serving] is not installed: no {', '.join(MISSING)}"
    ),
    pytest.mark.skipif(
        not MISSING and not PROGRAM.exists(), reason="there is no `transformers` command here"
    ),
]
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def build_model(folder: Path) -> None:
    """Save a Qwen3 of two layers with random weights, and a byte-level tokenizer trained on one sentence."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    bpe = ByteLevelBPETokenizer()
    special = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    bpe.train_from_iterator(["the lake is deep and its water is brown"] * 3, 400, special_tokens=special)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer, eos_token="<|end|>", pad_token="<|end|>"
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=4096,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    Qwen3ForCausalLM(config).save_pretrained(folder)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalServer, str]]:
    folder = tmp_path_factory.mktemp("model")
    build_model(folder)
    hub = tmp_path_factory.mktemp("hub")
    offline = {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_CACHE": str(hub),
        "OMP_NUM_THREADS": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in offline.items():
            patch.setitem(os.environ, name, value)
        command = f"{PROGRAM} serve {folder} --host 127.0.0.1 --port {{port}} --device cpu"
        options = ServerOptions(command=command, log=str(hub / "server.log"), ready_s=180)
        with LocalServer(options) as running:
            yield running, str(folder)


def chat(text: str, **params: object) -> Request:
    return Request(messages=[{"role": "user", "content": text}], params={"temperature": 0, **params})


def test_requests_are_answered_once_and_counted(server: tuple[LocalServer, str], tmp_path: Path) -> None:
    running, model = server
    options = ClientOptions(server=running.address, model=model, cache=str(tmp_path), in_flight=4)
    requests = [chat(f"the water {n}", max_tokens=8) for n in range(12)]
    with Client(options) as client:
        first = client.ask_all(requests)
        assert client.usage.answered == 12
        assert client.usage.tokens_in > 12 * 3
    with Client(options) as client:
        again = client.ask_all(requests)
        assert client.usage.sent == 0
    # Random weights hardly ever end by themselves: cut off after 8 tokens, and known to be.
    reasons = {one.finish_reason if isinstance(one, Answer) else one.reason.value for one in first}
    assert "answer-cut-off" in reasons
    assert reasons <= {"answer-cut-off", "stop", "answer-empty"}
    assert all(0 < one.tokens_out <= 8 for one in first)
    assert [type(one) for one in again] == [type(one) for one in first]


def test_a_model_that_is_not_there_is_named(server: tuple[LocalServer, str]) -> None:
    running, _ = server
    from bluepencil.llm import ServerUnusableError

    options = ClientOptions(server=running.address, model="no/such", backoff_s=0.01, failures_in_a_row=1)
    with Client(options) as client, pytest.raises(ServerUnusableError):
        client.ask_all([chat("x", max_tokens=2)])


def test_an_expert_that_talks_nonsense_spoils_nothing(
    server: tuple[LocalServer, str], tmp_path: Path
) -> None:
    running, model = server
    options = ClientOptions(server=running.address, model=model, cache=str(tmp_path))
    step = Expert(ExpertOptions(client=options, params={"temperature": 0, "max_tokens": 16}))
    (outcome,) = step.run([Document("a", "Home | Menu\nThe lake is deep.")])
    assert outcome.status is Status.FAILED
    assert outcome.reason in ("answer-cut-off", "answer-without-fields", "answer-empty")
    assert outcome.text is None
    assert outcome.annotations["tokens_in"] > 100
    assert isinstance(
        step.client.ask_all([step.request("Home | Menu\nThe lake is deep.")])[0], Failure | Answer
    )
    assert step.client.usage.answered == 1
    step.client.close()
