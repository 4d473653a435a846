"""The thresholds of a detector as data, for the printed page and the command line."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from voltline.inspection.detector import Detector

__all__ = ["Threshold", "thresholds_of"]


class Threshold(NamedTuple):
    """One setting of a detector."""

    name: str
    default: object
    unit: str
    """Empty where it is a plain number."""
    meaning: str


def thresholds_of(detector: type[Detector]) -> Iterator[Threshold]:
    """The detector's settings with their defaults, in the order of their declaration."""
    kind = type(detector.settings)
    schema = msgspec.json.schema(kind)
    described: dict[str, Any] = schema.get("$defs", {}).get(kind.__name__, schema).get("properties", {})
    for name, default in msgspec.structs.asdict(detector.settings).items():
        field: dict[str, Any] = described.get(name, {})
        yield Threshold(name, default, field.get("x-unit", ""), field.get("description", ""))
