"""Events that no message tells by itself, and the bounds of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from voltline.central.domain.energy import power_samples, register_samples
from voltline.central.domain.events import EventKind, TransactionUpdated
from voltline.central.domain.metering import Reading
from voltline.central.domain.transactions import Transaction
from voltline.central.services.ports import UnitOfWork

STEP = 50
"""So many events are dealt with in one work, some milliseconds long: messages and commands wait for it."""


def transactions_updated(unit: UnitOfWork, at: datetime) -> int:
    """Tell of the last readings of running transactions; for how many there were any.

    Called every few seconds: however often a meter is read, there is one event in that time. Where the
    answer is STEP there may be more.
    """
    news = unit.meter_values.take_news(STEP)
    for transaction in unit.transactions.these(list(news)) if news else ():
        if transaction.stop is None:
            told = updated(transaction, news[transaction.id])
            unit.events.add(EventKind.TRANSACTION_UPDATED, transaction.station, told, at)
    return len(news)


def updated(transaction: Transaction, readings: Sequence[Reading]) -> TransactionUpdated:
    """What these readings, of one time, say of a transaction."""
    registers, powers = register_samples(readings), power_samples(readings)
    meter_wh = float(registers[-1].value) if registers else None
    energy_wh = None if meter_wh is None else meter_wh - transaction.start.meter_start_wh
    return TransactionUpdated(
        transaction_id=transaction.id,
        connector_id=transaction.start.connector_id,
        measured_at=readings[-1].measured_at if readings else transaction.start.started_at,
        meter_wh=meter_wh,
        energy_wh=energy_wh if energy_wh is not None and energy_wh >= 0 else None,
        power_w=float(powers[-1].value) if powers else None,
        readings={_name(reading): _value(reading) for reading in readings if reading.format == "Raw"},
    )


def discard(unit: UnitOfWork, before: datetime, keep: int) -> int:
    """Remove events that are too old or too many, a step of them; how many it were."""
    return unit.events.discard(before=before, keep=keep, at_most=STEP)


def _name(reading: Reading) -> str:
    return reading.measurand if reading.phase is None else f"{reading.measurand}/{reading.phase}"


def _value(reading: Reading) -> str:
    return reading.value if reading.unit is None else f"{reading.value} {reading.unit}"
