"""How frames are packed: some hundred to a block, as MessagePack, deflated.

Deflating begins with what most frames are made of, so that also a block of two frames becomes smaller.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from voltline.messages import Deviation, encode
from voltline.messages.examples import EXAMPLES

Entry = tuple[float, int, str, str, tuple[Deviation, ...]] | tuple[float, int, str, str]
"""Seconds on the monotonic clock, key of the charge point, `in` or `out`, text. Or, with DEVIATED in the
place of the direction and the message id in that of the text, what was found when a frame was read."""

DEVIATED = "!"
RAW, DEFLATED = 0, 1

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[Any, ...]]).decode


def _dictionary() -> bytes:
    """The most frequent comes last, as deflate likes it."""
    frequent = ("StatusNotification", "Heartbeat", "StopTransaction", "StartTransaction", "MeterValues")
    parts = []
    for name in [*(name for name in EXAMPLES if name not in frequent), *frequent]:
        asked, told = EXAMPLES[name]
        parts += [b'[3,"",' + encode(told) + b"]", b'[2,"","%s",' % name.encode() + encode(asked) + b"]"]
    return b"".join(parts)[-32768:]


DICTIONARY = _dictionary()
"""Of this version; a file keeps the one that its blocks were packed with."""


def encoded(entries: Sequence[Entry]) -> bytes:
    """Entries as MessagePack; texts stand in it as they are. UnicodeEncodeError: halves of pairs."""
    return _encode(entries)


def packed(body: bytes, dictionary: bytes) -> tuple[int, bytes]:
    """The form and the body of a block of encoded entries."""
    deflate = zlib.compressobj(1, zdict=dictionary)
    smaller = deflate.compress(body) + deflate.flush()
    return (DEFLATED, smaller) if len(smaller) < len(body) else (RAW, body)


def unpacked(form: int, body: bytes, dictionary: bytes) -> bytes:
    """What `packed` was given."""
    if form == RAW:
        return body
    return zlib.decompressobj(zdict=dictionary).decompress(body)


def entries_of(body: bytes) -> list[tuple[Any, ...]]:
    return _decode(body)


def deviations_of(found: Sequence[object]) -> tuple[Deviation, ...]:
    return tuple(msgspec.convert(one, Deviation) for one in found)
