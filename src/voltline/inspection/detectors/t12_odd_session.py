"""T12: sessions with hardly any energy, or far too short or too long."""

from collections.abc import Iterator
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.inspection.sessions import Ending, Session, SessionClosed
from voltline.messages import ChargePointStatus
from voltline.messages.types import doc

_LEAST_CURRENT_A = 6.0
"""Below this a vehicle pauses. IEC 61851-1."""


class Settings(DetectorSettings, frozen=True):
    """What a session that is worth something looks like."""

    least_energy_wh: Annotated[float, doc("Less than this is no charge.", unit="Wh")] = 100.0
    least_s: Annotated[float, doc("Shorter than this is no charge.", unit="s")] = 60.0
    longest_s: Annotated[float, doc("Longer than this was forgotten.", unit="s")] = 48 * 3600.0
    warning_from: Annotated[int, doc("So many in a row without energy on a connector are a warning.")] = 5


class OddSession(Detector):
    """A session under 100 Wh or a minute, or over two days."""

    id = "T12"
    title = "Session without energy"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 4.10",)
    who = Who.SITE
    next_step = "Look at what the connector reported during the session, and whether the next one worked."
    explanation = (
        "A session that delivers under 100 Wh, or ends within a minute, is one that did not work for the "
        "driver; several in a row on one connector point at the connector. A session of days is usually one "
        "whose end was lost. Not counted: sessions that a limit held at zero, and vehicles that gave energy "
        "back."
    )
    events = (SessionClosed,)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._in_a_row: dict[int | None, int] = {}

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Judge a session whose start and stop are both known."""
        assert isinstance(event, SessionClosed)
        session = event.session
        if session.ending is not Ending.STOPPED:
            return
        energy, lasted, connector = session.energy_wh, session.duration_s, session.connector
        if lasted is not None and lasted > self.settings.longest_s:
            yield self.finding(
                facts,
                f"Transaction {session.transaction_id} lasted {lasted / 3600:.0f} h.",
                _records(session),
                connector=connector,
                title="Very long session",
                severity=Severity.WARNING,
            )
        if energy is None or energy >= self.settings.least_energy_wh:
            self._in_a_row.pop(connector, None)
            if energy is not None and lasted is not None and 0 <= lasted < self.settings.least_s:
                yield self.finding(
                    facts,
                    f"Transaction {session.transaction_id} lasted {lasted:.0f} s and has {energy:.0f} Wh.",
                    _records(session),
                    connector=connector,
                    title="Very short session",
                )
            return
        if energy < 0 or _held_back(session):
            return
        in_a_row = self._in_a_row[connector] = self._in_a_row.get(connector, 0) + 1
        told = f"Transaction {session.transaction_id} delivered {energy:.0f} Wh"
        if lasted is not None:
            told += f" in {lasted:.0f} s"
        yield self.finding(
            facts,
            told + (f", the {in_a_row}th in a row." if in_a_row > 3 else "."),
            _records(session),
            connector=connector,
            severity=Severity.WARNING if in_a_row >= self.settings.warning_from else None,
        )


def _held_back(session: Session) -> bool:
    """Whether the charge point was told, or had decided, to offer nothing."""
    if any(status is ChargePointStatus.SUSPENDED_EVSE for _, status in session.states):
        return True
    return any(point.limit_a is not None and point.limit_a < _LEAST_CURRENT_A for point in session.curve)


def _records(session: Session) -> tuple[Record, ...]:
    return tuple(one.call for one in (session.start, session.stop) if one is not None)
