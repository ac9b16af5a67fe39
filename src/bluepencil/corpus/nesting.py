"""Keeps hostile or broken markup from hanging the HTML parser.

The HTML standard makes a parser do work that grows with the square of the page in a few places: every
`<p>` and `<div>` looks through all open elements, every block opens all unclosed `<font>` again, every
attribute is compared with those before it. Browsers cap the depth of the tree; lexbor does not, and keeps
all names of a page in a table of fixed size. So the markup is capped before it is parsed. Ordinary pages
pass through unchanged.

Measured with lexbor as in selectolax 1.0.2: 50,000 nested `<div>` 6 s, 2,000 unclosed `<font>` in
paragraphs 3.4 s and 700 MB, 50,000 attributes in one tag 4.3 s; each under 0.3 s after `tame`.
"""

import re

# Blink cuts its tree at this depth too (maximumHTMLParserDOMTreeDepth).
MAX_DEPTH = 512
# Below these no page can cost more than about 0.2 s.
_SMALL_PAGE = 8_000
_FEW_TAGS = 4_000
_HUGE_PAGE = 2_000_000
# Elements that unclosed formatting may add to the tree; a page of 1,700 tags passes with 300 unclosed.
_MAX_REOPENED = 500_000
# One tag this long is looked at for its attributes; embedded images make long tags with few of them.
_LONG_TAG = 20_000
_MAX_ATTRIBUTES = 1_000
# Distinct names of attributes on a page; 20,000 take 0.4 s.
_MAX_NAMES = 20_000
# A page has one <html> and one <body>; each further one is merged into it, attribute by attribute.
_MAX_ROOTS = 20

_FORMATTING = re.compile(
    rb"<(/?)(?:[bius]|big|code|em|font|nobr|small|strike|strong|tt)(?=[\s/>])", re.IGNORECASE
)
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
_TAG_START = re.compile(rb"<[a-zA-Z]")
_BETWEEN_ATTRIBUTES = re.compile(rb"[\s/\"']+")

_WHOLE_TAG = re.compile(rb"(<[a-zA-Z][^\s/<>]*)[^<>]*")
_VALUE = re.compile(rb"=\s*(?:\"[^\"]*\"|'[^']*'|[^\s<>]*)")
_SEPARATORS = bytes.maketrans(b"\"'/<>", b"     ")

_ROOTS = frozenset({b"html", b"body"})
_INLINE = frozenset(
    b"a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q s samp small"
    b" span strike strong sub sup time tt u var".split()
)
# Void elements, and those that close themselves when the next one of their kind opens.
_NEVER_DEEP = frozenset(
    b"area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
    b" caption colgroup dd dt li optgroup option p rb rp rt rtc tbody td tfoot th thead tr"
    b" html head body title script style textarea noscript".split()
)


def tame(html: bytes) -> bytes:
    """Return UTF-8 `html` with the markup disarmed that would take a parser more than linear time.

    Elements below `MAX_DEPTH` become `<br>` (blocks) or nothing (inline), runaway formatting tags become
    nothing, and a tag with thousands of attributes loses them. The text stays.
    """
    if len(html) < _SMALL_PAGE:
        return html
    if len(html) > 10 * _LONG_TAG:
        html = _without_attribute_floods(html)
        # Asked first what costs less: with so few tags and values there are not so many names.
        if len(html) > _HUGE_PAGE or html.count(b"<") + html.count(b"=") > _MAX_NAMES:
            html = _without_name_flood(html)
    tags = html.count(b"<")
    if _most_unclosed_formatting(html) * tags > _MAX_REOPENED:
        html = _FORMATTING.sub(rb"<\1wbr", html)
    if tags > _FEW_TAGS:
        html = _TAG.sub(_DepthLimit().replace, html)
    return html


def _most_unclosed_formatting(html: bytes) -> int:
    unclosed = most = 0
    for slash in _FORMATTING.findall(html):
        if not slash:
            unclosed += 1
            most = max(most, unclosed)
        elif unclosed:
            unclosed -= 1
    return most


def _without_attribute_floods(html: bytes) -> bytes:
    pieces = html.split(b">")
    if max(map(len, pieces)) < _LONG_TAG:
        return html
    return b">".join(piece if len(piece) < _LONG_TAG else _without_flood(piece) for piece in pieces)


def _without_flood(piece: bytes) -> bytes:
    """Cut the attributes out of a piece of markup that ends where a tag closes, if there are too many."""
    start = _TAG_START.search(piece)
    if start is None:
        return piece
    # What looks like a tag may be `a<b` in a script, so its end tag has to stay.
    end = piece.rfind(b"</", start.end())
    end = len(piece) if end == -1 else end
    if len(_BETWEEN_ATTRIBUTES.findall(piece, start.end(), end)) <= _MAX_ATTRIBUTES:
        return piece
    name = _TAG.match(piece, start.start())
    kept = start.end() if name is None else name.end()
    return piece[:kept] + b" " + piece[end:]


def _without_name_flood(html: bytes) -> bytes:
    """Cut all attributes of a page that has absurdly many different ones."""
    if len(set(html.translate(_SEPARATORS).split())) <= _MAX_NAMES:
        return html
    tags = b" ".join(match[0] for match in _WHOLE_TAG.finditer(html))
    if len(set(_VALUE.sub(b" ", tags).translate(_SEPARATORS).split())) <= _MAX_NAMES:
        return html
    return _WHOLE_TAG.sub(rb"\1", html)


class _DepthLimit:
    """Counts the elements that are open, tag by tag, and renames those that would lie too deep.

    The count errs on the high side (an unclosed `<span>` stays open for ever), which costs a page with
    hundreds of them nothing but the names of elements that have no say in how its text is laid out.
    """

    def __init__(self) -> None:
        self.open: dict[bytes, int] = {}
        self.depth = 0
        self.roots = 0

    def replace(self, tag: re.Match[bytes]) -> bytes:
        """Return the start of a tag as it may stay."""
        name = tag[2].lower()
        if name in _NEVER_DEEP:
            return self._root(tag) if name in _ROOTS else tag[0]
        count = self.open.get(name, 0)
        if tag[1]:
            if count:
                self.open[name] = count - 1
                self.depth -= 1
            return tag[0]
        if self.depth >= MAX_DEPTH:
            return b"<wbr" if name in _INLINE else b"<br"
        # Inside a drawing `<path/>` closes itself, which its start does not show.
        if not self.open.get(b"svg"):
            self.open[name] = count + 1
            self.depth += 1
        return tag[0]

    def _root(self, tag: re.Match[bytes]) -> bytes:
        self.roots += 1
        return tag[0] if self.roots <= _MAX_ROOTS else b"<wbr"
