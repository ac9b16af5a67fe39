"""The rewriting steps against a real server program with a tiny model that says nonsense, on CPU."""

from pathlib import Path

from bluepencil.documents import Document, Status
from bluepencil.engine.chain import chain
from bluepencil.llm import ClientOptions, LocalServer
from bluepencil.rewriting.code import sgcr
from bluepencil.rewriting.score import Only, score
from llm.test_real_server import pytestmark as needed
from llm.test_real_server import server as server

pytestmark = needed
SOURCE = "def f(x):\n    return x * x\n"


def test_nonsense_is_never_taken_for_code(server: tuple[LocalServer, str], tmp_path: Path) -> None:
    running, model = server
    client = ClientOptions(server=running.address, model=model, cache=str(tmp_path))
    params = {"temperature": 0, "max_tokens": 24}
    kept = sgcr(client, params=params)
    dropped = sgcr(client, params=params, fallback="drop")
    nonsense = ("answer-cut-off", "answer-empty", "answer-without-code", "answer-unclosed")
    (outcome,) = kept.run([Document("a", SOURCE)])
    assert (outcome.status, outcome.text) == (Status.UNCHANGED, None)
    assert outcome.reason in nonsense
    assert outcome.annotations["tokens_in"] > 500
    (again,) = dropped.run([Document("a", SOURCE)])
    assert (again.status, again.reason) == (Status.DROPPED, outcome.reason)
    assert (kept.question.client.usage.sent, dropped.question.client.usage.sent) == (1, 0)


def test_a_score_of_nonsense_is_none(server: tuple[LocalServer, str], tmp_path: Path) -> None:
    running, model = server
    client = ClientOptions(server=running.address, model=model, cache=str(tmp_path))
    scored = score(client, params={"temperature": 0, "max_tokens": 8})
    (outcome,) = chain([scored, Only(sgcr(client))]).run([Document("a", SOURCE)])
    assert (outcome.status, outcome.text, outcome.reason) == (Status.UNCHANGED, None, "not-scored")
    said = outcome.stages[0].outcome
    assert said.reason in ("answer-cut-off", "answer-empty", "answer-without-score", "answer-unclosed")
    assert "score" not in said.annotations
    assert scored.question.client.usage.sent == 1
