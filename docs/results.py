"""Writes the results table of the README from the figures on record.

python -m bench.quality      measures, and writes bench/results/quality.json
python docs/results.py       puts the table into README.md
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "bench" / "results" / "quality.json"
START, END = "<!-- results -->\n", "<!-- /results -->"

SETS = {
    "scrapinghub": "news and blog pages",
    "dragnet_dev": "web pages of 2008 to 2012",
    "cleaneval_dev": "moderately noisy pages",
    "trafilatura-silver": "pages in many languages (silver)",
}
COLUMNS = {
    "f1_do_nothing": "do nothing",
    "f1_rules": "`rules`",
    "f1_light": "`tagger` light",
    "f1_normal": "normal",
    "f1_strong": "strong",
}


def table(figures: dict[str, Any]) -> str:
    """Return the table and what it means, as Markdown."""
    lines = [
        "Word-F1 of the text that stays against the main text as a person marked it, mean over pages, from",
        "plain text alone. The tagger has not seen the sites: it was trained without them, or each page is",
        "judged by a network that was. No program is refused here for deleting more than 95 %, as runs do.",
        "",
        "| set | pages | " + " | ".join(COLUMNS.values()) + " | 95 % interval of normal |",
        "|---|---|" + "---|" * (len(COLUMNS) + 1),
    ]
    for name, what in SETS.items():
        row = figures["sets"][name]
        cells = [f"{row[column]:.3f}" for column in COLUMNS]
        low, high = row["interval"]
        lines.append(f"| {name}: {what} | {row['n']} | {' | '.join(cells)} | {low:.3f} to {high:.3f} |")
    page = figures["sets"]["scrapinghub"]
    beside = ", ".join(
        f"{name.removeprefix('f1_')} {page[name]:.3f}"
        for name in ("f1_trafilatura", "f1_readability", "f1_resiliparse", "f1_justext")
    )
    lines += [
        "",
        f"Extractors that see the HTML of the scrapinghub pages: {beside}.",
        "On text that was cleaned already, use `--strength light`: there, careless deleting is worse than",
        "doing nothing. Reproduce: `python -m bench.quality` (needs the pages), `python docs/results.py`.",
        "",
    ]
    return "\n".join(lines)


def in_place(readme: str) -> str:
    """Return the README with the table as it should be."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return before + START + table(json.loads(RESULTS.read_text())) + END + after


def main() -> int:
    """Write the table, or check it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the table is another")
    readme = README.read_text()
    right = in_place(readme)
    if parser.parse_args().check:
        return int(right != readme)
    README.write_text(right)
    return 0


if __name__ == "__main__":
    sys.exit(main())
