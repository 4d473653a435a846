"""How much of a log was understood: what a report must say before it says anything else."""

import msgspec

from voltline.inspection.records import Damage, Record, RecordKind

__all__ = ["NO_FRAME", "SOAP", "WHAT_TO_EXPORT", "Coverage"]

BLANK = "blank"
NO_FRAME = "no frame in it"
SOAP = "SOAP, which is not read"
WHAT_TO_EXPORT = (
    "Nothing could be inspected where there are no frames. A frame is an OCPP message as it goes over the "
    'wire, such as [2,"17","Heartbeat",{}]. Actions and their contents alone do not tell who sent them and '
    "which answer belongs to which call. Export the raw messages with their message ids (a portal's message "
    "log, a WebSocket or debug log), with times if there are any."
)


class Coverage(msgspec.Struct):
    """What was read of one file. Filled while its records are drawn; final when they are exhausted."""

    source: str
    lines: int = 0
    """Lines of text; packets of a capture."""
    frame_lines: int = 0
    """Lines that a frame stands on, more than one for a frame written over several."""
    frames: int = 0
    connections: int = 0
    """Lines that tell of a connection opened or closed."""
    notes: int = 0
    """Lines of the vendor's own, given to whoever understands them."""
    blank: int = 0
    skipped_lines: dict[str, int] = msgspec.field(default_factory=dict)
    """Reason to the number of lines left out for it. Blank lines are not among them."""
    first_skipped: dict[str, int] = msgspec.field(default_factory=dict)
    """Reason to the first line left out for it."""
    formats: dict[str, int] = msgspec.field(default_factory=dict)
    """Name of a format to the frames found in it."""
    damage: dict[Damage, int] = msgspec.field(default_factory=dict)
    """Kind of damage to the number of frames that have it."""
    newest_first: bool = False
    """The file had its newest line first and was turned round."""
    problem: str | None = None
    """Why reading ended before the file did, or did not begin: what, where, what to do instead."""

    @property
    def skipped(self) -> int:
        """Lines that said nothing we could use, blank ones not counted."""
        return sum(self.skipped_lines.values())

    @property
    def lacks_frames(self) -> bool:
        """Whether it was read to its end, and all of it is something else; see `WHAT_TO_EXPORT`."""
        told = self.frames + self.notes + self.connections
        return not told and self.problem is None and self.skipped > 0 and SOAP not in self.skipped_lines

    def skip(self, reason: str, line: int, count: int = 1) -> None:
        """Count lines left out for a reason."""
        if reason in self.skipped_lines:
            self.skipped_lines[reason] += count
        else:
            self.skipped_lines[reason] = count
            self.first_skipped[reason] = line

    def found(self, record: Record, form: str) -> None:
        """Count a record that stands on one line; `form` is the name of its format."""
        if record.kind is RecordKind.FRAME:
            self.frames += 1
            self.formats[form] = self.formats.get(form, 0) + 1
            for damage in record.damage:
                self.damage[damage] = self.damage.get(damage, 0) + 1
        elif record.kind is RecordKind.NOTE:
            self.notes += 1
        else:
            self.connections += 1
