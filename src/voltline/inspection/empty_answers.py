"""Which deviation makes an answer one without content."""

from collections.abc import Iterable
from typing import Final

from voltline.messages.deviation import Deviation, DeviationKind

__all__ = ["lacking_status"]

_ABSENT: Final = frozenset({DeviationKind.MISSING, DeviationKind.BLANK, DeviationKind.EXPLICIT_NULL})
_PATHS: Final = frozenset({"$.status", "$.idTagInfo.status"})


def lacking_status(deviations: Iterable[Deviation]) -> Deviation | None:
    """The deviation of a result whose status is missing, null or empty; None if it has one."""
    return next((one for one in deviations if one.path in _PATHS and one.kind in _ABSENT), None)
