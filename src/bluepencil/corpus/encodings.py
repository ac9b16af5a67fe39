"""Finds the encoding of a web page and decodes it.

The order is that of the WHATWG standards (byte order mark, HTTP header, `<meta>`), with what real pages
need beside: bytes that can only be UTF-8 are read as UTF-8 whatever a page declares, a declaration that
does not fit the bytes is passed over, and the last word is a detector's (uchardet, in resiliparse).
Names are those of https://encoding.spec.whatwg.org, so "latin1" is windows-1252.
"""

import codecs
import re
from collections.abc import Iterator
from functools import cache

from bluepencil.errors import MissingExtraError

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (b"\0<", "utf-16be"),
    (b"<\0", "utf-16le"),
)

# The standard's name -> Python's codec that covers it; Python's names for the same and for its subsets.
_CODECS = {
    "utf-8": ("utf-8",),
    "utf-16le": ("utf-16-le", "utf-16"),
    "utf-16be": ("utf-16-be",),
    "windows-1252": ("cp1252", "iso8859-1", "ascii"),
    "windows-1254": ("cp1254", "iso8859-9"),
    "windows-874": ("cp874", "iso8859-11", "tis-620"),
    "gb18030": ("gb18030", "gbk", "gb2312"),
    "big5": ("big5hkscs", "big5", "cp950"),
    "shift_jis": ("cp932", "shift_jis"),
    "euc-kr": ("cp949", "euc_kr"),
    "euc-jp": ("euc_jp",),
    "iso-2022-jp": ("iso2022_jp_ext", "iso2022_jp"),
    "ibm866": ("cp866",),
    "koi8-r": ("koi8-r",),
    "koi8-u": ("koi8-u",),
    "macintosh": ("mac-roman",),
    "x-mac-cyrillic": ("mac-cyrillic",),
    **{f"windows-{page}": (f"cp{page}",) for page in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    **{f"iso-8859-{part}": (f"iso8859-{part}",) for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
}
_NAMES = {alias: name for name, aliases in _CODECS.items() for alias in aliases}
# Labels of the standard that Python does not know.
_LABELS = {"windows-31j": "shift_jis", "iso-8859-8-i": "iso-8859-8", "unicode-1-1-utf-8": "utf-8"}
_MULTIBYTE = frozenset({"gb18030", "big5", "shift_jis", "euc-kr", "euc-jp"})

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_DECLARED = re.compile(
    rb"""<(?:meta\s[^>]{0,400}?charset\s*=|\?xml\s[^>]{0,100}?encoding\s*=)[\s"']*([A-Za-z0-9._:+-]{1,40})""",
    re.IGNORECASE,
)
_TAG_ENDS = re.compile(rb"[<>]")
_JAPANESE_ESCAPE = re.compile(rb"\x1b\$[@B]|\x1b\([BJ]")
_LETTER = re.compile(rb"[A-Za-z]")
_LATIN_1_LETTERS = re.compile(rb"[\xc0-\xff]")
_WINDOWS_QUOTES = re.compile(rb"[\x80-\x9f]")
# Encodings with control characters where their Windows sisters have quotation marks and dashes.
_WITHOUT_QUOTES = {
    "iso-8859-2": "windows-1250",
    "iso-8859-5": "windows-1251",
    "iso-8859-6": "windows-1256",
    "iso-8859-7": "windows-1253",
    "iso-8859-8": "windows-1255",
    "iso-8859-13": "windows-1257",
}

# Browsers look at the first 1,024 bytes; pages with long scripts before the declaration are common.
_HEAD_BYTES = 16_384
# What the detector reads at most; more does not change its mind.
_SAMPLE_BYTES = 65_536
# So few bytes outside ASCII can look like UTF-8 by chance in a Chinese or Korean page.
_CHANCE_BYTES = 8
# A declared encoding may fail for this share of the bytes outside ASCII: typing errors, cut pages.
_BAD_SHARE = 0.05
# No language written in the Latin alphabet has so many letters outside ASCII; Vietnamese comes closest.
_NOT_LATIN_SHARE = 0.4
_NOT_LATIN_BYTES = 40
# Fewer are quotation marks and dashes, on which a detector can only guess (Italian has 1.5 %, Spanish 2 %).
_PUNCTUATION_SHARE = 0.01
_MOSTLY_LATIN_SHARE = 0.05


def decode(data: bytes, hint: str | None = None) -> tuple[str, str]:
    """Return the text of a page and the name of its encoding; bytes that do not fit become U+FFFD.

    `hint` is a charset or a Content-Type header. MissingExtraError if the detector is needed and missing.
    """
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            text = _decoded(data, name)
            return text.removeprefix("\ufeff"), name
    if data.isascii():
        return _ascii(data)
    declared = [name for name in _declarations(data, hint) if name is not None]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _not_utf8(data, declared)
    legacy = _short_multibyte(data, declared)
    return (text, "utf-8") if legacy is None else legacy


def canonical(label: str | None) -> str | None:
    """Return the standard's name for an encoding label, or None for one that no page may use.

    >>> canonical("latin1"), canonical("GB2312"), canonical("utf-7")
    ('windows-1252', 'gb18030', None)
    """
    return None if label is None else _canonical(label.strip().lower())


@cache
def _canonical(label: str) -> str | None:
    if label in _CODECS:
        return label
    if label in _LABELS:
        return _LABELS[label]
    if not _LABEL.fullmatch(label):
        return None
    for known in (label, label.removeprefix("x-")):
        try:
            return _NAMES.get(codecs.lookup(known).name)
        except LookupError:
            continue
    return None


def _declarations(data: bytes, hint: str | None) -> Iterator[str | None]:
    if hint:
        match = _CHARSET.search(hint)
        yield canonical(match[1] if match else hint)
    for declaration in _DECLARED.finditer(data, 0, _HEAD_BYTES):
        name = canonical(declaration[1].decode("ascii"))
        # A declaration that could be read byte by byte is not written in two-byte units.
        yield "utf-8" if name in ("utf-16le", "utf-16be") else name


def _decoded(data: bytes, name: str) -> str:
    return data.decode(_CODECS[name][0], "replace")


def _ascii(data: bytes) -> tuple[str, str]:
    if b"\x1b$" in data and _JAPANESE_ESCAPE.search(data):
        return _decoded(data, "iso-2022-jp"), "iso-2022-jp"
    return data.decode("ascii"), "utf-8"


def _short_multibyte(data: bytes, declared: list[str]) -> tuple[str, str] | None:
    """Believe a declared East Asian encoding where the bytes are UTF-8 too, but too few to tell."""
    if not declared or declared[0] not in _MULTIBYTE or _outside_ascii(data) > _CHANCE_BYTES:
        return None
    text = _decoded(data, declared[0])
    return None if "\ufffd" in text else (text, declared[0])


def _not_utf8(data: bytes, declared: list[str]) -> tuple[str, str]:
    outside = _outside_ascii(data)
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for character in text if character > "\x7f") - bad
    if bad <= (good if "utf-8" in declared else good / 10):
        return text, "utf-8"
    for name in declared:
        if name == "utf-8" or (name == "windows-1252" and _reads_as_other_script(data)):
            continue
        text = _decoded(data, name)
        if text.count("\ufffd") <= _BAD_SHARE * outside:
            return text, name
    name = _detected(data)
    return _decoded(data, name), name


def _outside_ascii(data: bytes) -> int:
    return len(data) - len(data.decode("ascii", "ignore"))


def _reads_as_other_script(data: bytes) -> bool:
    """Tell whether a page that declares a Western encoding cannot be one: an editor's default, usually."""
    sample = _sample(data)
    return _outside_ascii(sample) > _NOT_LATIN_BYTES and _share(sample) > _NOT_LATIN_SHARE


def _share(sample: bytes) -> float:
    outside = _outside_ascii(sample)
    return outside / (outside + len(_LETTER.findall(sample)))


def _sample(data: bytes) -> bytes:
    """Return what stands in or between tags and is not ASCII: the rest drowns what a detector looks for."""
    pieces = (piece for piece in _TAG_ENDS.split(data) if not piece.isascii())
    return b"\n".join(pieces)[:_SAMPLE_BYTES]


def _detected(data: bytes) -> str:
    try:
        from resiliparse.parse.encoding import detect_encoding
    except ImportError as error:
        raise MissingExtraError("resiliparse", "web") from error
    sample = _sample(data)
    share = _share(sample)
    if share < _PUNCTUATION_SHARE or not _LATIN_1_LETTERS.search(sample):
        return "windows-1252"
    name = canonical(detect_encoding(sample, html5_compatible=False))
    # UTF-8 was tried before.
    if name is None or name.startswith("utf"):
        return "windows-1252"
    if name in _WITHOUT_QUOTES and _WINDOWS_QUOTES.search(sample):
        return _WITHOUT_QUOTES[name] if share > _MOSTLY_LATIN_SHARE else "windows-1252"
    return name
