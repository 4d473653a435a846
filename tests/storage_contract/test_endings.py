"""Transactions that lack a start, a stop or an id, and messages in any order."""

import itertools
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from voltline.central.domain.quarantine import QuarantineReason, QuarantineState
from voltline.central.domain.repairs import VOLTLINE, RepairKind
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import Oddity, StopOutcome, StopSource, Transaction
from voltline.central.services import status
from voltline.central.services.metering import record
from voltline.central.services.transactions import begin, end
from voltline.messages import (
    ChargePointErrorCode,
    ChargePointStatus,
    MeterValue,
    MeterValues,
    ReadingContext,
    SampledValue,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)

from .conftest import Storage
from .saying import ANYONE, NOON, ONE_EACH, at, meter, sampled, start, stop


def begun(storage: Storage, key: StationKey, request: StartTransaction, received: float = 0) -> int:
    return int(storage.do(begin, key, request, at(received), ANYONE).transaction_id)


def of(storage: Storage, transaction_id: int) -> Transaction:
    found = storage.queries.transaction(transaction_id)
    assert found is not None
    return found


def all_of(storage: Storage) -> list[Transaction]:
    return list(storage.queries.transactions(oldest_first=True).items)


def energies(storage: Storage, transaction_id: int) -> list[str]:
    return [one.value for one in storage.queries.readings(transaction_id) if one.measurand.startswith("E")]


def kinds(storage: Storage) -> list[RepairKind]:
    return [repair.kind for repair in storage.queries.repairs(oldest_first=True)]


# ---- never stopped


def test_a_zombie_transaction_ends_where_the_next_one_on_its_connector_starts(storage: Storage) -> None:
    key = storage.station()
    zombie = begun(storage, key, start(meter=100))
    for second, energy in ((60, "150"), (120, "300"), (180, "0"), (240, "0"), (300, "gibberish")):
        storage.do(record, key, meter(zombie, second, energy), at(second))
    other = begun(storage, key, start(connector=2, second=500), 500)
    following = begun(storage, key, start("NEXT", meter=900, second=1000), 1001)
    ended = of(storage, zombie)
    assert ended.stop is not None
    assert (ended.stop.stopped_at, ended.stop.meter_stop_wh) == (at(1000), 300)
    assert (ended.stop_source, ended.energy_wh, ended.settled) == (StopSource.INFERRED, 200, False)
    assert Oddity.STOP_INFERRED in ended.oddities
    assert of(storage, following).stop is None
    assert of(storage, other).stop is None
    (repair,) = storage.queries.repairs()
    assert (repair.kind, repair.who, repair.transaction_id) == (RepairKind.INFER_STOP, VOLTLINE, zombie)
    assert b'"stop":null' in bytes(repair.before)
    assert b'"meter_stop_wh":300' in bytes(repair.after)


def test_a_zombie_without_readings_has_charged_nothing(storage: Storage) -> None:
    key = storage.station()
    zombie = begun(storage, key, start(meter=100))
    begun(storage, key, start(second=1000), 1000)
    assert of(storage, zombie).energy_wh == 0


def test_the_true_stop_takes_the_place_of_an_inferred_one(storage: Storage) -> None:
    key = storage.station()
    zombie = begun(storage, key, start(meter=100))
    begun(storage, key, start(second=1000), 1000)
    request = stop(zombie, meter=700, second=900)
    ended = storage.do(end, key, request, at(1100), ANYONE)
    assert ended.outcome is StopOutcome.STOPPED
    kept = of(storage, zombie)
    assert (kept.stop_source, kept.energy_wh) == (StopSource.CHARGE_POINT, 600)
    assert kept.oddities == ()
    assert kinds(storage) == [RepairKind.INFER_STOP, RepairKind.REPLACE_STOP]
    assert storage.do(end, key, request, at(1200), ANYONE).outcome is StopOutcome.REPEATED
    assert storage.count("quarantine") == 0


def test_a_zombie_does_not_make_the_driver_of_the_next_start_concurrent(storage: Storage) -> None:
    key = storage.station()
    storage.do(begin, key, start(), NOON, ONE_EACH)
    assert storage.do(begin, key, start(second=100), at(100), ONE_EACH).authorization.status == "Accepted"


def test_readings_that_come_late_make_an_inferred_stop_better(storage: Storage) -> None:
    key = storage.station()
    zombie = begun(storage, key, start(meter=100))
    begun(storage, key, start(meter=900, second=1000), 1000)
    storage.restart()
    storage.do(record, key, meter(zombie, 500, "450"), at(1100))
    assert of(storage, zombie).energy_wh == 350
    storage.do(record, key, meter(zombie, 400, "400"), at(1100))
    assert of(storage, zombie).energy_wh == 350
    assert of(storage, zombie).stop_source is StopSource.INFERRED


def test_a_transaction_that_goes_on_sending_readings_runs_after_all(storage: Storage) -> None:
    key = storage.station()
    first = begun(storage, key, start(meter=100))
    begun(storage, key, start("B", meter=100, second=1000), 1000)
    assert of(storage, first).stop_source is StopSource.INFERRED
    storage.do(record, key, meter(first, 1200, "500"), at(1200))
    running = of(storage, first)
    assert (running.stop, running.stop_source, running.oddities) == (None, None, ())
    assert kinds(storage) == [RepairKind.INFER_STOP, RepairKind.REOPEN]
    storage.do(record, key, meter(first, 1260, "600"), at(1260))
    storage.do(end, key, stop(first, meter=700, second=1300), at(1300), ANYONE)
    assert of(storage, first).energy_wh == 600


@pytest.mark.requirement("TXE-08")
def test_running_transaction_is_adopted_again_after_a_restart_of_either_side(storage: Storage) -> None:
    key = storage.station()
    transaction_id = begun(storage, key, start(meter=100))
    storage.do(record, key, meter(transaction_id, 60, "200"), at(60))
    storage.restart()  # the central system
    assert storage.station(at=at(100)) == key  # the charge point
    storage.do(record, key, meter(transaction_id, 120, "300"), at(120))
    storage.do(end, key, stop(transaction_id, meter=400, second=180), at(180), ANYONE)
    assert energies(storage, transaction_id) == ["200", "300"]
    assert of(storage, transaction_id).energy_wh == 300
    assert storage.count("transactions") == 1


# ---- any order


@pytest.mark.requirement("QUE-05")
def test_stop_that_comes_before_its_start_waits_in_quarantine_and_is_placed_when_that_comes(
    storage: Storage,
) -> None:
    key = storage.station()
    data = [sampled(1800, "400")]
    early = stop(-1, meter=600, second=3600, tag="TAG", data=data)
    assert storage.do(end, key, early, at(4000), ANYONE).outcome is StopOutcome.QUARANTINED
    transaction_id = begun(storage, key, start(meter=100), 4001)
    kept = of(storage, transaction_id)
    assert kept.stop is not None
    assert (kept.stop.stopped_at, kept.energy_wh) == (at(3600), 500)
    assert (kept.stop_source, kept.oddities) == (StopSource.CHARGE_POINT, (Oddity.STOP_MATCHED,))
    assert energies(storage, transaction_id) == ["400"]
    (message,) = storage.queries.quarantine()
    assert (message.state, message.transaction_id) == (QuarantineState.ATTACHED, transaction_id)
    # The charge point may send it for ever: it is known.
    assert storage.do(end, key, early, at(5000), ANYONE).outcome is StopOutcome.REPEATED
    assert storage.count("meter_values") == 1


def test_early_stop_with_an_id_of_its_own_is_placed_by_its_tag(storage: Storage) -> None:
    key = storage.station()
    storage.do(end, key, stop(7_000_000_000_001, second=100, tag="TAG"), at(200), ANYONE)
    storage.do(end, key, stop(7_000_000_000_002, second=101), at(200), ANYONE)
    transaction_id = begun(storage, key, start(), 300)
    assert of(storage, transaction_id).stop is not None
    by_state = {one.payload.count("0001"): one.state for one in storage.queries.quarantine()}
    assert by_state == {1: QuarantineState.ATTACHED, 0: QuarantineState.OPEN}


@pytest.mark.parametrize(
    "early",
    [
        stop(-1, meter=99, second=100, tag="TAG"),
        stop(-1, meter=600, second=-1, tag="TAG"),
        stop(-1, meter=600, second=100, tag="OTHER"),
        stop(-1, meter=600, second=100_000, tag="TAG"),
    ],
    ids=["meter below", "before the start", "another tag", "in the future"],
)
def test_early_stop_that_does_not_fit_the_start_stays_in_quarantine(
    storage: Storage, early: StopTransaction
) -> None:
    key = storage.station()
    storage.do(end, key, early, at(200), ANYONE)
    transaction_id = begun(storage, key, start(meter=100), 300)
    assert of(storage, transaction_id).stop is None
    assert [one.state for one in storage.queries.quarantine()] == [QuarantineState.OPEN]


def test_two_early_stops_that_fit_one_start_are_left_to_a_person(storage: Storage) -> None:
    key = storage.station()
    for reading in (600, 700):
        storage.do(end, key, stop(-1, meter=reading, second=100, tag="TAG"), at(200), ANYONE)
    assert of(storage, begun(storage, key, start(), 300)).stop is None


SESSIONS = (("A", 1, 1000, 100, 2000, 400), ("B", 1, 3000, 400, 4000, 900), ("C", 2, 1500, 50, 2500, 80))
"""Tag, connector, start and its meter, stop and its meter."""


@pytest.mark.requirement("QUE-05", "QUE-11")
@pytest.mark.parametrize("order", list(itertools.permutations(range(6)))[::37])
def test_offline_replays_in_any_order_lead_to_the_same_transactions(
    storage: Storage, order: tuple[int, ...]
) -> None:
    key = storage.station()
    messages = [
        message
        for tag, connector, began, meter_start, ended, meter_stop in SESSIONS
        for message in (
            start(tag, connector, meter_start, began),
            stop(-1, meter_stop, ended, tag),
        )
    ]
    for number in order:
        message = messages[number]
        work = begin if isinstance(message, StartTransaction) else end
        storage.do(work, key, message, at(10_000 + number), ANYONE)
    found = {
        one.start.id_tag: (one.energy_wh, None if one.stop is None else one.stop.stopped_at, one.settled)
        for one in all_of(storage)
    }
    assert found == {tag: (last - first, at(to), True) for tag, _, _, first, to, last in SESSIONS}
    assert all(one.state is QuarantineState.ATTACHED for one in storage.queries.quarantine())


@pytest.mark.requirement("QUE-05")
def test_old_start_that_comes_after_the_next_one_ends_where_that_one_began(storage: Storage) -> None:
    key = storage.station()
    later = begun(storage, key, start("B", second=2000), 3000)
    earlier = begun(storage, key, start("A", second=1000), 3001)
    assert of(storage, later).stop is None
    ended = of(storage, earlier)
    assert ended.stop is not None
    assert (ended.stop.stopped_at, ended.stop_source) == (at(2000), StopSource.INFERRED)


# ---- stops without a usable id


@pytest.mark.requirement("QUE-11")
@pytest.mark.parametrize("sent", [-1, 0])
def test_stop_without_an_id_ends_the_only_transaction_that_it_fits(storage: Storage, sent: int) -> None:
    key = storage.station()
    mine = begun(storage, key, start("MINE", 1))
    begun(storage, key, start("OTHER", 2))
    request = stop(sent, tag="mine", data=[sampled(60, "300")])
    assert storage.do(end, key, request, at(3601), ANYONE).outcome is StopOutcome.STOPPED
    assert of(storage, mine).energy_wh == 500
    assert of(storage, mine).oddities == (Oddity.STOP_MATCHED,)
    assert storage.do(end, key, request, at(3700), ANYONE).outcome is StopOutcome.REPEATED
    assert energies(storage, mine) == ["300"]
    assert storage.count("quarantine") == 0


def test_stop_without_an_id_is_not_given_to_a_transaction_whose_id_the_station_knows(
    storage: Storage,
) -> None:
    key = storage.station()
    known = begun(storage, key, start("TAG", 1))
    storage.do(record, key, meter(known), at(60))
    ended = storage.do(end, key, stop(-1, tag="TAG"), at(3600), ANYONE)
    assert ended.reason is QuarantineReason.NO_TRANSACTION_ID
    assert of(storage, known).stop is None


def test_stop_that_names_a_transaction_takes_the_place_of_one_that_was_matched(storage: Storage) -> None:
    key = storage.station()
    transaction_id = begun(storage, key, start("TAG"))
    storage.do(end, key, stop(-1, meter=300, second=100, tag="TAG"), at(100), ANYONE)
    named = stop(transaction_id, meter=900, second=900, tag="TAG")
    assert storage.do(end, key, named, at(900), ANYONE).outcome is StopOutcome.STOPPED
    assert (of(storage, transaction_id).energy_wh, of(storage, transaction_id).oddities) == (800, ())
    assert kinds(storage) == [RepairKind.REPLACE_STOP]
    (given_up,) = storage.queries.quarantine()
    assert (given_up.reason, given_up.state) == (QuarantineReason.AMBIGUOUS, QuarantineState.OPEN)
    assert '"meterStop":300' in given_up.payload
    other = stop(transaction_id, meter=950, second=900, tag="TAG")
    assert storage.do(end, key, other, at(900), ANYONE).reason is QuarantineReason.ALREADY_STOPPED


def test_stop_without_an_id_that_fits_two_is_left_to_a_person(storage: Storage) -> None:
    key = storage.station()
    begun(storage, key, start("TAG", 1))
    begun(storage, key, start("TAG", 2))
    ended = storage.do(end, key, stop(-1, tag="TAG"), at(3600), ANYONE)
    assert (ended.outcome, ended.reason) == (StopOutcome.QUARANTINED, QuarantineReason.AMBIGUOUS)


# ---- known only by meter values


def state(storage: Storage, key: StationKey, status_: ChargePointStatus) -> None:
    notification = StatusNotification(
        connector_id=1, error_code=ChargePointErrorCode.NO_ERROR, status=status_
    )
    storage.do(status.report, key, notification, NOON)


@pytest.mark.requirement("QUE-11", "MTV-31")
@pytest.mark.parametrize("sent", [4711, 2**31, 9_007_199_254_740_993, 2**63 - 1, -1])
def test_transaction_known_only_by_its_meter_values_is_kept_under_the_id_that_the_station_uses(
    storage: Storage, sent: int
) -> None:
    key = storage.station()
    for second, energy in ((60, "1000"), (120, "1500")):
        storage.do(record, key, meter(sent, second, energy), at(second))
        storage.restart()
    (shell,) = all_of(storage)
    assert (shell.sent_id, shell.started, shell.start.id_tag) == (sent, False, "")
    assert 0 < shell.id < 2**31
    assert shell.oddities == (Oddity.KNOWN_BY_METER_VALUES,)
    assert energies(storage, shell.id) == ["1000", "1500"]
    ended = storage.do(end, key, stop(sent, meter=1800, second=180, tag="T"), at(180), ANYONE)
    assert ended.outcome is StopOutcome.STOPPED
    stopped = of(storage, shell.id)
    assert (stopped.start.meter_start_wh, stopped.energy_wh) == (1000, 800)
    assert Oddity.KNOWN_BY_METER_VALUES in stopped.oddities
    again = storage.do(end, key, stop(sent, meter=1800, second=180, tag="T"), at(200), ANYONE)
    assert again.outcome is StopOutcome.REPEATED


def test_two_stations_that_use_the_same_unknown_id_have_a_transaction_each(storage: Storage) -> None:
    one, two = storage.station("CP1"), storage.station("CP2")
    storage.do(record, one, meter(4711), at(60))
    storage.do(record, two, meter(4711), at(60))
    assert [shell.identity for shell in all_of(storage)] == ["CP1", "CP2"]


def test_readings_under_a_foreign_id_touch_nothing_of_its_owner(storage: Storage) -> None:
    owner, other = storage.station("OWNER"), storage.station("OTHER")
    owned = begun(storage, owner, start())
    before = of(storage, owned)
    storage.do(record, other, meter(owned), at(60))
    storage.do(end, other, stop(owned, second=120), at(120), ANYONE)
    assert of(storage, owned) == before
    (shell,) = storage.queries.transactions(identity="OTHER").items
    assert (shell.sent_id, shell.settled) == (owned, True)


@pytest.mark.parametrize(
    "status_", [ChargePointStatus.AVAILABLE, ChargePointStatus.UNAVAILABLE, ChargePointStatus.FAULTED]
)
def test_readings_of_an_idle_connector_make_no_transaction(
    storage: Storage, status_: ChargePointStatus
) -> None:
    key = storage.station()
    state(storage, key, status_)
    for sent in (-1, 0, None):
        storage.do(record, key, meter(sent), at(60))
    assert storage.count("transactions") == 0
    assert storage.column("meter_values", "transaction_id") == [None] * 3


def test_start_that_comes_after_readings_without_id_is_given_these(storage: Storage) -> None:
    key = storage.station()
    state(storage, key, ChargePointStatus.CHARGING)
    storage.do(record, key, meter(-1, 60, "150"), at(60))
    (shell,) = all_of(storage)
    transaction_id = begun(storage, key, start("TAG", meter=100), 90)
    assert transaction_id == shell.id
    adopted = of(storage, transaction_id)
    assert (adopted.started, adopted.start.id_tag, adopted.oddities) == (True, "TAG", ())
    assert adopted.start.meter_start_wh == 100
    assert energies(storage, transaction_id) == ["150"]
    assert kinds(storage) == [RepairKind.ADOPT_START]
    assert begun(storage, key, start("TAG", meter=100), 95) == transaction_id


def test_shell_ends_at_the_next_start_on_its_connector(storage: Storage) -> None:
    key = storage.station()
    for second, energy in ((60, "1000"), (120, "1500")):
        storage.do(record, key, meter(4711, second, energy), at(second))
    begun(storage, key, start("NEXT", meter=2000, second=600), 600)
    shell = all_of(storage)[0]
    assert (shell.energy_wh, shell.stop_source) == (500, StopSource.INFERRED)


# ---- readings without an id


def closing(second: float, context: ReadingContext) -> MeterValues:
    value = SampledValue(value="600", context=context)
    return MeterValues(connector_id=1, meter_value=[MeterValue(timestamp=at(second), sampled_value=[value])])


@pytest.mark.parametrize("sent", [None, 0, -1])
def test_readings_without_id_belong_to_the_transaction_that_ran_on_the_connector_then(
    storage: Storage, sent: int | None
) -> None:
    key = storage.station()
    first = begun(storage, key, start(second=0))
    storage.do(end, key, stop(first, second=1000), at(1000), ANYONE)
    second = begun(storage, key, start(second=2000), 2000)
    state(storage, key, ChargePointStatus.AVAILABLE)
    for when, energy in ((500, "in first"), (1500, "between"), (2500, "in second")):
        storage.do(record, key, meter(sent, when, energy), at(3000))
    assert energies(storage, first) == ["in first"]
    assert energies(storage, second) == ["in second"]
    assert storage.count("meter_values") == 3


def test_one_message_with_readings_of_two_transactions_is_shared_out(storage: Storage) -> None:
    key = storage.station()
    first = begun(storage, key, start(second=0))
    storage.do(end, key, stop(first, second=1000), at(1000), ANYONE)
    second = begun(storage, key, start(second=2000), 2000)
    both = MeterValues(connector_id=1, meter_value=[sampled(500, "one"), sampled(2500, "two")])
    storage.do(record, key, both, at(3000))
    assert (energies(storage, first), energies(storage, second)) == (["one"], ["two"])


@pytest.mark.requirement("MTV-09")
def test_readings_of_the_main_meter_belong_to_no_transaction(storage: Storage) -> None:
    key = storage.station()
    transaction_id = begun(storage, key, start())
    storage.do(record, key, meter(None, 60, connector=0), at(60))
    storage.do(record, key, meter(-1, 61, connector=0), at(61))
    assert storage.queries.readings(transaction_id) == ()
    assert storage.count("meter_values") == 2


def test_closing_readings_that_are_taken_just_after_the_stop_belong_to_it(storage: Storage) -> None:
    key = storage.station()
    transaction_id = begun(storage, key, start())
    storage.do(end, key, stop(transaction_id, second=1000), at(1000), ANYONE)
    storage.do(record, key, closing(1005, ReadingContext.TRANSACTION_END), at(1010))
    storage.do(record, key, closing(1006, ReadingContext.SAMPLE_CLOCK), at(1010))
    storage.do(record, key, closing(1100, ReadingContext.TRANSACTION_END), at(1110))
    assert energies(storage, transaction_id) == ["600"]


# ---- clocks and figures


def test_a_clock_that_is_wrong_after_a_boot_is_tolerated(storage: Storage) -> None:
    key = storage.station()
    epoch = datetime(1970, 1, 1, 0, 0, 12, tzinfo=UTC)
    zombie = begun(storage, key, start("A", second=0))
    request = StartTransaction(connector_id=1, id_tag="B", meter_start=100, timestamp=epoch)
    transaction_id = begun(storage, key, request, 1000)
    assert of(storage, zombie).stop_source is StopSource.INFERRED
    running = of(storage, transaction_id)
    assert (running.stop, running.start.started_at, running.began_at) == (None, epoch, at(1000))
    assert running.oddities == (Oddity.CLOCK_NOT_SET,)
    storage.do(end, key, stop(transaction_id, second=1600), at(1601), ANYONE)
    ended = of(storage, transaction_id)
    assert (ended.energy_wh, ended.duration_s) == (500, 600)
    assert ended.oddities == (Oddity.CLOCK_NOT_SET,)


def test_stop_in_the_future_is_kept_and_flagged(storage: Storage) -> None:
    key = storage.station()
    transaction_id = begun(storage, key, start())
    storage.do(end, key, stop(transaction_id, second=10**8), at(600), ANYONE)
    kept = of(storage, transaction_id)
    assert kept.stop is not None
    assert kept.stop.stopped_at == at(10**8)
    assert (kept.oddities, kept.duration_s) == ((Oddity.STOPPED_IN_FUTURE,), 600)
    flagged = storage.queries.transactions(flagged=True).items
    assert [one.id for one in flagged] == [transaction_id]


def test_a_meter_that_rolls_back_is_flagged(storage: Storage) -> None:
    key = storage.station()
    transaction_id = begun(storage, key, start(meter=100))
    for second, energy in ((60, "500"), (120, "50"), (180, "100")):
        storage.do(record, key, meter(transaction_id, second, energy), at(second))
    storage.do(end, key, stop(transaction_id, meter=120, second=200), at(200), ANYONE)
    kept = of(storage, transaction_id)
    assert kept.energy_wh == 20
    assert kept.oddities == (Oddity.READINGS_FELL,)


def test_readings_beyond_meter_stop_are_flagged(storage: Storage) -> None:
    key = storage.station()
    transaction_id = begun(storage, key, start(meter=100))
    for second, energy in ((60, "500"), (120, "5000")):
        storage.do(record, key, meter(transaction_id, second, energy), at(second))
    storage.do(end, key, stop(transaction_id, meter=600, second=200), at(200), ANYONE)
    assert of(storage, transaction_id).oddities == (Oddity.READINGS_DISAGREE,)
    assert [one.id for one in storage.queries.transactions(oddity="readings-disagree").items] == [1]
    assert storage.queries.transactions(oddity="readings-fell").items == ()


def test_list_is_filtered_by_connector_time_and_flag_and_sorted_by_start(storage: Storage) -> None:
    key = storage.station()
    ids = [begun(storage, key, start(connector=n + 1, second=(n * 7) % 5 * 10), 60) for n in range(5)]
    page = storage.queries.transactions(by_start=True, limit=3)
    rest = storage.queries.transactions(by_start=True, limit=3, before=page.next_before)
    by_start = [one.start.started_at for one in (*page.items, *rest.items)]
    assert by_start == sorted(by_start, reverse=True)
    assert len(by_start) == 5
    up = storage.queries.transactions(by_start=True, oldest_first=True, limit=2)
    more = storage.queries.transactions(by_start=True, oldest_first=True, before=up.next_before)
    assert [one.start.started_at for one in (*up.items, *more.items)] == sorted(by_start)
    assert [one.id for one in storage.queries.transactions(connector_id=2).items] == [ids[1]]
    between = storage.queries.transactions(since=at(10), until=at(30)).items
    assert {one.start.started_at for one in between} == {at(10), at(20)}
    assert storage.queries.transactions(flagged=True).items == ()
    assert len(storage.queries.transactions(flagged=False).items) == 5


def test_what_a_batch_learned_is_forgotten_when_it_is_rolled_back(storage: Storage) -> None:
    key = storage.station()
    zombie = begun(storage, key, start(meter=100))
    begun(storage, key, start("B", second=1000), 1000)
    unit = storage.store.begin()
    record(unit, key, meter(zombie, 1200, "500"), at(1200))
    record(unit, key, meter(4711, 1200, "500", connector=2), at(1200))
    record(unit, key, meter(zombie, 1260, "500"), at(1260))
    storage.store.rollback()
    assert of(storage, zombie).stop_source is StopSource.INFERRED
    storage.do(record, key, meter(zombie, 1300, "500"), at(1300))
    storage.do(record, key, meter(4711, 1300, "500", connector=2), at(1300))
    assert of(storage, zombie).stop is None
    assert [one.sent_id for one in all_of(storage)] == [None, None, 4711]
    assert storage.count("meter_values") == 2


def test_readings_under_a_known_id_cost_no_statement_of_their_own(storage: Storage) -> None:
    key = storage.station()
    transaction_id = begun(storage, key, start())
    storage.do(record, key, meter(transaction_id, 1), at(1))
    asked: list[str] = []
    unit = storage.store.begin()
    connection = unit.meter_values._scope.connection
    event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
    for second in range(2, 52):
        record(unit, key, meter(transaction_id, second), at(second))
    assert asked == []
    storage.store.flush()
    storage.store.commit()
    assert storage.count("meter_values") == 51
