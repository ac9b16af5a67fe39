"""What a run came to as one HTML file: funnel, reasons, scores, lengths, tokens. Nothing is loaded by it."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from bluepencil.engine.state import read_manifest
from bluepencil.report.distributions import Distributions, Numbers, OfStep, distributions
from bluepencil.report.funnel import Left, funnel, share
from bluepencil.report.histogram import Series, histogram, short
from bluepencil.report.summary import kept_in_spite

_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_REASONS = 12


def write_page(run: Path, target: Path) -> None:
    """Write the page of a finished run; OutputError where it cannot be written."""
    from bluepencil.errors import OutputError

    manifest = read_manifest(run)
    rows = funnel(manifest)
    page = page_of(manifest, rows, distributions(run, len(rows) - 1), str(run))
    try:
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error}") from error


def page_of(manifest: Mapping[str, Any], rows: Sequence[Left], found: Distributions, run: str) -> str:
    """Return the page as text."""
    about = manifest.get("about") or {}
    title = escape(about.get("recipe") or manifest["options"]["step"])
    body = "\n".join(
        [
            f"<header><h1>{title}</h1><p>{escape(' '.join(about.get('description', '').split()))}</p>",
            f"<p class=where>{escape(run)}, bluepencil {escape(manifest['bluepencil'])}</p></header>",
            *_tiles(manifest, found),
            "<h2>After each step</h2>",
            *_funnel(rows),
            *(f"<p class=note>{escape(line)}</p>" for line in kept_in_spite(manifest)),
            "<h2>Lengths of the documents that stay, in characters</h2>",
            _lengths(found),
            *_steps(rows, found),
        ]
    )
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>\n{body}\n</html>\n'
    )


def _tiles(manifest: Mapping[str, Any], found: Distributions) -> Iterator[str]:
    totals = manifest["totals"]
    outcomes = totals["outcomes"]
    tiles = [("records", f"{totals['rows']:,}")]
    tiles += [(name, f"{count:,} ({share(count, totals['rows'])})") for name, count in outcomes.items()]
    if totals["tokens_in"] or totals["tokens_out"]:
        tiles += [("tokens sent", f"{totals['tokens_in']:,}"), ("received", f"{totals['tokens_out']:,}")]
    if cost := sum(step.cost for step in found.steps):
        tiles.append(("paid, with answers from the cache", _money(cost)))
    yield "<dl class=tiles>"
    yield from (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in tiles)
    yield "</dl>"


def _funnel(rows: Sequence[Left]) -> Iterator[str]:
    start = rows[0]
    yield "<table class=funnel><tr><th>step<th>documents<th><th>characters<th>tokens, about<th>changed"
    for at, row in enumerate(rows):
        part = row.documents / start.documents if start.documents else 0.0
        tokens = ""
        if row.tokens is not None and start.tokens is not None:
            tokens = f"{row.tokens:,} <small>{share(row.tokens, start.tokens)}</small>"
        yield (
            f"<tr><td>{escape(f'{at}. {row.name}' if at else row.name)}<td class=n>{row.documents:,}"
            f"<td class=bar><i style='width:calc((100% - 4.5em)*{part:.4f})'></i><b>{part:.1%}</b>"
            f"<td class=n>{row.characters:,} <small>{share(row.characters, start.characters)}</small>"
            f"<td class=n>{tokens}<td class=n>{f'{row.edited:,}' if row.edited else ''}"
        )
        if said := {**row.reasons, **row.others}:
            yield f"<tr class=why><td colspan=6>{_counts(said, start.documents)}"
    yield "</table>"


def _counts(counts: Mapping[str, int], whole: int = 0) -> str:
    """Return words with how often they occur, the most frequent first; `whole` has the longest bar."""
    ordered = sorted(counts.items(), key=lambda one: -one[1])
    most = max(whole, ordered[0][1])
    lines = [
        f"<li><span>{escape(word.replace(':', ': ', 1))}</span>"
        f"<i style='width:{count / most * 14:.2f}em'></i>{count:,}"
        for word, count in ordered[:_REASONS]
    ]
    if rest := ordered[_REASONS:]:
        lines.append(f"<li><span>{len(rest)} others</span>{sum(count for _, count in rest):,}")
    return f"<ul class=counts>{''.join(lines)}</ul>"


def _lengths(found: Distributions) -> str:
    series = [Series("before", found.before.values, "b"), Series("after", found.after.values, "a")]
    drawn = histogram(series, logarithmic=True)
    if not drawn:
        return "<p>No document stays.</p>"
    words = [
        f"<b class={one.style}>{one.name}</b>: {_said(numbers)}"
        for one, numbers in zip(series, (found.before, found.after), strict=True)
    ]
    return f"<figure class=wide>{drawn}<figcaption>{'; '.join(words)}</figcaption></figure>"


def _said(numbers: Numbers) -> str:
    mean = numbers.total / numbers.count
    held = "" if numbers.count == len(numbers.values) else f", drawn from a sample of {len(numbers.values):,}"
    middle = median(numbers.values)
    return f"{numbers.count:,} values, mean {short(mean)}, median {short(middle)}{held}"


def _steps(rows: Sequence[Left], found: Distributions) -> Iterator[str]:
    for number, (row, step) in enumerate(zip(rows[1:], found.steps, strict=True), 1):
        pieces = [*_asked(row, step), *_figures(step)]
        if pieces:
            yield f"<h2>{number}. {escape(row.name)}</h2>"
            yield from pieces


def _asked(row: Left, step: OfStep) -> Iterator[str]:
    if row.sent or row.received:
        cost = f", {_money(step.cost)} in money" if step.cost else ""
        yield f"<p>{row.sent:,} tokens sent to a model, {row.received:,} received{cost}</p>"


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.3g}"


def _figures(step: OfStep) -> Iterator[str]:
    figures = [
        f"<figure>{histogram([Series(name, numbers.values)])}"
        f"<figcaption><b>{escape(name)}</b>: {_said(numbers)}</figcaption></figure>"
        for name, numbers in step.numbers.items()
    ]
    figures += [
        f"<figure>{_counts(words)}<figcaption><b>{escape(name)}</b></figcaption></figure>"
        for name, words in step.verdicts().items()
    ]
    if figures:
        yield f"<div class=figures>{''.join(figures)}</div>"
