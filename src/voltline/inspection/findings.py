"""What a detector tells: one fault, its evidence, who should act, and what to do next."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum

import msgspec

from voltline.inspection.records import Record
from voltline.inspection.secrets import without_secrets

__all__ = ["Evidence", "Finding", "Findings", "Severity", "Who"]

MOST_EVIDENCE = 6
"""Lines of evidence that a finding keeps: the first ones and the last."""
EVIDENCE_LENGTH = 400
"""Characters that a line of evidence shows."""


class Severity(StrEnum):
    """How bad it is, least first; compare by `rank`."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info to 3 for critical."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Who(StrEnum):
    """Who should act on a finding."""

    CHARGER_MAKER = "charger maker"
    BACK_END = "back-end"
    SITE = "site"
    """Whoever looks after the installation: wiring, switches, network, configuration of the charger."""
    DRIVER = "driver"
    LOG_KEEPER = "log keeper"
    """Whoever made the log: it is damaged or incomplete, the charger may be fine."""
    NOBODY = "nobody"


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """A line that shows it."""

    source: str
    line: int
    text: str

    @classmethod
    def of(cls, record: Record) -> "Evidence":
        """A record as evidence, cut to what a person reads."""
        text = without_secrets(record.text)
        if len(text) > EVIDENCE_LENGTH:
            text = text[: EVIDENCE_LENGTH - 1] + "…"
        return cls(record.source, record.line, text)


class Finding(msgspec.Struct, gc=False):
    """One fault of one station, or of one of its connectors. Repeats of it are merged into one."""

    detector: str
    """Its id, such as `R01`."""
    severity: Severity
    station: str
    connector: int | None
    """None where it concerns the whole station."""
    first_at: datetime | None
    last_at: datetime | None
    """First and last time, in the log's own time as UTC; None in a log without times."""
    title: str
    """What it is, in a few words, the same for every repeat: findings of one title are merged."""
    text: str
    """What happened here, with the values, in one or two sentences. Of repeats, the last one's stands."""
    evidence: tuple[Evidence, ...]
    who: Who
    next_step: str
    count: int = 1
    basis: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, int | None, str]:
        """What makes two findings the same one."""
        return self.detector, self.station, self.connector, self.title


class Findings:
    """All findings, repeats merged. Memory grows with the kinds of fault, not with their number."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str, int | None, str], Finding] = {}

    def add(self, new: Finding) -> Finding:
        """Keep it, or merge it into the one that it repeats. Returns the one that is kept."""
        known = self._by_key.get(new.key)
        if known is None:
            new.evidence = _kept(new.evidence)
            self._by_key[new.key] = new
            return new
        known.count += new.count
        known.text = new.text
        known.next_step = new.next_step
        if new.severity.rank > known.severity.rank:
            known.severity = new.severity
        known.first_at = _earliest((known.first_at, new.first_at))
        known.last_at = _latest((known.last_at, new.last_at))
        known.evidence = _kept(known.evidence + tuple(e for e in new.evidence if e not in known.evidence))
        return known

    def __iter__(self) -> Iterator[Finding]:
        """Worst first, then the most frequent, then by station and detector."""
        return iter(
            sorted(
                self._by_key.values(),
                key=lambda one: (
                    -one.severity.rank,
                    -one.count,
                    one.station,
                    one.detector,
                    one.connector or 0,
                    one.title,
                ),
            )
        )

    def __len__(self) -> int:
        return len(self._by_key)


def _kept(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    if len(evidence) <= MOST_EVIDENCE:
        return evidence
    return (*evidence[: MOST_EVIDENCE - 1], evidence[-1])


def _earliest(times: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((at for at in times if at is not None), default=None)
