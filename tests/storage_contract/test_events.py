"""Events are written with what caused them, counted once, told in order, and kept in bounds."""

from datetime import timedelta

import msgspec
import pytest
from msgspec import Struct

from voltline.central.domain.deviations import MOST_SORTS, Tally
from voltline.central.domain.events import Event, EventKind
from voltline.central.domain.stations import RegistrationRules
from voltline.central.services import deviations, events, metering, stations, status, transactions
from voltline.central.services.ports import UnitOfWork
from voltline.central.storage.database import Database
from voltline.central.storage.unit_of_work import SqlStore
from voltline.messages import (
    ChargePointErrorCode,
    ChargePointStatus,
    Deviation,
    DeviationKind,
    ErrorCode,
    Measurand,
    MeterValue,
    MeterValues,
    SampledValue,
    StatusNotification,
    UnitOfMeasure,
)

from .conftest import Storage
from .saying import ANYONE, NOON, at, boot, meter, start, stop


class Said(Struct):
    text: str


def say(unit: UnitOfWork, text: str) -> None:
    unit.events.add(EventKind.SECURITY_EVENT, None, Said(text), NOON)


def fail(unit: UnitOfWork, text: str) -> None:
    say(unit, text)
    raise RuntimeError(text)


def texts(storage: Storage, **wanted: object) -> list[str]:
    return [msgspec.json.decode(event.subject)["text"] for event in storage.queries.events(**wanted)]  # type: ignore[arg-type]


def told(storage: Storage, kind: EventKind) -> list[Event]:
    return list(storage.queries.events(kinds=[kind]))


def test_an_event_is_there_once_its_transaction_is_and_not_before(storage: Storage) -> None:
    unit = storage.store.begin()
    say(unit, "one")
    storage.store.flush()
    assert texts(storage) == []
    storage.store.commit()
    assert texts(storage) == ["one"]


def test_what_is_rolled_back_never_happened(storage: Storage) -> None:
    say(storage.store.begin(), "never")
    storage.store.rollback()
    say(storage.store.begin(), "neither")
    storage.store.flush()
    storage.store.rollback()
    storage.do(say, "once")
    assert texts(storage) == ["once"]


def test_the_world_is_woken_after_a_commit_with_events_and_only_then(database: Database) -> None:
    woken: list[int] = []
    store = SqlStore(database, on_events=lambda: woken.append(1))
    store.begin()
    store.flush()
    store.commit()
    assert woken == []
    say(store.begin(), "lost")
    store.flush()
    store.rollback()
    store.begin()
    store.flush()
    store.commit()
    assert woken == []
    say(store.begin(), "kept")
    store.flush()
    assert woken == []
    store.commit()
    assert woken == [1]
    store.close()


def test_events_are_told_in_the_order_in_which_they_happened(storage: Storage) -> None:
    for number in range(300):
        storage.do(say, f"{number}")
    assert texts(storage, limit=500) == [f"{number}" for number in range(300)]
    ids = [event.id for event in storage.queries.events()]
    assert ids == sorted(set(ids))
    assert (storage.queries.oldest_event(), storage.queries.newest_event()) == (ids[0], ids[-1])
    assert texts(storage, after=ids[1], up_to=ids[3]) == ["2", "3"]
    assert texts(storage, newest_first=True, limit=2) == ["299", "298"]


def test_any_text_can_be_told(storage: Storage) -> None:
    strange = '\x00 \\ \t \n ☃ \U0001f50c "quoted" \\N \\.'
    storage.do(say, strange)
    assert texts(storage) == [strange]


def test_events_are_found_by_kind_charge_point_and_time(storage: Storage) -> None:
    first, second = storage.station("CP1"), storage.station("CP2")
    for key, second_ in ((first, 0), (second, 10), (first, 20)):
        storage.do(stations.boot, key, boot(), at(second_), RegistrationRules())
    kind = EventKind.CHARGE_POINT_BOOTED
    queries = storage.queries
    assert len(queries.events(kinds=[kind])) == 3
    assert [event.at for event in queries.events(kinds=[kind], identity="cp1")] == [at(0), at(20)]
    assert [event.charge_point for event in queries.events(kinds=[kind], since=at(10), until=at(20))] == [
        "CP2"
    ]
    assert queries.events(kinds=["no.such-kind"]) == ()
    assert queries.events(identity="nobody") == ()


def test_old_events_go_in_steps_and_the_newest_stays(storage: Storage) -> None:
    for number in range(10):
        storage.do(say, f"{number}")
    assert storage.do(lambda unit: unit.events.discard(before=NOON, keep=4, at_most=100)) == 6
    assert texts(storage) == ["6", "7", "8", "9"]
    later = NOON + timedelta(seconds=1)
    assert storage.do(lambda unit: unit.events.discard(before=later, keep=4, at_most=2)) == 2
    assert storage.do(lambda unit: unit.events.discard(before=later, keep=4, at_most=2)) == 1
    assert storage.do(lambda unit: unit.events.discard(before=later, keep=4, at_most=2)) == 0
    assert texts(storage) == ["9"]
    newest = storage.queries.newest_event()
    storage.do(say, "after")
    assert storage.queries.newest_event() == newest + 1


def test_a_charge_is_told_from_its_start_to_its_stop(storage: Storage) -> None:
    key = storage.station()
    report = StatusNotification(
        connector_id=1, status=ChargePointStatus.CHARGING, error_code=ChargePointErrorCode.NO_ERROR
    )
    storage.do(status.report, key, report, at(1))
    begun = storage.do(transactions.begin, key, start(meter=100), at(2), ANYONE)
    storage.do(transactions.begin, key, start(meter=100), at(3), ANYONE)  # once more, which is no event
    storage.do(transactions.end, key, stop(begun.transaction_id, meter=600), at(4), ANYONE)
    kinds = [
        event.kind
        for event in storage.queries.events()
        if event.kind.startswith(("connector", "transaction"))
    ]
    assert kinds == ["connector.status", "transaction.started", "transaction.stopped"]
    (stopped,) = told(storage, EventKind.TRANSACTION_STOPPED)
    subject = msgspec.json.decode(stopped.subject)
    assert (subject["transaction_id"], subject["energy_wh"]) == (begun.transaction_id, 500)
    assert stopped.at == at(4)


def test_readings_of_a_running_transaction_are_told_once_however_many_there_were(storage: Storage) -> None:
    key = storage.station()
    begun = storage.do(transactions.begin, key, start(meter=100), at(0), ANYONE)
    for number in range(5):
        energy = SampledValue(value=f"{0.2 + number / 10:.1f}", unit=UnitOfMeasure.KWH)
        power = SampledValue(value="7360", measurand=Measurand.POWER_ACTIVE_IMPORT, unit=UnitOfMeasure.W)
        value = MeterValue(timestamp=at(10 * number), sampled_value=[energy, power])
        said = MeterValues(connector_id=1, transaction_id=begun.transaction_id, meter_value=[value])
        storage.do(metering.record, key, said, at(10 * number))
    assert storage.do(events.transactions_updated, at(60)) == 1
    assert storage.do(events.transactions_updated, at(70)) == 0
    (updated,) = told(storage, EventKind.TRANSACTION_UPDATED)
    assert updated.charge_point == "CP1"
    assert msgspec.json.decode(updated.subject) == {
        "transaction_id": begun.transaction_id,
        "connector_id": 1,
        "measured_at": "2024-05-01T12:00:40Z",
        "meter_wh": 600.0,
        "energy_wh": 500.0,
        "power_w": 7360.0,
        "readings": {"Energy.Active.Import.Register": "0.6 kWh", "Power.Active.Import": "7360 W"},
    }


def test_readings_are_told_of_again_where_telling_was_rolled_back(storage: Storage) -> None:
    key = storage.station()
    begun = storage.do(transactions.begin, key, start(), at(0), ANYONE)
    storage.do(metering.record, key, meter(begun.transaction_id, second=5), at(5))
    events.transactions_updated(storage.store.begin(), at(6))
    storage.store.rollback()
    assert told(storage, EventKind.TRANSACTION_UPDATED) == []
    assert storage.do(events.transactions_updated, at(7)) == 1
    assert len(told(storage, EventKind.TRANSACTION_UPDATED)) == 1


def test_a_stopped_transaction_is_told_to_be_stopped_and_not_updated_after(storage: Storage) -> None:
    key = storage.station()
    begun = storage.do(transactions.begin, key, start(), at(0), ANYONE)
    storage.do(metering.record, key, meter(begun.transaction_id, second=5), at(5))
    storage.do(transactions.end, key, stop(begun.transaction_id), at(6), ANYONE)
    storage.do(events.transactions_updated, at(7))
    assert told(storage, EventKind.TRANSACTION_UPDATED) == []


def deviation(path: str, kind: DeviationKind = DeviationKind.UNKNOWN_VALUE, text: str = "odd") -> Deviation:
    return Deviation(
        path=path, kind=kind, text=text, code=ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, usable=True
    )


def test_deviations_are_counted_by_sort_with_the_last_as_example(storage: Storage) -> None:
    key, other = storage.station("CP1"), storage.station("CP2")
    tally = Tally()
    tally.add(
        key, "MeterValues", "a", [deviation("$.meterValue[0].unit"), deviation("$.meterValue[1].unit")], at(0)
    )
    tally.add(other, "MeterValues", "x", [deviation("$.meterValue[0].unit")], at(1))
    storage.do(deviations.note, tally.take())
    assert tally.take() == []
    tally.add(key, "MeterValues", "b", [deviation("$.meterValue[7].unit", text="last")], at(60))
    tally.add(key, "Authorize", "c", [deviation("$.idTag", DeviationKind.TOO_LONG)], at(30))
    storage.do(deviations.note, tally.take())

    unit, tag = storage.queries.deviations(key)
    assert (unit.sort.path, unit.times, unit.first_at, unit.last_at) == (
        "$.meterValue[].unit",
        3,
        at(0),
        at(60),
    )
    assert (unit.example, unit.example_message_id) == ("last", "b")
    assert (tag.sort.action, tag.sort.kind, tag.times) == ("Authorize", "too_long", 1)
    assert [one.times for one in storage.queries.deviations(other)] == [1]


def test_the_first_deviation_of_a_kind_in_a_day_is_an_event(storage: Storage) -> None:
    key = storage.station()
    for second, path in ((0, "$.a"), (10, "$.b"), (86_400, "$.a"), (86_410, "$.a")):
        tally = Tally()
        tally.add(key, "MeterValues", "m", [deviation(path)], at(second))
        storage.do(deviations.note, tally.take())
    assert [event.at for event in told(storage, EventKind.DEVIATION)] == [at(0), at(86_400)]


def test_a_charge_point_that_deviates_in_ever_new_ways_fills_no_table(storage: Storage) -> None:
    key = storage.station()
    tally = Tally()
    for number in range(MOST_SORTS + 50):
        tally.add(key, f"A{number}", "m\x00", [deviation(f"$.x{number}")], at(number))
    storage.do(deviations.note, tally.take())
    found = storage.queries.deviations(key)
    assert len(found) == MOST_SORTS + 1
    assert sum(one.times for one in found) == MOST_SORTS + 50
    (rest,) = (one for one in found if one.sort.path == "")
    assert rest.times == 50


@pytest.mark.parametrize("after", [0, 2**62])
def test_asking_beyond_the_end_finds_nothing(storage: Storage, after: int) -> None:
    assert storage.queries.events(after=after) == ()
