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

Ints = NDArray[np.signedinteger[Any]]

# Bytes that stand in no UTF-8, and controls, which programs never hold: no token is needed for these.
_NEEDED = [0x0A, *range(0x20, 0x7F), *range(0x80, 0xC0), *range(0xC2, 0xF5)]
NEVER = 0xFF
"""A byte that stands in no UTF-8, and so in no program: it marks where a string must end."""
QUOTE = 0x22
NONE, SEVERAL = -1, -2
"""In the place of the token that ends in a node: there is none, or there is more than one."""
_MANY = 1000
"""Nodes from which on the bits of a mask are set by way of an array of bytes."""
_SEARCHED = 150
"""Nodes up to which children are found by binary search, more of them by hashing."""


class Trie:
    """All byte strings of a vocabulary; `tokens[i]` is that of token i, None where it may never be chosen.

    `token[node]` is the token that ends in a node. leading_space: the decoder drops one space at the
    beginning of a text. runs_on: whether a token ends one call and begins the next. Raises OptionError where
    a byte that a program may need is not a token by itself: then there would be texts that no tokens spell.
    """

    def __init__(self, tokens: Sequence[bytes | None], leading_space: bool = False) -> None:
        self.tokens = [token if token and NEVER not in token else None for token in tokens]
        self.leading_space = leading_space
        self.words = -(-len(tokens) // 32)
        ids = np.array([number for number, token in enumerate(self.tokens) if token], dtype=np.int64)
        keys, ends = _levels([token for token in self.tokens if token])
        nodes = len(keys) + 1
        # In 32 bits where they fit, which is half the memory to look through.
        self.kind: type[np.signedinteger[Any]] = np.int32 if nodes < 1 << 23 else np.int64
        self.keys: Ints = np.append(keys, np.iinfo(self.kind).max).astype(self.kind)
        self.edges = _Edges(self.keys[:-1])
        self.led_to = np.arange(1, nodes, dtype=self.kind)
        self.labels = (keys & 255).astype(np.uint8).tobytes()
        self.first = array("q", np.searchsorted(keys >> 8, np.arange(nodes + 1)).tolist())
        self.tokens_at: Ints = np.full(nodes, NONE, dtype=self.kind)
        self.tokens_at[ends] = ids
        self.several = _several(ends, ids)
        self.tokens_at[list(self.several)] = SEVERAL
        self.token = array("q", self.tokens_at.tolist())
        self.byte_at = np.where(self.tokens_at < 0, self.words * 4, self.tokens_at >> 3)
        self.bit_at = (1 << (self.tokens_at & 7)).astype(np.uint8)
        self.quotes = np.zeros(nodes, dtype=self.kind)
        quoting = np.flatnonzero((keys & 255) == QUOTE)
        self.quotes[keys[quoting] >> 8] = quoting + 1
        self.quote = array("q", self.quotes.tolist())
        self.kept: dict[Any, Any] = {}
        """What is the same for every program, by whoever found it out."""
        self.root = self.row(0)
        self.pairs = self._pairs()
        self.digit = self.root[0x30:0x3A].tolist()
        self.runs_on = any(token and (b")\nk" in token or b")\nr" in token) for token in self.tokens)
        missing = [byte for byte in _NEEDED if not self._is_token(int(self.root[byte]))]
        if missing:
            raise OptionError(f"the vocabulary has no token for the byte {missing[0]:#04x} by itself")

    def child(self, node: int, byte: int) -> int:
        """Return the child of a node, 0 where it has none."""
        return self.labels.find(byte, self.first[node], self.first[node + 1]) + 1

    def children(self, nodes: Any, bytes_: Ints) -> tuple[Ints, Ints]:
        """Return which of many nodes have a child by the byte in the same place, and these children.

        Both are of the kind of the keys, or all of these would be converted each time.
        """
        wanted = (nodes << 8) | bytes_
        if len(wanted) > _SEARCHED:
            return self.edges.find(wanted)
        edges = self.keys.searchsorted(wanted)
        found = (self.keys[edges] == wanted).nonzero()[0]
        return found, self.led_to[edges[found]]

    def goes_on(self, node: int, firsts: bytes | None) -> bool:
        """Say whether tokens go on from a node with one of these bytes, or with any where it is None."""
        key = node, firsts
        kept = self.kept.get(key)
        if kept is None:
            labels = self.labels[self.first[node] : self.first[node + 1]]
            kept = bool(labels) if firsts is None else any(byte in firsts for byte in labels)
            self.kept[key] = kept
        return bool(kept)

    def ids(self, node: int) -> Sequence[int]:
        """Return the tokens that end in a node."""
        token = self.token[node]
        return (token,) if token >= 0 else self.several.get(node, ())

    def mask(self, tokens: Sequence[int], arrays: Sequence[Ints] = ()) -> Any:
        """Return tokens, and those that end in arrays of nodes, as bits, lowest first, in words of 32."""
        size = self.words * 4
        nodes = arrays[0] if len(arrays) == 1 else np.concatenate(arrays) if arrays else ()
        if self.several and len(nodes):
            twins = nodes[self.tokens_at[nodes] == SEVERAL].tolist()
            tokens = [*tokens, *(token for node in twins for token in self.several[node])]
        if len(nodes) > _MANY:
            # The last two stand for the nodes without a token of their own.
            chosen = np.zeros(size * 8 + 2, dtype=bool)
            chosen[self.tokens_at[nodes]] = True
            chosen[tokens] = True
            return np.packbits(chosen[:-2], bitorder="little").view(np.int32)
        bits = bytearray(size + 4)
        for token in tokens:
            bits[token >> 3] |= 1 << (token & 7)
        mask = np.frombuffer(bits, dtype=np.uint8)
        if len(nodes):
            np.bitwise_or.at(mask, self.byte_at[nodes], self.bit_at[nodes])
        return mask[:size].view(np.int32)

    def mask_of(self, bytes_at: Any, bits_at: Any) -> Any:
        """Return a mask of tokens of which the bytes and the bits in it are known: `byte_at`, `bit_at`."""
        mask = np.frombuffer(bytearray(self.words * 4 + 4), dtype=np.uint8)
        np.bitwise_or.at(mask, bytes_at, bits_at)
        return mask[:-4].view(np.int32)

    def _pairs(self) -> Ints:
        """Return the node of each two bytes, by the first times 256 and the second; 0 where there is none."""
        pairs = np.zeros(1 << 16, dtype=self.kind)
        last = self.first[1]
        edges = np.arange(self.first[1], self.first[last + 1])
        parents = (self.keys[edges] >> 8) - 1
        pairs[
            (np.frombuffer(self.labels, dtype=np.uint8)[parents].astype(int) << 8) | (self.keys[edges] & 255)
        ] = edges + 1
        return pairs

    def row(self, node: int) -> Ints:
        """Return the children of one node by their bytes, 0 where there is none."""
        kept = self.kept.get(node)
        if kept is None:
            kept = self.kept[node] = np.zeros(256, dtype=self.kind)
            low, high = self.first[node], self.first[node + 1]
            kept[list(self.labels[low:high])] = np.arange(low, high) + 1
        found: Ints = kept
        return found

    def digits(self, node: int = 0) -> tuple[Ints, Ints, Ints]:
        """Return value, power of ten and node of all digits that follow a node at once, shortest first."""
        kept = self.kept.get(("digits", node))
        if kept is None:
            found = [(0, 1, node)]
            for value, scale, here in found:
                if scale < 10**6:
                    for digit in range(10):
                        child = self.child(here, 0x30 + digit)
                        if child:
                            found.append((value * 10 + digit, scale * 10, child))
            values, scales, nodes = np.array(found[1:], dtype=np.int64).reshape(-1, 3).T.copy()
            kept = self.kept[("digits", node)] = values, scales, nodes
        digits: tuple[Ints, Ints, Ints] = kept
        return digits

    def numbers(self, node: int = 0) -> tuple[Ints, Ints]:
        """Return values and nodes of the digits that a number may begin with, none with a zero, by value."""
        kept = self.kept.get(("numbers", node))
        if kept is None:
            values, scales, nodes = self.digits(node)
            chosen = (values >= np.maximum(scales // 10, 1)).nonzero()[0]
            chosen = chosen[np.argsort(values[chosen], kind="stable")]
            kept = self.kept[("numbers", node)] = values[chosen], nodes[chosen]
        numbers: tuple[Ints, Ints] = kept
        return numbers

    def _is_token(self, node: int) -> bool:
        return node > 0 and self.token[node] != NONE


class _Edges:
    """The nodes that edges lead to, by their keys: a table by hash, and what has found no place in it."""

    def __init__(self, keys: Ints) -> None:
        bits = max(8, (3 * len(keys)).bit_length())
        self.shift = np.uint32(32 - bits)
        slots, chosen = np.unique(self._slots(keys), return_index=True)
        self.keys = np.full(1 << bits, -1, dtype=keys.dtype)
        self.keys[slots] = keys[chosen]
        self.nodes = np.zeros(1 << bits, dtype=keys.dtype)
        self.nodes[slots] = chosen + 1
        left = np.ones(len(keys), dtype=bool)
        left[chosen] = False
        self.is_full = np.zeros(1 << bits, dtype=bool)
        self.is_full[self._slots(keys[left])] = True
        self.left = np.append(keys[left], np.iinfo(keys.dtype).max).astype(keys.dtype)
        self.left_nodes = left.nonzero()[0].astype(keys.dtype) + 1

    def find(self, wanted: Ints) -> tuple[Ints, Ints]:
        """Return which keys are edges, and the nodes that these lead to."""
        slots = self._slots(wanted)
        found = (self.keys[slots] == wanted).nonzero()[0]
        # Where a key lost its place to another one, what is wanted may be among those left over.
        perhaps = self.is_full[slots]
        perhaps[found] = False
        others = perhaps.nonzero()[0]
        keys = wanted[others]
        places = self.left.searchsorted(keys)
        among = (self.left[places] == keys).nonzero()[0]
        nodes = self.nodes[slots[found]], self.left_nodes[places[among]]
        return np.concatenate((found, others[among])), np.concatenate(nodes)

    def _slots(self, keys: Ints) -> NDArray[np.uint32]:
        # Knuth's multiplier: the highest bits of the product are spread most evenly.
        slots: NDArray[np.uint32] = (keys.astype(np.uint32) * np.uint32(2654435761)) >> self.shift
        return slots


def _several(ends: Ints, ids: Ints) -> dict[int, list[int]]:
    """Return the tokens of each node where more than one ends."""
    order = np.argsort(ends, kind="stable")
    sorted_ends = ends[order]
    twins = np.unique(sorted_ends[1:][sorted_ends[1:] == sorted_ends[:-1]])
    return {int(node): ids[ends == node].tolist() for node in twins}


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
