import msgspec
import pytest

from voltline.central.services import stations
from voltline.central.services.metering import record
from voltline.central.services.ports import UnitOfWork
from voltline.central.services.transactions import begin, end
from voltline.messages import (
    ACTIONS,
    UNKNOWN_TIME,
    Location,
    Measurand,
    MeterValue,
    MeterValues,
    ReadingContext,
    SampledValue,
    UnitOfMeasure,
    ValueFormat,
    read_request,
)

from .conftest import Storage
from .saying import ANYONE, NOON, at, meter, sampled, start, stop


@pytest.mark.requirement("MTV-11")
def test_what_a_value_leaves_out_is_filled_in_when_it_is_read(storage: Storage) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    values = [SampledValue(value="123"), SampledValue(value="1.50", measurand=Measurand.SOC)]
    request = MeterValues(
        connector_id=1,
        transaction_id=transaction_id,
        meter_value=[MeterValue(timestamp=at(60), sampled_value=values)],
    )
    storage.do(record, key, request, at(61))
    energy, soc = storage.queries.readings(transaction_id)
    assert energy.measurand == "Energy.Active.Import.Register"
    assert (energy.value, energy.unit) == ("123", "Wh")
    assert (energy.context, energy.format, energy.location) == ("Sample.Periodic", "Raw", "Outlet")
    assert energy.phase is None
    assert (energy.measured_at, energy.received_at) == (at(60), at(61))
    assert not energy.from_stop
    assert (soc.value, soc.unit) == ("1.50", None)


def test_every_field_and_every_digit_of_a_value_is_kept(storage: Storage) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    text = "00012345678901234567890.10000000000000000000001"
    value = SampledValue(
        value=text,
        context=ReadingContext.TRANSACTION_END,
        format=ValueFormat.SIGNED_DATA,
        measurand=Measurand.unknown("Energy.Of.The.Future"),
        location=Location.INLET,
        unit=UnitOfMeasure.unknown("GWh"),
    )
    request = MeterValues(
        connector_id=3,
        transaction_id=transaction_id,
        meter_value=[MeterValue(timestamp=at(1.000001), sampled_value=[value])],
    )
    storage.do(record, key, request, NOON)
    (kept,) = storage.queries.readings(transaction_id)
    assert kept.value == text
    assert kept.context == "Transaction.End"
    assert kept.format == "SignedData"
    assert kept.measurand == "Energy.Of.The.Future"
    assert kept.location == "Inlet"
    assert kept.unit == "GWh"
    assert kept.connector_id == 3
    assert kept.measured_at == at(1.000001)


@pytest.mark.parametrize("value", ["a\tb\nc\\d\"e'f\r", "\x00", "\\N", "😀é", "", "a\\u0000b"])
def test_value_of_any_characters_is_kept_as_it_is(storage: Storage, value: str) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    storage.do(record, key, meter(transaction_id, energy=value), NOON)
    assert storage.queries.readings(transaction_id)[0].value == value


def test_whatever_the_tolerant_reader_lets_through_is_kept(storage: Storage) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    raw = msgspec.json.encode(
        {
            "connectorId": "1",
            "transactionId": transaction_id,
            "extra": {"a": [1]},
            "meterValue": [
                {
                    "timestamp": "2024-13-45",
                    "sampledValue": [{"value": "1,5", "unit": "Hz", "phase": None, "measurand": "Frequency"}],
                },
                {"timestamp": "2024-05-01T12:00:00", "sampledValue": []},
            ],
        }
    )
    message = read_request(ACTIONS["MeterValues"], raw).message
    assert message is not None
    storage.do(record, key, message, at(9))
    (kept,) = storage.queries.readings(transaction_id)
    assert (kept.value, kept.unit, kept.measurand, kept.phase) == ("1,5", "Hz", "Frequency", None)
    assert kept.measured_at == at(9)
    assert storage.count("meter_values") == 2


def test_value_of_unknown_time_is_of_the_time_of_receipt(storage: Storage) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    request = MeterValues(
        connector_id=1,
        transaction_id=transaction_id,
        meter_value=[MeterValue(timestamp=UNKNOWN_TIME, sampled_value=[SampledValue(value="1")])],
    )
    storage.do(record, key, request, at(77))
    (kept,) = storage.queries.readings(transaction_id)
    assert kept.measured_at == at(77)


def test_readings_are_in_order_of_time_whatever_order_they_came_in(storage: Storage) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    for second in (120, 60, 60.5, 180):
        storage.do(record, key, meter(transaction_id, second), NOON)
    seconds = [
        (reading.measured_at - NOON).total_seconds() for reading in storage.queries.readings(transaction_id)
    ]
    assert seconds[::2] == [60, 60.5, 120, 180]


@pytest.mark.requirement("MTV-31", "QUE-12")
@pytest.mark.parametrize("sent", [None, 0, -1, 4711, 2**31, 2**63 - 1, -(2**63)])
def test_values_of_no_known_transaction_are_kept_with_the_id_as_it_was_sent(
    storage: Storage, sent: int | None
) -> None:
    key = storage.station()
    storage.do(record, key, meter(sent), NOON)
    assert storage.column("meter_values", "sent_transaction_id") == [sent]
    # With an id that we did not give they make a transaction known that we do not know.
    shell = None if sent is None or sent == 0 else 1
    assert storage.column("meter_values", "transaction_id") == [shell]
    assert storage.column("transactions", "sent_id") == ([sent] if shell else [])


def test_values_with_the_id_of_another_charge_points_transaction_do_not_become_part_of_it(
    storage: Storage,
) -> None:
    owner, other = storage.station("OWNER"), storage.station("OTHER")
    transaction_id = storage.do(begin, owner, start(), NOON, ANYONE).transaction_id
    storage.do(record, other, meter(transaction_id), NOON)
    assert storage.queries.readings(transaction_id) == ()
    assert storage.column("meter_values", "sent_transaction_id") == [transaction_id]


def test_values_that_come_after_the_stop_belong_to_the_transaction(storage: Storage) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    storage.do(end, key, stop(transaction_id), NOON, ANYONE)
    storage.restart()
    storage.do(record, key, meter(transaction_id), NOON)
    assert len(storage.queries.readings(transaction_id)) == 2


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("placed", [False, True])
def test_values_that_are_sent_again_after_a_lost_connection_are_kept_once(
    storage: Storage, restarted: bool, placed: bool
) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id if placed else None
    storage.do(record, key, meter(transaction_id, 60), NOON)
    storage.do(record, key, meter(transaction_id, 120), NOON)
    if restarted:
        storage.restart()
    storage.station()  # it connects again
    storage.do(record, key, meter(transaction_id, 120), at(200))
    storage.do(record, key, meter(transaction_id, 180), at(200))
    assert storage.count("meter_values") == 3


def test_values_that_are_sent_again_within_one_batch_are_kept_once(storage: Storage) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id

    def batch(unit: object) -> None:
        record(unit, key, meter(transaction_id), NOON)  # type: ignore[arg-type]
        stations.disconnected(unit, key, NOON)  # type: ignore[arg-type]
        record(unit, key, meter(transaction_id), NOON)  # type: ignore[arg-type]

    storage.do(batch)
    assert storage.count("meter_values") == 1


@pytest.mark.parametrize("placed", [False, True])
def test_values_that_are_sent_again_on_the_same_connection_are_kept_once(
    storage: Storage, placed: bool
) -> None:
    """Our answer was on its way, but too late for the charge point."""
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id if placed else None
    for second in (60, 120, 120, 180, 180, 120, 240):
        storage.do(record, key, meter(transaction_id, second), at(second))
    assert storage.count("meter_values") == 4


@pytest.mark.parametrize("restarted", [False, True])
def test_several_messages_that_are_sent_again_are_each_kept_once(storage: Storage, restarted: bool) -> None:
    """A charge point that lost its note of what was acknowledged."""
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    for second in range(60, 301, 60):
        storage.do(record, key, meter(transaction_id, second), NOON)
    if restarted:
        storage.restart()
    storage.station()
    for second in (180, 240, 300, 360):
        storage.do(record, key, meter(transaction_id, second), NOON)
    assert storage.count("meter_values") == 6


def test_a_message_of_several_times_that_is_sent_again_is_kept_once(storage: Storage) -> None:
    key = storage.station()
    values = [sampled(120), sampled(60)]  # in an order that tells nothing
    for _ in range(2):
        storage.do(record, key, MeterValues(connector_id=1, meter_value=values), NOON)
    assert storage.count("meter_values") == 2


@pytest.mark.parametrize("clock", [[60, 60, 60], [180, 120, 60], [3600, 60, 120]])
def test_different_values_are_all_kept_whatever_the_charge_points_clock_does(
    storage: Storage, clock: list[int]
) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    for number, second in enumerate(clock):
        storage.do(record, key, meter(transaction_id, second, energy=str(number)), NOON)
    assert storage.count("meter_values") == 3


def test_equal_values_without_a_time_are_all_kept_on_one_connection(storage: Storage) -> None:
    key = storage.station()
    values = [MeterValue(timestamp=UNKNOWN_TIME, sampled_value=[SampledValue(value="0")])]
    for second in range(3):
        storage.do(record, key, MeterValues(connector_id=1, meter_value=values), at(second))
    assert storage.count("meter_values") == 3


def test_values_of_a_batch_that_was_rolled_back_are_kept_when_it_runs_again(storage: Storage) -> None:
    key = storage.station()
    transaction_id = storage.do(begin, key, start(), NOON, ANYONE).transaction_id

    def batch(unit: UnitOfWork) -> None:
        for second in (60, 120, 180):
            record(unit, key, meter(transaction_id, second), NOON)

    def failing(unit: UnitOfWork) -> None:
        batch(unit)
        raise RuntimeError("one of its works")

    with pytest.raises(RuntimeError):
        storage.do(failing)
    storage.do(batch)
    assert storage.count("meter_values") == 3


def test_a_message_without_any_value_is_kept_as_nothing(storage: Storage) -> None:
    storage.do(record, storage.station(), MeterValues(connector_id=1, meter_value=[]), NOON)
    assert storage.count("meter_values") == 0


def test_equal_values_of_two_connectors_are_both_kept(storage: Storage) -> None:
    key = storage.station()
    storage.do(record, key, meter(None, connector=1), NOON)
    storage.do(record, key, meter(None, connector=2), NOON)
    assert storage.count("meter_values") == 2


def test_only_the_whole_message_counts_as_sent_again(storage: Storage) -> None:
    key = storage.station()
    storage.do(record, key, meter(None, 60), NOON)
    storage.station()
    both = MeterValues(connector_id=1, meter_value=[sampled(60), sampled(120)])
    storage.do(record, key, both, NOON)
    assert storage.count("meter_values") == 3


def test_sampled_values_are_kept_as_json_that_sql_can_look_into(storage: Storage) -> None:
    key = storage.station()
    storage.do(record, key, meter(None), NOON)
    (kept,) = storage.column("meter_values", "sampled_values")
    assert isinstance(kept, str)
    assert msgspec.json.decode(kept)[0] == {"value": "100"}
