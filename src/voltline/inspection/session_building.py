"""Rebuilds the sessions of a station from its events, and says when one opens, changes and closes."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, cast

from msgspec import UNSET

from voltline.inspection.events import Answered, Event, Exchange, Orphan
from voltline.inspection.facts import Facts
from voltline.inspection.meters import Readings, readings_at, readings_of
from voltline.inspection.records import Record
from voltline.inspection.sessions import (
    MOST_POINTS,
    Ending,
    Point,
    Session,
    SessionChanged,
    SessionClosed,
    SessionOpened,
    What,
)
from voltline.messages import (
    BootNotification,
    MeterValues,
    Reason,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
    StartTransaction,
    StartTransactionResponse,
    StatusNotification,
    StopTransaction,
    action_of,
    read_response,
)
from voltline.wire.frame_types import CallResultFrame

__all__ = ["ANSWERS_OF_SESSIONS", "CALLS_OF_SESSIONS", "SessionBuilder"]

REMOTE_LEADS_TO_START: Final = timedelta(minutes=10)
MOST_STATES: Final = 200
MOST_OPEN: Final = 100
REMEMBERED: Final = 50
CALLS_OF_SESSIONS: Final = frozenset(
    {"BootNotification", "MeterValues", "StartTransaction", "StatusNotification", "StopTransaction"}
)
"""Calls that may do something to a session. No others do."""
ANSWERS_OF_SESSIONS: Final = frozenset(
    {"StartTransaction", "RemoteStartTransaction", "SetChargingProfile", "ClearChargingProfile"}
)
"""Calls whose answers may."""
NO_TRANSACTION: Final = (0, -1)
"""Ids that charge points send for "none" or "not known" (errata 3.18, 3.54)."""


class SessionBuilder:
    """The sessions of one station. It follows the facts' own learning of the same event.

    Without `changes` it leaves SessionChanged out, which most meter values would make.
    """

    def __init__(self, facts: Facts, *, changes: bool = True) -> None:
        self._facts = facts
        self._changes = changes
        self._remote_starts: list[Exchange] = []
        self._closed: dict[int, Session] = {}

    def called(self, exchange: Exchange) -> Sequence[Event]:
        """What a call does to sessions."""
        if not exchange.from_station:
            return _NOTHING
        request = exchange.request
        asked = type(request)
        if asked is MeterValues:
            return self._metered(exchange, request)  # type: ignore[arg-type]  # told by its type
        if asked is StatusNotification:
            return self._status(exchange, cast(StatusNotification, request))
        if asked is StartTransaction:
            return list(self._started(exchange, cast(StartTransaction, request)))
        if asked is StopTransaction:
            return list(self._stopped(exchange, cast(StopTransaction, request)))
        if asked is BootNotification:
            for session in self._open():
                session.boots += 1
        return _NOTHING

    def end(self) -> list[Event]:
        """The log is at its end: what is open stays unknown."""
        closed: list[Event] = []
        for session in self._open():
            assert session.latest is not None
            closed.append(self._close(session, Ending.LOG_ENDED, session.latest))
        return closed

    # ---- start

    def _started(self, exchange: Exchange, request: StartTransaction) -> Iterator[Event]:
        connector = self._facts.connector(request.connector_id)
        before = connector.session
        if before is not None:
            if _is_retry(before, request):
                return
            yield self._close(before, Ending.REPLACED, exchange.call)
        session = Session(
            self._facts.station,
            request.connector_id,
            id_tag=request.id_tag,
            started_at=request.timestamp,
            meter_start_wh=request.meter_start,
            start=exchange,
            remote_start=self._remote_start(request, exchange.call.at),
            status=connector.status,
            gaps=self._facts.gaps,
        )
        connector.session = session
        yield self._opened(exchange.call, session)

    def _remote_start(self, start: StartTransaction, at: datetime | None) -> Exchange | None:
        for exchange in reversed(self._remote_starts):
            request = exchange.request
            assert isinstance(request, RemoteStartTransaction)
            asked_at = exchange.asked_at
            if (
                request.id_tag.lower() == start.id_tag.lower()
                and request.connector_id in (start.connector_id, UNSET)
                and (at is None or asked_at is None or at - asked_at <= REMOTE_LEADS_TO_START)
            ):
                self._remote_starts.remove(exchange)
                return exchange
        return None

    def answered(self, event: Answered) -> Sequence[Event]:
        """What an answer does to sessions."""
        exchange = event.exchange
        response, request = exchange.response, exchange.request
        if isinstance(request, StartTransaction):
            session = self._facts.connector(request.connector_id).session
            if session is None or not _is_retry(session, request):
                return _NOTHING
            if isinstance(response, StartTransactionResponse):
                self._confirm(session, response)
            return self._changed(session, What.CONFIRMED, event.record, exchange)
        if isinstance(response, RemoteStartTransactionResponse) and isinstance(
            request, RemoteStartTransaction
        ):
            if response.status is RemoteStartStopStatus.ACCEPTED:
                self._remote_starts = [*self._remote_starts[-9:], exchange]
        elif exchange.name in _CHANGING_LIMITS and response is not None:
            number = getattr(request, "connector_id", UNSET)
            return [
                changed
                for session in self._open()
                if number in (0, UNSET, session.connector)
                for changed in self._changed(session, What.LIMIT, event.record, exchange)
            ]
        return _NOTHING

    def heard(self, event: Event) -> Sequence[Event]:
        """What an event does to sessions that is neither a call nor an answer in time.

        An answer after the time, or over a new connection, gives the transaction its id all the same.
        """
        if not isinstance(event, Orphan) or event.exchange is None:
            return _NOTHING
        exchange = event.exchange
        request = exchange.request
        if not isinstance(request, StartTransaction) or not isinstance(event.frame, CallResultFrame):
            return _NOTHING
        session = self._facts.connector(request.connector_id).session
        if session is None or session.transaction_id is not None or not _is_retry(session, request):
            return _NOTHING
        response = read_response(action_of(StartTransaction), event.frame.payload).message
        if not isinstance(response, StartTransactionResponse):
            return _NOTHING
        self._confirm(session, response)
        return self._changed(session, What.CONFIRMED, event.record, exchange)

    def _confirm(self, session: Session, response: StartTransactionResponse) -> None:
        session.authorization = response.id_tag_info.status
        self._name(session, response.transaction_id)

    # ---- meanwhile

    def _status(self, exchange: Exchange, request: StatusNotification) -> Sequence[Event]:
        session = self._facts.connector(request.connector_id).session
        if session is None:
            return _NOTHING
        session.status = request.status
        if len(session.states) < MOST_STATES:
            at = request.timestamp if isinstance(request.timestamp, datetime) else exchange.call.at
            session.states.append((at, request.status))
        return self._changed(session, What.STATUS, exchange.call, exchange)

    def _metered(self, exchange: Exchange, request: MeterValues) -> Sequence[Event]:
        number = request.connector_id
        told = request.transaction_id
        facts = self._facts
        several = readings_of(request)
        if not facts.has_voltage_of_phases:
            for readings in several:
                if readings.has_voltage_of_phases:
                    facts.has_voltage_of_phases = True
                    facts.news += 1
                    break
        session = facts.sessions.get(told)  # type: ignore[arg-type]  # UNSET is no session's id
        if session is None or session.connector != number or number not in facts.connectors:
            session, events = self._session_metered(exchange, number, None if told is UNSET else told)
            if session is None:
                return events
        else:
            events = _NOTHING
        for readings in several:
            self._sampled(session, readings)
        if not self._changes:
            session.latest = exchange.call
            return events
        return (*events, *self._changed(session, What.METER, exchange.call, exchange))

    def _session_metered(
        self, exchange: Exchange, number: int, told: int | None
    ) -> tuple[Session | None, tuple[Event, ...]]:
        """The session that meter values are of, if of one, and what they show to have begun and ended."""
        facts = self._facts
        connector = facts.connector(number)
        session = None if told is None else facts.sessions.get(told)
        if session is not None:
            if session.connector is None and number > 0:
                session.connector = number
            return session, _NOTHING
        name = None if told in NO_TRANSACTION else told
        if name in self._closed:
            return None, _NOTHING  # of a session that is over, delivered late
        events: tuple[Event, ...] = _NOTHING
        session = connector.session
        if session is not None and name is not None and self._is_another(session):
            events = (self._close(session, Ending.REPLACED, exchange.call),)
            session = None
        if session is None:
            if name is None or number < 1:
                return None, events
            session = Session(facts.station, number, status=connector.status)
            connector.session = session
            events = (*events, self._opened(exchange.call, session))
        if name is not None and session.transaction_id is None:
            self._name(session, name)  # the log lacks the answer to its start
        return session, events

    def _is_another(self, open_one: Session) -> bool:
        """Whether readings under another id are another session's: the log has a hole in between."""
        return open_one.transaction_id is not None and open_one.gaps != self._facts.gaps

    def _name(self, session: Session, transaction_id: int) -> None:
        session.transaction_id = transaction_id
        if len(self._facts.sessions) < MOST_OPEN:
            self._facts.sessions[transaction_id] = session

    def _sampled(self, session: Session, readings: Readings) -> None:
        at, register_wh, power_w = readings.at, readings.register_wh, readings.power_w
        facts = self._facts
        session.samples += 1
        session.gaps = facts.gaps
        session.last_meter_at = at
        if register_wh is not None:
            if session.first_register_wh is None:
                session.first_register_wh = register_wh
            session.last_register_wh = register_wh
        if power_w is not None:
            session.power_w = power_w
            peak_w = session.peak_power_w
            if peak_w is None or power_w > peak_w:
                session.peak_power_w = max(power_w, 0.0)
        if session.samples % session.every:
            return
        limit_a = None
        if facts.profiles and session.connector is not None:
            limit_a = facts.limit_a(session.connector, at)
        curve = session.curve
        curve.append(Point(at, power_w, readings.current_a, register_wh, limit_a, readings.soc_percent))
        if len(curve) > MOST_POINTS:
            del curve[1::2]
            session.every *= 2

    # ---- stop

    def _stopped(self, exchange: Exchange, request: StopTransaction) -> Iterator[Event]:
        number = request.transaction_id
        session = self._facts.sessions.get(number)
        if session is None:
            known = self._closed.get(number)
            if known is not None and known.stopped_at == request.timestamp:
                return  # sent again
            nameless = [one for one in self._open() if one.transaction_id is None]
            if len(nameless) > 1:
                nameless = [one for one in nameless if one.id_tag == request.id_tag]
            if len(nameless) == 1:
                session = nameless[0]
            else:
                session = Session(self._facts.station, None)
                yield self._opened(exchange.call, session)
            if number not in NO_TRANSACTION:
                session.transaction_id = number
        session.stop = exchange
        session.stopped_at = request.timestamp
        session.meter_stop_wh = request.meter_stop
        session.reason = request.reason if isinstance(request.reason, Reason) else Reason.LOCAL
        if isinstance(request.transaction_data, list):
            for meter_value in request.transaction_data:
                if session.last_meter_at is None or meter_value.timestamp > session.last_meter_at:
                    self._sampled(session, readings_at(meter_value))
        yield self._close(session, Ending.STOPPED, exchange.call)

    def _close(self, session: Session, ending: Ending, record: Record) -> SessionClosed:
        session.ending = ending
        facts = self._facts
        if session.transaction_id is not None:
            facts.sessions.pop(session.transaction_id, None)
            self._closed[session.transaction_id] = session
            if len(self._closed) > REMEMBERED:
                del self._closed[next(iter(self._closed))]
        if session.connector is not None:
            connector = facts.connector(session.connector)
            if connector.session is session:
                connector.session = None
            connector.last_session = session
        return SessionClosed(facts.station, record.at, record, session)

    # ---- shared

    def _open(self) -> list[Session]:
        found = {id(one): one for one in self._facts.sessions.values()}
        for connector in self._facts.connectors.values():
            if connector.session is not None:
                found[id(connector.session)] = connector.session
        return list(found.values())

    def _opened(self, record: Record, session: Session) -> SessionOpened:
        session.latest = record
        return SessionOpened(self._facts.station, record.at, record, session)

    def _changed(self, session: Session, what: What, record: Record, exchange: Exchange) -> tuple[Event, ...]:
        session.latest = record
        if not self._changes:
            return _NOTHING
        return (SessionChanged(self._facts.station, record.at, record, session, what, exchange),)


_NOTHING: Final[tuple[Event, ...]] = ()
_CHANGING_LIMITS: Final = frozenset({"SetChargingProfile", "ClearChargingProfile"})


def _is_retry(session: Session, request: StartTransaction) -> bool:
    """Whether the request tells the very start that this session has."""
    return (
        session.started_at == request.timestamp
        and session.id_tag == request.id_tag
        and session.meter_start_wh == request.meter_start
    )
