"""What charge points do that OCPP does not allow, counted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from voltline.central.domain.stations import StationKey
from voltline.messages import Deviation

MOST_SORTS = 200
"""Of so many sorts of deviation is kept account for a charge point; all others count as one a kind."""
_INDEX = re.compile(r"\[\d+\]")


class Sort(Struct, frozen=True):
    """What counts as the same deviation."""

    action: str
    """Of the message; empty: the connection itself deviates."""
    kind: str
    """A DeviationKind."""
    path: str
    """Without the indexes of lists; empty where too many sorts were seen to tell them apart."""


class Deviating(Struct, frozen=True, kw_only=True):
    """One sort of deviation of one charge point."""

    sort: Sort
    times: int
    first_at: datetime
    last_at: datetime
    example: str
    """The last one, in words."""
    example_message_id: str
    code: str
    """The OCPP error code that a strict central system answers with."""
    usable: bool
    """Whether the message could be used all the same."""


class Tally:
    """Counts deviations in memory until they are written down."""

    def __init__(self) -> None:
        self._counted: dict[tuple[StationKey, Sort], Deviating] = {}

    def add(
        self, station: StationKey, action: str, message_id: str, found: Iterable[Deviation], at: datetime
    ) -> None:
        for deviation in found:
            key = station, Sort(action, deviation.kind, _pattern(deviation.path))
            before = self._counted.get(key)
            self._counted[key] = Deviating(
                sort=key[1],
                times=1 if before is None else before.times + 1,
                first_at=at if before is None else before.first_at,
                last_at=at,
                example=deviation.text,
                example_message_id=message_id,
                code=deviation.code,
                usable=deviation.usable,
            )

    def take(self) -> list[tuple[StationKey, Deviating]]:
        """What was counted since the last time."""
        counted, self._counted = self._counted, {}
        return [(station, deviating) for (station, _), deviating in counted.items()]


@lru_cache(maxsize=2048)
def _pattern(path: str) -> str:
    return _INDEX.sub("[]", path)
