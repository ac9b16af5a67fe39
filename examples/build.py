r"""Builds `pages.jsonl` from the marked-up pages in `pages/` and the boilerplate in `sites/`.

    python examples/build.py            write pages.jsonl and print the counts
    python examples/build.py --check    write nothing; exit 1 when pages.jsonl is not up to date

A page is a head of `name: value` lines, a line `---`, and the page itself. In the page:

    ⟦ ... ⟧        what an editor would strike; `raw` is everything, `gold` is what stands outside
    ⟦@block⟧       alone on its line: the block of that name from `sites/SITE.txt`, struck
    ⟨U+000C⟩       the character with that code, for those that editors and diff tools mangle

A line that is struck as a whole disappears with its line break; a mark over several lines must cover
them as a whole. Only "\n" ends a line. The same files give the same bytes on every machine; nothing
but the standard library is used.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGES = HERE / "pages"
SITES = HERE / "sites"
BUILT = HERE / "pages.jsonl"

HEAD = ("id", "url", "lang", "site", "date", "kind")
OPEN, CLOSE = "⟦", "⟧"
_BLOCK = re.compile(f"{OPEN}@([a-z-]+){CLOSE}")
_BLOCK_TITLE = re.compile(r"=== ([a-z-]+) ===")
_CODE = re.compile(r"⟨U\+([0-9A-F]{4,6})⟩")


class PageError(ValueError):
    """A page or site file is written wrongly; the message says where and what."""


@dataclass(frozen=True)
class Page:
    """One record of pages.jsonl. `noise_spans` are [start, end) in characters of `raw`, in order."""

    id: str
    url: str
    lang: str
    site: str
    date: str
    kind: str
    raw: str
    gold: str
    noise_spans: list[list[int]]


@dataclass(frozen=True)
class Line:
    """One line of a page without its marks; `struck` says of each character whether it goes."""

    text: str
    struck: tuple[bool, ...]
    whole: bool

    @property
    def kept(self) -> str:
        """Return what stays of the line."""
        return "".join(char for char, gone in zip(self.text, self.struck, strict=True) if not gone)


def read(path: Path) -> str:
    """Return the text of a file with every character as it stands; universal newlines would change some."""
    return path.read_bytes().decode("utf-8")


def parse_site(text: str) -> dict[str, list[str]]:
    """Return the lines of each block of a site file, by the block's name."""
    blocks: dict[str, list[str]] = {}
    name = ""
    for line in text.rstrip("\n").split("\n"):
        title = _BLOCK_TITLE.fullmatch(line)
        if title:
            name = title[1]
            blocks[name] = []
        elif name:
            blocks[name].append(line)
        else:
            raise PageError("a site file starts with a line such as: === top ===")
    return blocks


def split_head(text: str) -> tuple[dict[str, str], list[str]]:
    """Return the head's fields and the lines of the page below it."""
    lines = text.removesuffix("\n").split("\n")
    if "---" not in lines:
        raise PageError("no line '---' between the head and the page")
    end = lines.index("---")
    head = dict(line.split(": ", 1) for line in lines[:end])
    if tuple(head) != HEAD:
        raise PageError(f"the head must have the fields {', '.join(HEAD)} in this order")
    return head, lines[end + 1 :]


def expand(lines: Iterable[str], blocks: dict[str, list[str]]) -> Iterator[str]:
    """Yield the lines with each ⟦@block⟧ replaced by the site's block, marked as struck."""
    for line in lines:
        block = _BLOCK.fullmatch(line)
        if not block:
            yield line
        elif block[1] in blocks:
            yield from (f"{OPEN}{entry}{CLOSE}" for entry in blocks[block[1]])
        else:
            raise PageError(f"the site has no block named {block[1]}")


def read_marks(lines: Iterable[str]) -> Iterator[Line]:
    """Yield the lines without their marks; refuse marks that are nested, left open, or cut lines in two."""
    inside = False
    number = 0
    for number, line in enumerate(lines, 1):
        marked = inside or OPEN in line
        continued = inside
        text, struck = [], []
        for char in _CODE.sub(lambda code: chr(int(code[1], 16)), line):
            if char in (OPEN, CLOSE):
                if inside == (char == OPEN):
                    raise PageError(f"line {number}: {char} does not fit here")
                inside = char == OPEN
            else:
                text.append(char)
                struck.append(inside)
        whole = marked and all(struck)
        if (continued or inside) and not whole:
            raise PageError(f"line {number}: a mark over several lines must cover them as a whole")
        yield Line("".join(text), tuple(struck), whole)
    if inside:
        raise PageError(f"line {number}: the last mark is not closed")


def check_seams(lines: Iterable[Line]) -> None:
    """Refuse a strike inside a line that leaves a doubled space, or a space at the line's end or start."""
    for number, line in enumerate(lines, 1):
        if line.whole or not any(line.struck):
            continue
        if line.kept != line.kept.strip(" ") or ("  " in line.kept and "  " not in line.text):
            raise PageError(f"line {number}: the strike leaves a space behind: {line.kept!r}")


def noise_spans(lines: list[Line]) -> list[list[int]]:
    """Return the struck parts of the page as [start, end) pairs that neither touch nor overlap."""
    last_kept = max((number for number, line in enumerate(lines) if not line.whole), default=-1)
    gone: list[bool] = []
    for number, line in enumerate(lines):
        gone.extend(line.struck)
        if number < len(lines) - 1:
            gone.append(line.whole or number >= last_kept)
    edges = [
        at for at in range(len(gone) + 1) if (gone[at - 1 : at] or [False]) != (gone[at : at + 1] or [False])
    ]
    return [[start, end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


def build_page(text: str, blocks: dict[str, list[str]]) -> Page:
    """Return the record for one marked-up page; raise PageError for one that is written wrongly."""
    head, body = split_head(text)
    lines = list(read_marks(expand(body, blocks)))
    check_seams(lines)
    return Page(
        **head,
        raw="\n".join(line.text for line in lines),
        gold="\n".join(line.kept for line in lines if not line.whole),
        noise_spans=noise_spans(lines),
    )


def load_pages(pages: Path = PAGES, sites: Path = SITES) -> list[Page]:
    """Return all pages in the order of their file names; an error names the file it is in."""
    built = []
    for path in sorted(pages.glob("*.txt")):
        text = read(path)
        try:
            site = sites / f"{split_head(text)[0]['site']}.txt"
            blocks = parse_site(read(site)) if site.exists() else {}
            page = build_page(text, blocks)
        except ValueError as error:
            raise PageError(f"{path.name}: {error}") from error
        if page.id != path.stem:
            raise PageError(f"{path.name}: the id is {page.id}, but should be the name of the file")
        built.append(page)
    return built


def to_jsonl(pages: Iterable[Page]) -> bytes:
    """Return the pages as JSON lines in UTF-8."""
    return "".join(json.dumps(asdict(page), ensure_ascii=False) + "\n" for page in pages).encode()


def summary(pages: list[Page]) -> str:
    """Return how many pages there are of each kind and language, and the share of characters struck."""
    raw = sum(len(page.raw) for page in pages)
    gold = sum(len(page.gold) for page in pages)
    lines = [f"{len(pages)} pages from {len({page.site for page in pages})} sites, {raw:,} characters"]
    for title, counts in (
        ("kind", Counter(page.kind for page in pages)),
        ("language", Counter(page.lang for page in pages)),
    ):
        lines.append(f"by {title}: " + ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))
    lines.append(f"struck: {100 * (raw - gold) / raw:.1f} % of the characters")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Build the file, or check it; return the exit status."""
    parser = argparse.ArgumentParser(description="Build examples/pages.jsonl from the marked-up pages.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when it is not up to date"
    )
    check = parser.parse_args().check
    try:
        pages = load_pages()
    except PageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    built = to_jsonl(pages)
    if not check:
        BUILT.write_bytes(built)
    elif not BUILT.exists() or BUILT.read_bytes() != built:
        sys.stderr.write("examples/pages.jsonl is not up to date: run python examples/build.py\n")
        return 1
    sys.stdout.write(summary(pages))
    return 0


if __name__ == "__main__":
    sys.exit(main())
