"""The two ends of a connection in words, and which of them should act."""

from voltline.inspection.findings import Who
from voltline.inspection.records import Direction

__all__ = ["name_of", "who_is"]

_NAMES = {
    Direction.FROM_STATION: "the charge point",
    Direction.FROM_CENTRAL: "the central system",
    Direction.UNKNOWN: "one side",
}
_WHO = {
    Direction.FROM_STATION: Who.CHARGER_MAKER,
    Direction.FROM_CENTRAL: Who.BACK_END,
    Direction.UNKNOWN: Who.NOBODY,
}


def name_of(sender: Direction) -> str:
    """The side that sends in this direction, for use in a sentence."""
    return _NAMES[sender]


def who_is(sender: Direction) -> Who:
    """Who is responsible for what is sent in this direction."""
    return _WHO[sender]
