"""Meter values are kept (S 4.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from voltline.central.domain.energy import Sample, register_samples
from voltline.central.domain.events import EventKind, TransactionStarted
from voltline.central.domain.metering import DEFAULT_CONTEXT, DEFAULT_LOCATION, Reading, default_unit
from voltline.central.domain.quarantine import QuarantineReason
from voltline.central.domain.repairs import Change, RepairKind
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import (
    NOT_ASKED,
    Oddity,
    Start,
    StopSource,
    Transaction,
    believable,
)
from voltline.central.services.endings import put_into_quarantine, repaired
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import UNSET, MeterValue, MeterValues

_CLOSING_GRACE = timedelta(seconds=60)
"""How long after a stop a reading may be taken that belongs to it and says so."""
_IDLE = frozenset({"Available", "Unavailable", "Reserved", "Faulted"})
"""What a connector says of itself while it has no transaction."""


def record(unit: UnitOfWork, station: StationKey, request: MeterValues, received_at: datetime) -> None:
    """Keep what the meter says, whatever it says (MTV-31, QUE-12).

    The values belong to a transaction if the id they carry is one of this station's. With another id,
    or none, they are the connector's at the time when they were taken: `_place`.
    """
    sent = request.transaction_id
    if sent is not UNSET and sent > 0 and unit.transactions.owner(sent) == station:
        unit.meter_values.add(station, request.connector_id, sent, sent, request.meter_value, received_at)
    else:
        _place(unit, station, request, present(sent), received_at)


def _place(
    unit: UnitOfWork, station: StationKey, request: MeterValues, sent: int | None, received_at: datetime
) -> None:
    connector_id, values = request.connector_id, request.meter_value
    if sent is not None and sent > 0:
        own = unit.transactions.get(sent)
        if own is not None and own.station == station:
            unit.meter_values.add(station, connector_id, sent, sent, values, received_at)
            _go_on(unit, own, values, received_at)
        else:
            _add_to_shell(unit, station, request, sent, received_at)
        return
    places = [_place_of(unit, station, connector_id, sent, value, received_at) for value in values]
    if sent is not None and sent < 0 and connector_id > 0:
        if any(place.ambiguous for place in places):
            put_into_quarantine(
                unit, station, request, "MeterValues", QuarantineReason.AMBIGUOUS, received_at
            )
            return
        if all(place.transaction is None for place in places) and _is_busy(unit, station, connector_id):
            _add_to_shell(unit, station, request, sent, received_at)
            return
    ids = [None if place.transaction is None else place.transaction.id for place in places]
    if len(set(ids)) <= 1:
        unit.meter_values.add(station, connector_id, sent, ids[0] if ids else None, values, received_at)
        return
    for transaction_id, value in zip(ids, values, strict=True):
        unit.meter_values.add(station, connector_id, sent, transaction_id, [value], received_at)


class _Found(NamedTuple):
    transaction: Transaction | None
    ambiguous: bool = False


def _place_of(
    unit: UnitOfWork,
    station: StationKey,
    connector_id: int,
    sent: int | None,
    value: MeterValue,
    received_at: datetime,
) -> _Found:
    """The transaction that ran on a connector when a value was taken there, if exactly one did.

    A value that says that it belongs to a transaction may be taken some seconds after the stop.
    """
    if connector_id < 1:
        return _Found(None)  # the main meter: of no transaction (errata 3.16)
    at = believable(value.timestamp, received_at)
    last = unit.transactions.covering(station, connector_id, at)
    running = [one for one in last if _runs_at(one, at)]
    if len(running) > 1:
        return _Found(None, ambiguous=True)
    if running:
        return _Found(running[0])
    claims = (sent is not None and sent < 0) or any(
        sampled.context == "Transaction.End" for sampled in value.sampled_value
    )
    if claims and last and (ending := last[0].ending) is not None and at <= ending + _CLOSING_GRACE:
        return _Found(last[0])
    return _Found(None)


def _runs_at(transaction: Transaction, at: datetime) -> bool:
    ending = transaction.ending
    return ending is None or at <= ending


def _is_busy(unit: UnitOfWork, station: StationKey, connector_id: int) -> bool:
    return unit.connectors.status(station, connector_id) not in _IDLE


def _add_to_shell(
    unit: UnitOfWork, station: StationKey, request: MeterValues, sent: int, received_at: datetime
) -> None:
    """Keep the values of a transaction that nobody started here: its own record is all that it has."""
    shell = unit.transactions.shell(station, sent) if sent > 0 else None
    if shell is None:
        shell = _open_shell(unit, station, request, sent, received_at)
    unit.meter_values.add(station, request.connector_id, sent, shell, request.meter_value, received_at)


def _open_shell(
    unit: UnitOfWork, station: StationKey, request: MeterValues, sent: int, received_at: datetime
) -> int:
    registers = _registers(request.connector_id, request.meter_value, received_at)
    times = [believable(value.timestamp, received_at) for value in request.meter_value]
    began_at = min(times, default=received_at)
    start = Start(
        connector_id=request.connector_id,
        id_tag="",
        started_at=began_at,
        meter_start_wh=int(registers[0].value) if registers else 0,
    )
    shell = unit.transactions.begin_shell(station, start, sent, received_at, began_at)
    started = TransactionStarted(
        transaction_id=shell,
        connector_id=start.connector_id,
        id_tag="",
        authorization_status=NOT_ASKED,
        started_at=began_at,
        meter_start_wh=start.meter_start_wh,
    )
    unit.events.add(EventKind.TRANSACTION_STARTED, station, started, received_at)
    return shell


def _go_on(
    unit: UnitOfWork, transaction: Transaction, values: Sequence[MeterValue], received_at: datetime
) -> None:
    """A transaction whose end was inferred has sent readings: they make that end better, or undo it."""
    stop = transaction.stop
    if stop is None or transaction.stop_source is not StopSource.INFERRED:
        return
    before = (transaction, None)
    if any(believable(value.timestamp, received_at) > stop.stopped_at for value in values):
        noted = tuple(one for one in transaction.noted if one is not Oddity.STOP_INFERRED)
        unit.transactions.reopen(transaction.id, noted)
        running = replace(transaction, stop=None, stop_source=None, stop_received_at=None, noted=noted)
        change = Change(
            kind=RepairKind.REOPEN, station=transaction.station, before=before, after=(running, None)
        )
        repaired(unit, change, received_at)
        return
    registers = _registers(transaction.start.connector_id, values, received_at)
    if registers and registers[-1].value > stop.meter_stop_wh:
        better = replace(stop, meter_stop_wh=int(registers[-1].value))
        unit.transactions.stop(transaction.id, better, received_at, StopSource.INFERRED, transaction.noted)


def _registers(connector_id: int, values: Sequence[MeterValue], received_at: datetime) -> tuple[Sample, ...]:
    """The register in values that just came."""
    return register_samples(
        Reading(
            measured_at=believable(value.timestamp, received_at),
            connector_id=connector_id,
            value=sampled.value,
            received_at=received_at,
            measurand=present(sampled.measurand) or "Energy.Active.Import.Register",
            unit=present(sampled.unit) or default_unit("Energy."),
            phase=present(sampled.phase),
            context=present(sampled.context) or DEFAULT_CONTEXT,
            location=present(sampled.location) or DEFAULT_LOCATION,
            format=present(sampled.format) or "Raw",
        )
        for value in values
        for sampled in value.sampled_value
    )
