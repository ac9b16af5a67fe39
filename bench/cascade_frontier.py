"""The frontier of a cascade as a picture: word-F1 against the share of tokens sent, an SVG file."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT = 760, 520
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 52, 64
GREY, DARK = "#6b7280", "#111827"
SHOWN = {
    "oracle": ("#15803d", "oracle: the gold program, no model"),
    "oracle, no context": ("#0891b2", "oracle, only the lines themselves are sent"),
    "model": ("#b91c1c", "tiny language model, 1.1 M parameters"),
}
"""Curves that are drawn: colour and label."""

Point = Mapping[str, Any]


def frontier(result: Mapping[str, Any]) -> str:
    """Return the picture of what `bench.cascade` found."""
    curves: dict[str, Sequence[Point]] = {name: result["curves"][name] for name in SHOWN}
    points = [point for curve in curves.values() for point in curve]
    most = max(1.0, *(point["share_of_tokens"] for point in points))
    least = int(min(point["interval"][0] for point in points) * 20) / 20
    place = _Place(most, least)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, 24, f"A tagger, and a model where it is not sure: {result['pages']} pages", 15, DARK),
        _text(LEFT, 40, "word-F1, mean over pages of unseen sites, with 95 % intervals", 12, GREY),
        *place.axes(),
        place.chance(curves["oracle"]),
    ]
    for number, (name, (colour, label)) in enumerate(SHOWN.items()):
        parts += place.curve(curves[name], colour)
        parts.append(_text(LEFT + 12, HEIGHT - BOTTOM - 62 + 17 * number, label, 12, colour))
    rest = "dashed: the oracle, lines to send drawn at random"
    parts.append(_text(LEFT + 12, HEIGHT - BOTTOM - 11, rest, 12, GREY))
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Place:
    """Where a share sent and an F1 stand in the picture."""

    def __init__(self, most: float, least: float) -> None:
        self.most, self.least = most, least

    def x(self, share: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * share / self.most

    def y(self, f1: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - f1) / (1 - self.least)

    def axes(self) -> Iterator[str]:
        bottom = HEIGHT - BOTTOM
        for step in range(round((1 - self.least) * 20) + 1):
            f1 = 1 - step / 20
            yield f'<path d="M{LEFT} {self.y(f1):.1f}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>'
            yield _text(LEFT - 8, self.y(f1) + 4, f"{f1:.2f}", 12, GREY, "end")
        for tenth in range(0, int(self.most * 10) + 1, 2):
            x = self.x(tenth / 10)
            yield f'<path d="M{x:.1f} {bottom}v4" stroke="{GREY}"/>'
            yield _text(x, bottom + 18, f"{tenth * 10} %", 12, GREY, "middle")
        yield f'<path d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}" fill="none" stroke="{GREY}"/>'
        middle = (LEFT + WIDTH - RIGHT) / 2
        label = "tokens sent, of those that are sent when the model is asked about everything"
        yield _text(middle, bottom + 42, label, 12, GREY, "middle")

    def chance(self, curve: Sequence[Point]) -> str:
        """Return the line from nothing sent to everything, as if lines were drawn at random."""
        ends = [
            f"{self.x(one['share_of_tokens']):.1f} {self.y(one['f1']):.1f}" for one in (curve[0], curve[-1])
        ]
        return f'<path d="M{"L".join(ends)}" stroke="{GREY}" stroke-dasharray="4 4" fill="none"/>'

    def curve(self, points: Sequence[Point], colour: str) -> Iterator[str]:
        path = "L".join(f"{self.x(one['share_of_tokens']):.1f} {self.y(one['f1']):.1f}" for one in points)
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
        for one in points:
            x = self.x(one["share_of_tokens"])
            low, high = (self.y(end) for end in one["interval"])
            yield f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke="{colour}" stroke-opacity="0.35"/>'
            yield (
                f'<circle cx="{x:.1f}" cy="{self.y(one["f1"]):.1f}" r="3" fill="{colour}">'
                f"<title>sure {one['sure']}: F1 {one['f1']}, {one['share_of_tokens']:.1%} sent</title>"
                "</circle>"
            )


def _text(x: float, y: float, text: str, size: int, colour: str, anchor: str = "start") -> str:
    look = f'text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'
