"""Numbers of a rewrite that stand where the source has another one."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bluepencil.rewriting.math_numbers import Numbers
from bluepencil.rewriting.math_token import Kind, Token

_CONTEXT = 6
_LEAST_CONTEXT = 3
_Context = tuple[tuple[str, ...], tuple[str, ...]]


def changed(before: Numbers, after: Numbers) -> list[tuple[str, str]]:
    """Return (old, new) numbers: the new one stands in a context of the old one, which is rarer there now.

    A context is six tokens of its sentence around a number, divided anyhow into before and behind; or all of
    a shorter sentence, if it has three tokens beside the number.
    """
    old, new = _contexts(before), _contexts(after)
    had, has = (Counter(map(_written, numbers.stream)) for numbers in (before, after))
    found: dict[tuple[str, str], None] = {}
    for context, values in new.items():
        known = old.get(context)
        if known is None or values.keys() <= known.keys():
            continue
        gone = [value for value, times in known.items() if values[value] < times]
        for value in values.keys() - known.keys():
            # 7:00 that became 7 is written differently, not changed.
            old_value = next((one for one in gone if (":" in one) is (":" in value)), None)
            # Two that changed places are both still there: (x + 1)(x + 2) and (x + 2)(x + 1).
            if old_value is None or (has[value] <= had[value] and has[old_value] >= had[old_value]):
                continue
            found[old_value, value] = None
    return list(found)


def _contexts(numbers: Numbers) -> dict[_Context, Counter[str]]:
    found: dict[_Context, Counter[str]] = {}
    for sentence in _sentences(numbers.stream):
        written = [_written(token) for token in sentence]
        width = min(_CONTEXT, len(written) - 1)
        if width < _LEAST_CONTEXT:
            continue
        for place, token in enumerate(sentence):
            if token.kind is Kind.NUMBER or (token.kind is Kind.MARK and token.text[0].isdigit()):
                for left in range(max(0, place + 1 + width - len(written)), min(place, width) + 1):
                    context = (
                        tuple(written[place - left : place]),
                        tuple(written[place + 1 : place + 1 + width - left]),
                    )
                    found.setdefault(context, Counter())[written[place]] += 1
    return found


def _sentences(stream: Sequence[Token]) -> Iterator[list[Token]]:
    sentence: list[Token] = []
    for token in stream:
        if token.kind is Kind.LINE or (token.text in (".", "?") and not token.tex):
            if sentence:
                yield sentence
            sentence = []
        elif _is_context(token):
            sentence.append(token)
    if sentence:
        yield sentence


def _is_context(token: Token) -> bool:
    return token.kind not in (Kind.STOP, Kind.ITEM, Kind.UNIT) and token.text.lower() not in ("step", "#")


def _written(token: Token) -> str:
    return str(token.value) if token.kind is Kind.NUMBER else token.text.lower()
