"""Numbered messages over a pipe, as a process and what it serves exchange them."""

import os
import struct

HEAD = struct.Struct(">QI")
"""The number of a request, and the bytes that follow."""


def frame(number: int, payload: bytes) -> bytes:
    """Return a message as it goes over a pipe."""
    return HEAD.pack(number, len(payload)) + payload


def read_frame(descriptor: int) -> tuple[int, bytes] | None:
    """Return the next message, waiting for all of it; None where the other end closed."""
    head = _read(descriptor, HEAD.size)
    if head is None:
        return None
    number, length = HEAD.unpack(head)
    payload = _read(descriptor, length)
    return None if payload is None else (number, payload)


def _read(descriptor: int, length: int) -> bytes | None:
    parts = []
    while length:
        part = os.read(descriptor, min(length, 1 << 20))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
