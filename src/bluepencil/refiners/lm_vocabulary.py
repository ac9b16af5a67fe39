"""The bytes of a tokenizer's tokens, as a trie in flat arrays: which tokens a text may go on with.

Nodes are numbered level by level, the root is 0; the children of a node are neighbours, sorted by their byte,
and child `e + 1` is reached by edge `e`. So a child is one look into `labels` between two offsets, and for
many nodes at once one binary search.
"""

import json
from array import array
from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from bluepencil.errors import OptionError

Ints = NDArray[np.int64]

# Bytes that stand in no UTF-8, and controls, which programs never hold: no token is needed for these.
_NEEDED = [0x0A, *range(0x20, 0x7F), *range(0x80, 0xC0), *range(0xC2, 0xF5)]


class Trie:
    """All byte strings of a vocabulary; `tokens[i]` is that of token i, None where it may never be chosen.

    leading_space: the decoder drops one space at the beginning of a text. Raises OptionError where a byte
    that a program may need is not a token by itself: then there would be texts that no tokens spell.
    """

    def __init__(self, tokens: Sequence[bytes | None], leading_space: bool = False) -> None:
        self.tokens = tokens
        self.leading_space = leading_space
        self.words = -(-len(tokens) // 32)
        ids = np.array([number for number, token in enumerate(tokens) if token], dtype=np.int64)
        spelled = [tokens[number] or b"" for number in ids.tolist()]
        keys, ends = _levels(spelled)
        self.keys = keys
        self.labels = (keys & 255).astype(np.uint8).tobytes()
        nodes = len(keys) + 1
        self.first = array("q", np.searchsorted(keys >> 8, np.arange(nodes + 1)).tolist())
        order = np.argsort(ends, kind="stable")
        self.ids = ids[order]
        self.offsets = np.searchsorted(ends[order], np.arange(nodes + 1))
        self.ends = array("q", self.offsets.tolist())
        self.numbers = array("q", self.ids.tolist())
        self.digits = self._digits()
        self.kept: dict[Any, Any] = {}
        self.root = np.zeros(256, dtype=np.int64)
        for byte in range(256):
            self.root[byte] = self.child(0, byte)
        missing = [byte for byte in _NEEDED if not self._is_token(int(self.root[byte]))]
        if missing:
            raise OptionError(f"the vocabulary has no token for the byte {missing[0]:#04x} by itself")

    def child(self, node: int, byte: int) -> int:
        """Return the child of a node, 0 where it has none."""
        return self.labels.find(byte, self.first[node], self.first[node + 1]) + 1

    def children(self, nodes: Ints, bytes_: NDArray[np.uint8]) -> Ints:
        """Return the child of each node by the byte in the same place, 0 where it has none."""
        wanted = (nodes << 8) | bytes_
        places = np.searchsorted(self.keys, wanted)
        places[places == len(self.keys)] = 0
        return np.where(self.keys[places] == wanted, places + 1, 0)

    def mask(self, nodes: Sequence[int], many: Sequence[Ints] = (), more: Sequence[int] = ()) -> Any:
        """Return the tokens that end in nodes, and `more`, as bits, lowest first, in words of 32."""
        bits = bytearray(self.words * 4)
        for node in nodes:
            for place in range(self.ends[node], self.ends[node + 1]):
                token = self.numbers[place]
                bits[token >> 3] |= 1 << (token & 7)
        for token in more:
            bits[token >> 3] |= 1 << (token & 7)
        mask = np.frombuffer(bits, dtype=np.uint8)
        if many:
            chosen = self._tokens(np.concatenate(many))
            np.bitwise_or.at(mask, chosen >> 3, (1 << (chosen & 7)).astype(np.uint8))
        return mask.view(np.int32)

    def _tokens(self, nodes: Ints) -> Ints:
        starts = self.offsets[nodes]
        counts = self.offsets[nodes + 1] - starts
        places = np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
        chosen: Ints = self.ids[places]
        return chosen

    def _digits(self) -> list[tuple[int, int, int]]:
        """Return value, power of ten and node of all digits without a letter between them, shortest first."""
        found = [(0, 1, 0)]
        for value, scale, node in found:
            if scale < 10**6:
                for digit in range(10):
                    child = self.child(node, 0x30 + digit)
                    if child:
                        found.append((value * 10 + digit, scale * 10, child))
        return found[1:]

    def _is_token(self, node: int) -> bool:
        return node > 0 and bool(self.offsets[node + 1] > self.offsets[node])


def _levels(tokens: Sequence[bytes]) -> tuple[Ints, Ints]:
    """Return the sorted edges (parent * 256 + byte), and the node where each token ends."""
    buffer = np.frombuffer(b"".join(tokens), dtype=np.uint8)
    lengths = np.array([len(token) for token in tokens], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    ends = np.zeros(len(tokens), dtype=np.int64)
    open_ = np.arange(len(tokens))
    edges: list[Ints] = []
    made = depth = 0
    while len(open_):
        wanted = (ends[open_] << 8) | buffer[starts[open_] + depth]
        keys, inverse = np.unique(wanted, return_inverse=True)
        edges.append(keys)
        ends[open_] = inverse.ravel() + made + 1
        made += len(keys)
        depth += 1
        open_ = open_[lengths[open_] > depth]
    return np.concatenate(edges) if edges else np.zeros(0, dtype=np.int64), ends


_TRIES: "WeakKeyDictionary[Any, Trie]" = WeakKeyDictionary()


def trie_of(tokenizer: Any) -> Trie:
    """Return the trie of a fast tokenizer of transformers, made on first use."""
    found = _TRIES.get(tokenizer)
    if found is None:
        found = _TRIES[tokenizer] = Trie(*token_bytes(tokenizer))
    return found


def token_bytes(tokenizer: Any) -> tuple[list[bytes | None], bool]:
    """Return the bytes of each token, None for added ones, and whether a leading space goes.

    Byte-level BPE, and SentencePiece with a token per byte. Raises OptionError for any other kind.
    """
    backend = json.loads(tokenizer.backend_tokenizer.to_str())
    kinds = {part["type"]: part for part in _parts(backend.get("decoder"))}
    if "ByteLevel" in kinds:
        bytes_of = {character: byte for byte, character in _byte_level()}
    elif "ByteFallback" not in kinds:
        raise OptionError("a constraint needs a tokenizer with byte-level BPE or a token per byte")
    else:
        bytes_of = {}
    vocabulary = tokenizer.get_vocab()
    added = {*tokenizer.get_added_vocab(), *tokenizer.all_special_tokens}
    tokens: list[bytes | None] = [None] * (max(vocabulary.values()) + 1)
    for name, number in vocabulary.items():
        if name not in added:
            tokens[number] = _spelled(name, bytes_of) if bytes_of else _sentencepiece(name)
    return tokens, "Strip" in kinds or "Metaspace" in kinds


def _parts(decoder: Any) -> Iterator[dict[str, Any]]:
    if decoder and decoder["type"] == "Sequence":
        for part in decoder["decoders"]:
            yield from _parts(part)
    elif decoder:
        yield decoder


def _byte_level() -> Iterator[tuple[int, str]]:
    """Yield each byte with the character that GPT-2's byte-level BPE writes for it."""
    unseen = 0
    for byte in range(256):
        if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE:
            yield byte, chr(byte)
        else:
            yield byte, chr(0x100 + unseen)
            unseen += 1


def _spelled(name: str, bytes_of: dict[str, int]) -> bytes | None:
    found = [bytes_of.get(character) for character in name]
    return None if None in found else bytes(byte for byte in found if byte is not None)


def _sentencepiece(name: str) -> bytes:
    if len(name) == 6 and name.startswith("<0x") and name.endswith(">"):
        return bytes([int(name[3:5], 16)])
    return name.replace("\u2581", " ").encode()
