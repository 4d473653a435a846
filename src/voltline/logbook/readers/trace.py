"""What our trace says beside the keys of open-ocpp-trace: enough to inspect it as the log it came from."""

from typing import Final

import msgspec

from voltline.inspection.records import Damage, RecordKind

__all__ = ["TRACE", "Place", "Told"]

TRACE: Final = "voltline trace"
"""Its name in reports."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """A line of the log that the trace was made of."""

    file: str
    line: int


class Told(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What open-ocpp-trace has no key for; stands under `voltline`."""

    kind: RecordKind
    file: str = ""
    line: int = 0
    text: str | None = None
    """The reason of a close, the path of a connection, the vendor's line; frames have `raw`."""
    connection: str | None = None
    damage: tuple[Damage, ...] = ()
    pairing: str = ""
    """As `logbook.frames.Seen.pairing`."""
    answers: Place | None = None
    """Where the CALL stands that this answers."""
    took_ms: float | None = None
