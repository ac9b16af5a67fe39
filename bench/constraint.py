"""What the constraint costs per generated token, without a model: `python -m bench.constraint [--quick]`.

One thread. Chunks of 12,000 characters are cut from this repository's documents; in every second one a third
of the text is a single line. Their programs, about 20 calls each (six in ten remove_lines, three remove_str,
one keep_str), are fed through the matcher token by token, and each `allowed()` with its `advance()` is timed.

The vocabulary is synthetic: the bytes, the numbers to 999, the words and marks of the repository's files with
the space before them, what these begin and end with, and pairs of words, up to 150,000. Texts become
tokens by the longest match.

ASSUMPTION: a decoding step of a 0.6B model on a GPU takes 10 ms for a batch of 64; the masks of a batch are
made one after the other, so 64 of them count. `share_of_step_alone` is for a batch of 1 at the same 10 ms.
"""

import argparse
import json
import re
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np

from bluepencil.programs import KeepStr, Operation, Program, RemoveLines, RemoveStr, render
from bluepencil.refiners.lm_constraint import ProgramConstraint, ProgramMatcher
from bluepencil.refiners.lm_vocabulary import Trie

ROOT = Path(__file__).resolve().parents[1]
SIZE, WINDOW = 150_000, 12_000
STEP_MS, BATCH = 10.0, 64
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="8 chunks instead of 100")
    options = parser.parse_args()
    texts = sources()
    spelled = vocabulary(texts, SIZE)
    begin = time.perf_counter()
    trie = Trie(spelled)
    trie_ms = 1e3 * (time.perf_counter() - begin)
    ids = {token: number for number, token in enumerate(spelled)}
    chance = Random(3)
    built, seconds = [], []
    for chunk in chunks(texts, 8 if options.quick else 100):
        one, more = measure(chunk, trie, list(tokens_of(program(chunk, chance), ids)))
        built.append(one)
        seconds += more
    per_token = 1e6 * np.array(seconds)
    mean = float(per_token.mean())
    print("ASSUMED: a step of", STEP_MS, "ms on a GPU for a batch of", BATCH)
    result = {
        "us_per_token": round(mean, 1),
        "us_per_token_median": round(float(np.median(per_token)), 1),
        "us_per_token_p99": round(float(np.percentile(per_token, 99)), 1),
        "us_per_token_max": round(float(per_token.max()), 1),
        "build_ms_per_chunk": round(1e3 * float(np.mean(built)), 3),
        "build_ms_vocabulary": round(trie_ms, 1),
        "vocabulary": len(spelled),
        "tokens": len(per_token),
        "chunks": len(built),
        "step_ms_assumed": STEP_MS,
        "batch_assumed": BATCH,
        "share_of_step": round(BATCH * mean / 1e3 / STEP_MS, 4),
        "share_of_step_alone": round(mean / 1e3 / STEP_MS, 4),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
