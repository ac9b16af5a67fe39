"""The curves of a training run as a picture: an SVG file, written by hand with nothing to install."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import floor, log10
from typing import Any

_WIDTH, _LEFT, _RIGHT = 720, 64, 24
_PANELS = ((56, 260), (372, 90))
"""Top and height of the two panels: losses, learning rate."""
_HEIGHT = 510
_GREY, _BLUE, _RED = "#6b7280", "#2563eb", "#b91c1c"

Points = Sequence[tuple[float, float]]


def curves(records: Sequence[Mapping[str, Any]], title: str) -> str:
    """Return a picture of training loss, validation loss and learning rate over the steps.

    `records` are those of the training log: `step`, and `loss`, `validation_loss` or `learning_rate`.
    """
    series = {
        name: [(record["step"], record[name]) for record in records if record.get(name) is not None]
        for name in ("loss", "validation_loss", "learning_rate")
    }
    last = max((step for points in series.values() for step, _ in points), default=1) or 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_LEFT, 24, title, size=15, colour="#111827"),
    ]
    losses = [("loss", "training loss", _BLUE), ("validation_loss", "validation loss", _RED)]
    parts += _panel(_PANELS[0], last, series, losses)
    parts += _panel(_PANELS[1], last, series, [("learning_rate", "learning rate", _GREY)])
    parts.append(_text(_WIDTH - _RIGHT, _HEIGHT - 10, "steps", anchor="end"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(
    place: tuple[int, int], last: float, series: Mapping[str, Points], shown: Sequence[tuple[str, str, str]]
) -> Iterator[str]:
    top, height = place
    values = [value for name, _, _ in shown for _, value in series[name]]
    most = max(values, default=1.0) or 1.0
    for tick in ticks(most):
        y = top + height - height * tick / most
        yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e5e7eb"/>'
        yield _text(_LEFT - 8, y + 4, f"{tick:g}", anchor="end")
    for tick in ticks(last):
        x = _across(tick, last)
        yield f'<path d="M{x:.1f} {top + height}v4" stroke="{_GREY}"/>'
        yield _text(x, top + height + 18, f"{tick:g}", anchor="middle")
    yield f'<path d="M{_LEFT} {top}V{top + height}H{_WIDTH - _RIGHT}" fill="none" stroke="{_GREY}"/>'
    for number, (name, label, colour) in enumerate(shown):
        yield from _curve(series[name], colour, lambda value: top + height - height * value / most, last)
        ending = f", at the end {series[name][-1][1]:.4g}" if series[name] else ": none"
        yield _text(_WIDTH - _RIGHT, top + 14 + 17 * number, label + ending, anchor="end", colour=colour)


def _curve(points: Points, colour: str, height_of: Any, last: float) -> Iterator[str]:
    if not points:
        return
    path = "L".join(f"{_across(step, last):.1f} {height_of(value):.1f}" for step, value in points)
    yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>'
    if len(points) < 40:
        for step, value in points:
            place = f'cx="{_across(step, last):.1f}" cy="{height_of(value):.1f}"'
            yield f'<circle {place} r="2.4" fill="{colour}"/>'


def ticks(most: float) -> list[float]:
    """Return round numbers from 0 to `most`, four to nine of them."""
    step = 10.0 ** floor(log10(most))
    for share in (1.0, 0.5, 0.2):
        if most / (step * share) >= 3:
            step *= share
            break
    return [round(step * number, 12) for number in range(int(most / step + 1e-9) + 1)]


def _across(step: float, last: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / last


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = _GREY
) -> str:
    look = f'text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'
