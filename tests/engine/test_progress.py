"""What is printed while a run works."""

import io

import pytest

from bluepencil.documents import listening, tell
from bluepencil.engine import progress as module
from bluepencil.engine.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_line_says_share_rate_time_left_and_outcomes(clock: list[float]) -> None:
    progress = Progress(io.StringIO())
    progress.start(1000, [])
    progress.phase("refine:rules")
    assert progress.line() == "refine:rules: 0% | 0.0 docs/s, 0.0 MB/s | starting"
    clock[0] += 10
    progress.begin(1)
    progress.advance(1, 5, 2_000_000, {"edited": 3, "unchanged": 2}, stored=250)
    said = "refine:rules: 25%, 0:30 left | 0.5 docs/s, 0.2 MB/s | unchanged 2 edited 3"
    assert progress.line() == said
    progress.begin(1)  # its worker died, and what it did of the unit is done again
    assert progress.line() == "refine:rules: 0% | 0.0 docs/s, 0.0 MB/s | starting"
    progress.advance(1, 400, 2_000_000, {"edited": 400}, stored=400)
    progress.commit(1, 500)
    progress.advance(2, 600, 2_000_000, {"edited": 600}, stored=300)
    assert progress.line() == "refine:rules: 80%, 0:02 left | 100 docs/s, 0.4 MB/s | edited 1,000"


def test_what_steps_tell_is_counted_while_nothing_else_is(clock: list[float]) -> None:
    progress = Progress(io.StringIO())
    progress.start(1000, [])
    progress.phase("2 steps")
    clock[0] += 100
    progress.told({"linted": 512})
    progress.told({"answers": 30})
    progress.told({"answers": 1200})
    rates = "0.0 docs/s, 0.0 MB/s | 512 linted, 5.1/s | 1,230 answers, 12/s"
    assert progress.line() == f"2 steps: 0% | {rates} | starting"


def test_lines_are_printed_now_and_then(clock: list[float]) -> None:
    out, quiet = io.StringIO(), io.StringIO()
    for progress in (Progress(out), Progress(quiet, quiet=True)):
        progress.phase("x")
        for _ in range(30):
            clock[0] += 1
            progress.tick()
    assert out.getvalue().count("\n") == 2
    assert quiet.getvalue() == ""


def test_whoever_listens_is_told() -> None:
    heard: list[tuple[str, int]] = []
    tell("answers", 1)
    with listening(lambda what, count: heard.append((what, count))):
        tell("answers", 2)
        tell("answers", 0)
    tell("answers", 3)
    assert heard == [("answers", 2)]
