"""What the constraint costs per generated token, without a model: `python -m bench.constraint [--quick]`.

One thread, on two kinds of programs, which are fed through the matcher token by token:

- those that the distiller makes of pages with gold, in chunks of 12,000 characters: what a model learns to
  write. The pages are those of `../shared/data/web` where that is there, else those of `examples/`;
- `_hard`: chunks of this repository's files, in every second one a third of the text a single line, with
  about 20 calls each: six in ten remove_lines, three remove_str, one keep_str.

Timed are `allowed()` and `advance()` for each token, the best of eight passes over all chunks, since other
work on the machine can only slow one down; and what copying the mask into that of the batch takes. The
vocabulary is synthetic: the bytes, the numbers to 999, the words and marks of the repository's files with the
space before them, what these begin and end with, and pairs of words, up to 150,000. Texts become tokens by
the longest match.

ASSUMPTION: a decoding step of a 0.6B model (Qwen3: 28 layers) on a GPU takes 10 ms at each of the batches 1,
8 and 64. At 1 and 8 that is what transformers needs to launch it from Python (28 layers of next to nothing
took 7 ms of CPU time here, no GPU in it); at 64, reading weights, and keys and values of 3,500 tokens per
answer, takes an H100 8 ms (1.19 GB and 115 kB per token, at 3.35 TB/s). `share_of_floor` is against that
traffic alone, which nothing can be faster than. Masks of a batch are made one after the other: each counts.
"""

import argparse
import gzip
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bluepencil.distill import Distilled, Options, examples
from bluepencil.programs import KeepStr, Operation, Program, RemoveLines, RemoveStr, render
from bluepencil.refiners.lm_constraint import ProgramConstraint, ProgramMatcher
from bluepencil.refiners.lm_vocabulary import Trie
from bluepencil.train.lm_validate import without_numbers

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "web"
SETS = ("scrapinghub", "trafilatura_silver", "readability_silver")
EXAMPLES = ROOT / "examples" / "pages.jsonl"
SIZE, WINDOW = 150_000, 12_000
STEP_MS, BATCHES, PASSES = 10.0, (1, 8, 64), 8
# Of Qwen3-0.6B in bfloat16: the weights; 28 layers, 8 heads of 128, keys and values. The rate is an H100's.
WEIGHTS, PER_TOKEN, CONTEXT, BYTES_PER_S = 1.19e9, 28 * 8 * 128 * 2 * 2, 3500, 3.35e12
_PIECES = re.compile(r" ?[^\W\d_]+|\d{1,3}| ?[^\s\w]+|_+|\s+")


def sources() -> list[str]:
    """Return the texts of the repository: documents, then code."""
    paths = [
        *sorted(ROOT.glob("docs/**/*.md")),
        *sorted(ROOT.glob("src/**/*.py")),
        *sorted(ROOT.glob("tests/**/*.py")),
    ]
    return [path.read_text(encoding="utf-8") for path in paths]


def vocabulary(texts: Sequence[str], size: int) -> list[bytes]:
    """Return so many distinct tokens."""
    found: dict[bytes, None] = dict.fromkeys(bytes([byte]) for byte in range(256))
    found.update(dict.fromkeys(str(number).encode() for number in range(1000)))
    pieces = list(dict.fromkeys(piece for text in texts for piece in _PIECES.findall(text)))
    found.update(dict.fromkeys(piece.encode() for piece in pieces))
    for piece in pieces:
        for cut in range(1, len(piece)):
            found.update(dict.fromkeys([piece[:cut].encode(), piece[cut:].encode()]))
    for one, two in pairwise(pieces):
        found[(one + two.strip()).encode()] = None
    words = [piece for piece in pieces if piece.strip().isalpha()]
    chance = Random(1)
    while len(found) < size:
        found[(chance.choice(words) + chance.choice(words).strip()).encode()] = None
    return list(found)[:size]


def chunks(texts: Sequence[str], count: int) -> Iterator[str]:
    """Yield chunks of whole lines, every second one with a long line."""
    text = "\n".join(texts)
    chance = Random(2)
    for number in range(count):
        start = text.index("\n", chance.randrange(len(text) - 2 * WINDOW)) + 1
        chunk = text[start : text.rindex("\n", start, start + WINDOW)]
        if number % 2:
            cut = WINDOW // 3
            chunk = chunk[:cut].replace("\n", " ") + chunk[cut:]
        yield chunk


def program(chunk: str, chance: Random) -> str:
    """Return a program of about 20 calls for a chunk."""
    lines = chunk.split("\n")
    calls: list[Operation] = []
    number = 1
    while number <= len(lines):
        line = lines[number - 1]
        kind = chance.choices(["lines", "remove", "keep"], [6, 3, 1])[0]
        start = chance.randrange(max(len(line) // 2, 1))
        part = line[start : start + chance.randint(8, 60)]
        end = min(number + chance.randint(0, 3), len(lines))
        if kind == "lines" or line.find(part) != line.rfind(part) or not part:
            calls.append(RemoveLines(number, end))
            number = end
        else:
            calls.append(RemoveStr(number, part) if kind == "remove" else KeepStr(number, (part,)))
        number += chance.randint(1, max(len(lines) // 10, 1))
    return render(Program(tuple(calls)))


def tokens_of(text: str, ids: dict[bytes, int]) -> Iterator[int]:
    """Yield the tokens of a text, the longest first."""
    for piece in _PIECES.findall(text):
        rest = piece.encode()
        while rest:
            length = next(size for size in range(len(rest), 0, -1) if rest[:size] in ids)
            yield ids[rest[:length]]
            rest = rest[length:]


def distilled(count: int) -> tuple[str, list[tuple[str, str]]]:
    """Return where pages are from, and chunks of them with the programs that the distiller makes."""
    options = Options(screen="refinex-keep", window=WINDOW, overlap=1000)
    paths = [path for name in SETS if (path := DATA / f"{name}.jsonl.gz").exists()] or [EXAMPLES]
    made: list[tuple[str, str]] = []
    for part, path in enumerate(paths, 1):
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                found = examples(row["id"], row["raw"], row["gold"], options)
                for one in found.examples if isinstance(found, Distilled) else ():
                    made.append((without_numbers(one.text)[1], one.program))
                if len(made) >= count * part // len(paths):
                    break
    return ", ".join(path.name for path in paths), made[:count]


def measure(chunk: str, trie: Trie, tokens: Sequence[int]) -> tuple[float, list[float]]:
    """Return the seconds until the first mask, and those of each token."""
    seconds = []
    begin = time.perf_counter()
    matcher = ProgramMatcher(ProgramConstraint(chunk), trie, [])
    built = time.perf_counter() - begin
    for token in tokens:
        begin = time.perf_counter()
        bits = matcher.allowed()
        matcher.advance(token)
        seconds.append(time.perf_counter() - begin)
        if not bits[token >> 5] >> (token & 31) & 1:
            raise AssertionError(f"token {token} was taken, and is not in the mask")
    return built, seconds


def best(
    work: Sequence[tuple[str, Sequence[int]]], trie: Trie, passes: int = PASSES
) -> tuple[list[float], list[float]]:
    """Return the shortest times of all passes: of each chunk, and of each token."""
    built, seconds = [], []
    for _ in range(passes):
        measured = [measure(chunk, trie, tokens) for chunk, tokens in work]
        built.append([one for one, _ in measured])
        seconds.append([time for _, times in measured for time in times])
    shortest: tuple[list[float], list[float]] = (
        np.min(built, axis=0).tolist(),
        np.min(seconds, axis=0).tolist(),
    )
    return shortest


def packing_us(trie: Trie) -> float:
    """Return the microseconds that copying one mask into that of a batch takes."""
    mask = trie.mask([1])
    times = []
    for _ in range(50):
        begin = time.perf_counter()
        packed = np.full((BATCHES[-1], trie.words * 4), 0xFF, dtype=np.uint8)
        for row in packed:
            row[:] = mask.view(np.uint8)
        times.append(time.perf_counter() - begin)
    return 1e6 * min(times) / BATCHES[-1]


def floor_ms(batch: int) -> float:
    """Return the milliseconds that reading weights, keys and values takes for a batch."""
    return 1e3 * (WEIGHTS + batch * CONTEXT * PER_TOKEN) / BYTES_PER_S


def figures(
    work: Sequence[tuple[str, Sequence[int]]], trie: Trie, packing: float, end: str
) -> dict[str, float]:
    """Return the costs of a kind of programs."""
    built, seconds = best(work, trie)
    times = 1e6 * np.array(seconds)
    mean = float(times.mean()) + packing
    found = {
        "us_per_token": round(mean, 1),
        "us_per_token_median": round(float(np.median(times)) + packing, 1),
        "us_per_token_p99": round(float(np.percentile(times, 99)) + packing, 1),
        "us_per_token_max": round(float(times.max()) + packing, 1),
        "build_ms_per_chunk": round(1e3 * float(np.mean(built)), 3),
        "tokens": len(times),
        "chunks": len(built),
    }
    for batch in BATCHES:
        found[f"share_of_step_{batch}"] = round(batch * mean / 1e3 / STEP_MS, 4)
        found[f"share_of_floor_{batch}"] = round(batch * mean / 1e3 / floor_ms(batch), 4)
    print(end or "of pages", found)
    return {f"{name}{end}": value for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="12 hard chunks, not 100; 40 of pages, not 600")
    options = parser.parse_args()
    texts = sources()
    spelled = vocabulary(texts, SIZE)
    begin = time.perf_counter()
    trie = Trie(spelled)
    trie_ms = 1e3 * (time.perf_counter() - begin)
    ids = {token: number for number, token in enumerate(spelled)}
    chance = Random(3)
    source, pages = distilled(40 if options.quick else 600)
    hard = [(chunk, program(chunk, chance)) for chunk in chunks(texts, 12 if options.quick else 100)]
    packing = packing_us(trie)
    print("ASSUMED: a step of", STEP_MS, "ms on a GPU at every batch; floors", [*map(floor_ms, BATCHES)])
    result: dict[str, Any] = {}
    for end, chosen in (("", pages), ("_hard", hard)):
        work = [(chunk, list(tokens_of(written, ids))) for chunk, written in chosen]
        best(work[:5], trie, 1)
        result |= figures(work, trie, packing, end)
    result |= {
        "pages": source,
        "load": round(os.getloadavg()[0], 1),
        "us_packing": round(packing, 2),
        "build_ms_vocabulary": round(trie_ms, 1),
        "vocabulary": len(spelled),
        "step_ms_assumed": STEP_MS,
        "batch_assumed": BATCHES[-1],
        "share_of_step": result[f"share_of_step_{BATCHES[-1]}"],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
