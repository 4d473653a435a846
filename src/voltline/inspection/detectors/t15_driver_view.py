"""T15: how it went for the drivers, visit by visit."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Event, Exchange
from voltline.inspection.exchanges import status_of, text_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.sessions import Ending, SessionClosed, SessionOpened
from voltline.messages import AuthorizationStatus, IdTagInfo
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """What one visit is, and when it was worth it."""

    same_tag_within_s: Annotated[
        float, doc("Attempts with one id tag so close together are one visit.", unit="s")
    ] = 1800.0
    unknown_tag_within_s: Annotated[
        float, doc("Attempts whose tag is not known, so close together, are one visit.", unit="s")
    ] = 120.0
    success_wh: Annotated[float, doc("A session with more energy than this is a success.", unit="Wh")] = 100.0


class _Visit(msgspec.Struct, gc=False):
    last_at: datetime
    running: int = 0
    failures: int = 0
    success: bool = False


class DriverView(Detector):
    """Of the visits, how many charged at first try, how many after trouble, how many not at all."""

    id = "T15"
    title = "Visits of drivers"
    severity = Severity.INFO
    basis = ()
    who = Who.NOBODY
    next_step = "Compare with the other charge points of the site; look at the failed visits first."
    explanation = (
        "Attempts to charge are put together to visits: those with one id tag within half an hour, those "
        "without a known tag within two minutes. A visit succeeds if a session delivers more than 100 Wh; at "
        "first try, or after failures. It is a figure, not a fault. Sessions cut off by the log's edges do "
        "not count."
    )
    events = (Answered, SessionOpened, SessionClosed)
    actions = frozenset({"Authorize", "RemoteStartTransaction"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._visits: dict[str, _Visit] = {}
        self._first_try = 0
        self._troubled = 0
        self._failed = 0

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Add the attempt to its visit."""
        if type(event) is Answered:
            if _refused(event.exchange):
                visit = self._visit(text_of(event.exchange, "id_tag"), event.at)
                if visit is not None:
                    _count(visit, False)
        elif isinstance(event, SessionOpened):
            visit = self._visit(event.session.id_tag, event.at)
            if visit is not None:
                visit.running += 1
        elif isinstance(event, SessionClosed):
            session = event.session
            visit = self._visit(session.id_tag, event.at)
            if visit is None:
                return ()
            visit.running = max(0, visit.running - 1)
            energy = session.energy_wh
            if session.ending is Ending.STOPPED and session.start is not None and energy is not None:
                _count(visit, energy > self.settings.success_wh)
        return ()

    def end(self, facts: Facts) -> Iterator[Finding]:
        """The figures of the whole log."""
        for key in list(self._visits):
            self._close(key)
        visits = self._first_try + self._troubled + self._failed
        if visits:
            yield self.finding(
                facts,
                f"{visits} {'visit' if visits == 1 else 'visits'}: {self._first_try} charged at first try, "
                f"{self._troubled} after trouble, {self._failed} not at all.",
                first_at=facts.first_at,
                last_at=facts.now,
            )

    def _visit(self, tag: str | None, at: datetime | None) -> _Visit | None:
        if at is None:
            return None
        key = "" if tag is None else tag.casefold()
        for other, visit in list(self._visits.items()):
            within = self.settings.same_tag_within_s if other else self.settings.unknown_tag_within_s
            if not visit.running and at - visit.last_at > timedelta(seconds=within):
                self._close(other)
        visit = self._visits.setdefault(key, _Visit(at))
        visit.last_at = max(visit.last_at, at)
        return visit

    def _close(self, key: str) -> None:
        visit = self._visits.pop(key)
        if visit.success:
            if visit.failures:
                self._troubled += 1
            else:
                self._first_try += 1
        elif visit.failures:
            self._failed += 1


def _count(visit: _Visit, success: bool) -> None:
    if success:
        visit.success = True
    elif not visit.success:
        visit.failures += 1


def _refused(exchange: Exchange) -> bool:
    info = getattr(exchange.response, "id_tag_info", None)
    if isinstance(info, IdTagInfo):
        return info.status is not AuthorizationStatus.ACCEPTED
    return exchange.name == "RemoteStartTransaction" and status_of(exchange) == "Rejected"
