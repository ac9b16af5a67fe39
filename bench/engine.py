"""The engine beside datatrove: C4's line rules over JSON lines zst -> JSON lines zst, end to end.

    python -m bench.engine [--quick] [--documents N] [--workers N]

Both read and write the same records with the same number of processes: datatrove with its JsonlReader, its
C4QualityFilter reduced to the line rules, and its JsonlWriter with zstd (its default gzip is slower), no
logging to speak of; Bluepencil with `--refiner rules:c4`, which also hashes every text, writes the ledger and
forces every unit to the disk. Start-up of the processes counts for both. Memory is the peak of the resident
sets of all processes together, seen every 20 ms, and again for a quarter of the input: it must not grow.
Needs the extra `bench`.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow

FILES = 8
VOCABULARY = """
the of and to in is that it was for on are as with his they at be this from have or by one had not
but what all were when we there can an your which their said if do will each about how up out them
then she many some so these would other into has more her two like him see time could no make than
first been its who now people
"""
WORDS = VOCABULARY.split()


def document(rng: random.Random) -> str:
    """Return a page of about 3 kB and 40 lines: a menu, paragraphs, lines that the rules strike, a footer.

    The lines to strike stand in about five runs, as on labelled pages (four on average).
    """
    lines = [_menu_line(rng) for _ in range(rng.randint(5, 10))]
    size = sum(map(len, lines))
    while size < 2700:
        line = " ".join(rng.choices(WORDS, k=rng.randint(8, 35))) + rng.choice([".", ".", "!", '."'])
        lines.append(line)
        size += len(line)
        if rng.random() < 0.12:
            lines += [_menu_line(rng) for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.01:
            lines.append("please enable javascript to view the comments on this page.")
    return "\n".join(lines + [_menu_line(rng) for _ in range(rng.randint(5, 10))])


def _menu_line(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(1, 4))).title()


def write_corpus(folder: Path, documents: int) -> None:
    """Write the corpus once, as JSON lines zst."""
    folder.mkdir()
    rng = random.Random(0)
    texts = [document(rng) for _ in range(5000)]
    for part in range(FILES):
        with pyarrow.CompressedOutputStream(str(folder / f"{part}.jsonl.zst"), "zstd") as out:
            for number in range(part * documents // FILES, (part + 1) * documents // FILES):
                # Every record is its own: the top of one page over the bottom of another.
                text = texts[number % 5000][:1500] + texts[number * 7919 % 4999][1500:]
                record = {"id": f"doc-{number}", "text": text, "url": f"https://example.com/{number}"}
                out.write(json.dumps(record).encode() + b"\n")


def peak_memory(process: "subprocess.Popen[bytes]") -> float:
    """Wait for a process; return the peak of the resident memory of it and its descendants, in MB."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_resident(pid) for pid in _tree(process.pid)))
        time.sleep(0.02)
    return peak / 1e6


def _tree(root: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:  # it ended meanwhile
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def timed(command: list[str]) -> tuple[float, float]:
    """Return seconds and peak megabytes of a command."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = peak_memory(process)
    seconds = time.perf_counter() - started
    if process.returncode:
        assert process.stderr is not None
        raise SystemExit(process.stderr.read().decode())
    return seconds, peak


def run_datatrove(source: str, target: str, workers: int) -> None:
    """Run the job with datatrove, in this process."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.filters import C4QualityFilter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    line_rules = C4QualityFilter(
        split_paragraph=True,
        remove_citations=False,
        filter_no_terminal_punct=True,
        min_num_sentences=-1,
        min_words_per_line=5,
        max_word_length=-1,
        filter_lorem_ipsum=False,
        filter_javascript=True,
        filter_curly_bracket=False,
        filter_policy=False,
    )
    LocalPipelineExecutor(
        pipeline=[
            JsonlReader(source, compression="zstd"),
            line_rules,
            JsonlWriter(target, output_filename="${rank}.jsonl.zst", compression="zstd"),
        ],
        tasks=FILES,
        workers=workers,
        logging_dir=f"{target}-logs",
        skip_completed=False,
    ).run()


def bluepencil_command(source: Path, target: Path, workers: int) -> list[str]:
    """Return the command line of the same job."""
    options = [
        "--refiner",
        "rules:c4",
        "--format",
        "jsonl.zst",
        "--workers",
        str(workers),
        "--quiet",
        "--fresh",
    ]
    # Texts of which everything goes are dropped by both, so the guard is left out.
    options += ["--max-deleted-share", "1"]
    return [sys.executable, "-m", "bluepencil", "refine", str(source), "-o", str(target), *options]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="half of the documents, one round")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--rounds", type=int, default=3, help="each side runs so often, in turns; the best counts"
    )
    parser.add_argument("--datatrove", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.datatrove:
        source, target = options.datatrove
        run_datatrove(source, target, options.workers)
        return
    documents = options.documents // 2 if options.quick else options.documents
    rounds = 1 if options.quick else options.rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_corpus(folder / "in", documents)
        write_corpus(folder / "quarter", documents // 4)
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(timed(bluepencil_command(folder / "in", folder / "out", options.workers)))
            command = [sys.executable, "-m", "bench.engine", "--workers", str(options.workers)]
            theirs.append(timed([*command, "--datatrove", str(folder / "in"), str(folder / "trove")]))
        _, peak_quarter = timed(bluepencil_command(folder / "quarter", folder / "out4", options.workers))
        report(documents, options.workers, ours, theirs, peak_quarter)


def report(
    documents: int,
    workers: int,
    ours: list[tuple[float, float]],
    theirs: list[tuple[float, float]],
    peak_quarter: float,
) -> None:
    """Print the figures; the last line is JSON."""
    best, trove = min(ours), min(theirs)
    figures = {
        "documents": documents,
        "workers": workers,
        "docs_per_s": round(documents / best[0]),
        "datatrove_docs_per_s": round(documents / trove[0]),
        "ratio": round(trove[0] / best[0], 2),
        "peak_mb": round(max(peak for _, peak in ours)),
        "peak_mb_quarter_input": round(peak_quarter),
        "datatrove_peak_mb": round(max(peak for _, peak in theirs)),
    }
    print(f"bluepencil {best[0]:.1f} s, datatrove {trove[0]:.1f} s for {documents:,} documents of 3 kB")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
