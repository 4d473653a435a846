"""What the central system and the inspector's process say to each other: MessagePack after its length."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

import msgspec

from voltline.central.domain.findings import Seen

CAME: Final = "in"
WENT: Final = "out"
OPENED: Final = "opened"
"""The text is the other side's address."""
CLOSED: Final = "closed"
"""The text is the reason."""

LENGTH: Final = 4
MOST_BYTES: Final = 256 * 1024 * 1024

Entry = tuple[int, float, str, str]
"""Charge point's key, seconds since 1970, one of CAME, WENT, OPENED and CLOSED, text."""


class Order(msgspec.Struct, frozen=True, array_like=True):
    """What to look with: the first thing that the process is told. See `inspection.choosing.choose`."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    thresholds: tuple[tuple[str, str, str], ...] = ()
    most_bytes: int = 0
    """Memory that the process may take up; it ends itself beyond. 0: whatever it needs."""


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """What went over the wire lately, in order."""

    number: int
    entries: list[Entry]
    names: dict[int, str]
    """Identities of charge points that were not named before."""
    kept: int
    """See `Sampling.kept`: what is known of charge points beyond it is of no use any more."""
    gaps: list[int]
    """Charge points of which frames are missing before these."""
    now: float
    """When it was made, in seconds since 1970: no later frame is older."""


class Report(msgspec.Struct, frozen=True, array_like=True):
    """The batch of this number was looked at."""

    number: int
    frames: int
    seen: list[Seen]
    more: bool
    """Something waits to be told by a later report."""
    stations: int
    """Charge points that are being looked at."""
    memory_bytes: int
    dropped: int
    """Findings that were too many to be told."""
    troubles: list[str]
    """What went wrong, in a line each."""


_encode = msgspec.msgpack.Encoder().encode


def packed(thing: msgspec.Struct) -> bytes:
    """With its length before it. Raises UnicodeEncodeError for halves of surrogate pairs."""
    body = _encode(thing)
    return len(body).to_bytes(LENGTH, "little") + body


def read(pipe: BinaryIO, decoder: msgspec.msgpack.Decoder[Any]) -> Any:
    """The next thing that was `packed`; None at the pipe's end."""
    head = pipe.read(LENGTH)
    if len(head) < LENGTH:
        return None
    length = int.from_bytes(head, "little")
    body = pipe.read(length)
    return decoder.decode(body) if len(body) == length else None
