"""Anything in any order from several charge points, against a model that fits on a page."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import StopOutcome
from voltline.central.services.metering import record
from voltline.central.services.ports import UnitOfWork
from voltline.central.services.transactions import begin, end

from .conftest import Storage, dependent_first
from .saying import ANYONE, NOON, meter, start, stop

# What happens: (what, charge point, start or transaction, reading).
happenings = st.lists(
    st.tuples(
        st.sampled_from(["start", "stop", "meter", "connect", "commit", "rollback"]),
        st.integers(0, 2),
        st.integers(0, 6),
        st.integers(0, 2),
    ),
    max_size=40,
)


@dataclass
class Model:
    """What must be in the database."""

    transactions: dict[tuple[int, int], int] = field(default_factory=dict)
    """Charge point and number of the start: the transaction."""
    owners: dict[int, int] = field(default_factory=dict)
    stops: dict[int, int] = field(default_factory=dict)
    values: list[tuple[int, int | None, int | None]] = field(default_factory=list)
    """Charge point, id as sent, transaction."""
    quarantined: set[tuple[int, int, int]] = field(default_factory=set)

    def copy(self) -> "Model":
        return Model(
            dict(self.transactions),
            dict(self.owners),
            dict(self.stops),
            list(self.values),
            set(self.quarantined),
        )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(happenings)
def test_any_interleaving_leaves_what_the_model_says(
    storage: Storage, done: list[tuple[str, int, int, int]]
) -> None:
    check(storage, done)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(happenings)
def test_any_interleaving_leaves_what_the_model_says_on_postgresql(
    storage: Storage, done: list[tuple[str, int, int, int]]
) -> None:
    check(storage, done)


def check(storage: Storage, done: list[tuple[str, int, int, int]]) -> None:
    clear(storage)
    keys = [storage.station(f"CP{number}") for number in range(3)]
    committed, model = Model(), Model()
    unit = storage.store.begin()
    for second, (what, who, which, reading) in enumerate(done):
        match what:
            case "start":
                did_start(unit, keys, model, who, which)
            case "stop":
                did_stop(unit, keys, model, who, which, reading)
            case "meter":
                did_meter(unit, keys, model, who, which, second)
            case "connect":
                unit.stations.connected(keys[who], NOON)
            case "commit":
                storage.store.flush()
                storage.store.commit()
                committed = model.copy()
                unit = storage.store.begin()
            case "rollback":
                storage.store.rollback()
                model = committed.copy()
                unit = storage.store.begin()
    storage.store.flush()
    storage.store.commit()
    compare(storage, keys, model)


def clear(storage: Storage) -> None:
    storage.store.rollback()
    with storage.database.writer_engine.begin() as connection:
        for table in dependent_first(connection.dialect.name):
            connection.execute(table.delete())
    storage.restart()


def did_start(unit: UnitOfWork, keys: list[StationKey], model: Model, who: int, which: int) -> None:
    # A connector each, so that no start ends another transaction.
    begun = begin(unit, keys[who], start(connector=which + 1), NOON, ANYONE)
    assert begun.repeated == ((who, which) in model.transactions)
    if begun.repeated:
        assert begun.transaction_id == model.transactions[who, which]
        return
    assert begun.transaction_id not in model.owners
    model.transactions[who, which] = begun.transaction_id
    model.owners[begun.transaction_id] = who


def some_id(model: Model, which: int) -> int:
    """One of the transactions, or none of them."""
    known = sorted(model.owners)
    return known[which] if which < len(known) else 1_000_000 + which


def did_stop(
    unit: UnitOfWork, keys: list[StationKey], model: Model, who: int, which: int, reading: int
) -> None:
    transaction_id = some_id(model, which)
    ended = end(unit, keys[who], stop(transaction_id, meter=reading), NOON, ANYONE)
    if model.owners.get(transaction_id) != who:
        expected = StopOutcome.QUARANTINED
    elif transaction_id not in model.stops:
        expected = StopOutcome.STOPPED
        model.stops[transaction_id] = reading
    elif model.stops[transaction_id] == reading:
        expected = StopOutcome.REPEATED
    else:
        expected = StopOutcome.QUARANTINED
    assert ended.outcome is expected
    if expected is StopOutcome.QUARANTINED:
        model.quarantined.add((who, transaction_id, reading))


def did_meter(
    unit: UnitOfWork, keys: list[StationKey], model: Model, who: int, which: int, second: int
) -> None:
    sent = some_id(model, which)
    if model.owners.get(sent) == who:
        record(unit, keys[who], meter(sent, second), NOON)
        model.values.append((who, sent, sent))
    else:
        record(unit, keys[who], meter(None, second, connector=0), NOON)
        model.values.append((who, None, None))


def compare(storage: Storage, keys: list[StationKey], model: Model) -> None:
    found = storage.queries.transactions(limit=1000).items
    assert {item.id: keys.index(item.station) for item in found} == model.owners
    stops = {item.id: item.stop.meter_stop_wh for item in found if item.stop is not None}
    assert stops == model.stops
    with storage.database.reader_engine.connect() as connection:
        rows = connection.execute(
            text("SELECT station_id, sent_transaction_id, transaction_id FROM meter_values ORDER BY id")
        ).all()
    assert [(keys.index(row[0]), row[1], row[2]) for row in rows] == model.values
    assert storage.count("quarantine") == len(model.quarantined)
