"""Looks at the frames of many charge points as they come: an inspection of each, as of a log without end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from voltline.central.domain.findings import Seen, ShownFrame
from voltline.central.domain.redaction import redacted_text
from voltline.central.domain.sampling import SLOTS, slot_of
from voltline.central.domain.stations import StationKey
from voltline.central.inspecting.pipe import CAME, CLOSED, OPENED, WENT, Batch, Entry
from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.engine import StationInspection
from voltline.inspection.findings import Evidence, Finding
from voltline.inspection.records import Direction, Record, RecordKind

REMEMBERED: Final = 32
"""Closed exchanges of a charge point that are remembered, for late answers and message ids used again."""
IDLE_S: Final = 48 * 3600.0
"""What is known of a charge point that said nothing for so long is given up."""
TRIM_AFTER: Final = 500
"""Frames of a charge point after which what only a report of a log shows is thrown away."""
TIME_PERIOD_S: Final = 20.0
"""So often time itself is let judge. A charge point that says nothing has its faults too."""
SOURCE: Final = "message log"

_KINDS: Final = {
    CAME: (RecordKind.FRAME, Direction.FROM_STATION),
    WENT: (RecordKind.FRAME, Direction.FROM_CENTRAL),
    OPENED: (RecordKind.CONNECTED, Direction.UNKNOWN),
    CLOSED: (RecordKind.DISCONNECTED, Direction.UNKNOWN),
}


class _Looked:
    """What is known of a charge point."""

    __slots__ = ("frames", "heard", "inspection")

    def __init__(self, inspection: StationInspection) -> None:
        self.inspection = inspection
        self.frames = 0
        self.heard = 0.0


class Stations:
    """`feed` it batches. Memory is bounded for each charge point, and grows with their number."""

    def __init__(
        self,
        detectors: Sequence[type[Detector]],
        settings: Mapping[str, DetectorSettings] | None = None,
    ) -> None:
        self.troubles: list[str] = []
        """What went wrong, in a line each. Whoever reads it empties it."""
        self._detectors = detectors
        self._settings = settings or {}
        self._names: dict[int, str] = {}
        self._looked: dict[int, _Looked] = {}
        self._latest = 0.0
        self._timed_at = 0.0
        """When time was last let judge."""

    def __len__(self) -> int:
        return len(self._looked)

    def feed(self, batch: Batch) -> list[Seen]:
        """What is to be seen in these frames."""
        self._names.update(batch.names)
        self._forget(batch)
        found: list[Seen] = []
        for entry in batch.entries:
            found += self._look(entry)
        if not 0.0 <= batch.now - self._timed_at < TIME_PERIOD_S:
            self._timed_at = batch.now
            now = datetime.fromtimestamp(batch.now, UTC)
            for key in list(self._looked):
                found += self._let_time_pass(key, now)
        return found

    def _look(self, entry: Entry) -> Iterable[Seen]:
        key, at, sort, text = entry
        looked = self._looked.get(key)
        if looked is None:
            looked = self._looked[key] = self._begin(key)
        looked.heard = self._latest = at
        kind, direction = _KINDS[sort]
        moment = datetime.fromtimestamp(at, UTC)
        station = looked.inspection.facts.station
        record = Record(SOURCE, _place(at, direction), redacted_text(text), kind, moment, direction, station)
        try:
            findings = looked.inspection.feed(record)
        except Exception as error:
            self._give_up(key, error)
            return ()
        looked.frames += 1
        if looked.frames % TRIM_AFTER == 0:
            _trim(looked.inspection)
        return [_seen(StationKey(key), finding) for finding in findings] if findings else ()

    def _let_time_pass(self, key: int, now: datetime) -> Iterable[Seen]:
        try:
            findings = self._looked[key].inspection.pass_time(now)
        except Exception as error:
            self._give_up(key, error)
            return ()
        return [_seen(StationKey(key), finding) for finding in findings] if findings else ()

    def _give_up(self, key: int, error: Exception) -> None:
        """Whatever a charge point sent, or somebody's own detector does: the others are looked at."""
        station = self._looked.pop(key).inspection.facts.station
        told = f"{station}: {type(error).__name__}: {error}; what was known of it is given up"
        self.troubles.append(told[:500])

    def _begin(self, key: int) -> _Looked:
        name = self._names.get(key, str(key))
        inspection = StationInspection(name, self._detectors, self._settings, remembered=REMEMBERED)
        inspection.facts.live = True
        return _Looked(inspection)

    def _forget(self, batch: Batch) -> None:
        """What has a gap begins anew, as a log does whose beginning is not known."""
        for key in batch.gaps:
            self._looked.pop(key, None)
        if batch.kept < SLOTS:
            for key in [key for key in self._looked if slot_of(StationKey(key)) >= batch.kept]:
                del self._looked[key]
        if batch.number % 1000 == 0:
            for key in [key for key, one in self._looked.items() if self._latest - one.heard > IDLE_S]:
                del self._looked[key]


def _trim(inspection: StationInspection) -> None:
    chronicle = inspection.chronicle
    chronicle.sessions.clear()
    chronicle.summary.states.clear()
    chronicle.summary.gaps.clear()


def _seen(station: StationKey, finding: Finding) -> Seen:
    frames = tuple(_shown(one) for one in finding.evidence)
    finding.evidence = ()
    return Seen(station, finding, frames)


# A live log has no lines. In their place stand the microseconds since 1970, doubled, plus one for a frame
# to the charge point.


def _place(at: float, direction: Direction) -> int:
    return round(at * 1_000_000) * 2 + (direction is Direction.FROM_CENTRAL)


def _shown(evidence: Evidence) -> ShownFrame:
    moment = datetime.fromtimestamp(evidence.line // 2 / 1_000_000, UTC)
    return ShownFrame(moment, WENT if evidence.line % 2 else CAME, evidence.text)
