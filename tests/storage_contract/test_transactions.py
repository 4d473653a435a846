from datetime import datetime

import pytest
from sqlalchemy import text

from voltline.central.domain.authorization import AuthorizationRules, IdTag, Verdict
from voltline.central.domain.quarantine import QuarantineReason
from voltline.central.domain.transactions import Oddity, StopOutcome, Transaction
from voltline.central.services import id_tags
from voltline.central.services.transactions import begin, end
from voltline.messages import Reason, StartTransaction

from .conftest import Storage
from .saying import ANYONE, NOON, ONE_EACH, ONLY_KNOWN, at, sampled, start, stop


def transaction(storage: Storage, transaction_id: int) -> Transaction:
    found = storage.queries.transaction(transaction_id)
    assert found is not None
    return found


@pytest.mark.requirement("TXS-05", "TXS-12")
def test_start_is_given_a_positive_id_of_its_own(storage: Storage) -> None:
    one, two = storage.station("CP1"), storage.station("CP2")
    ids = [storage.do(begin, key, start(), NOON, ANYONE).transaction_id for key in (one, two)]
    assert len(set(ids)) == 2
    assert all(0 < transaction_id < 2**31 for transaction_id in ids)
    kept = transaction(storage, ids[1])
    assert kept.identity == "CP2"
    assert kept.start.connector_id == 1
    assert kept.start.id_tag == "TAG"
    assert kept.start.started_at == NOON
    assert kept.start.meter_start_wh == 100
    assert kept.authorization_status == "Accepted"
    assert kept.stop is None
    assert kept.energy_wh is None
    assert kept.oddities == ()


def test_retried_start_is_given_the_same_transaction_id(storage: Storage) -> None:
    key = storage.station()
    first = storage.do(begin, key, start(), NOON, ANYONE)
    storage.restart()
    again = storage.do(begin, key, start(), at(30), ANYONE)
    assert again.transaction_id == first.transaction_id
    assert (first.repeated, again.repeated) == (False, True)
    assert storage.count("transactions") == 1
    assert transaction(storage, first.transaction_id).start_received_at == NOON


def test_retried_start_is_recognised_with_the_tag_in_another_case_and_the_time_in_another_zone(
    storage: Storage,
) -> None:
    key = storage.station()
    first = storage.do(begin, key, start("tag"), NOON, ANYONE)
    moved = StartTransaction(
        connector_id=1,
        id_tag="TAG",
        meter_start=100,
        timestamp=datetime.fromisoformat("2024-05-01T14:00:00+02:00"),
    )
    assert storage.do(begin, key, moved, NOON, ANYONE).transaction_id == first.transaction_id


def test_retried_start_finds_its_transaction_also_after_it_was_stopped(storage: Storage) -> None:
    key = storage.station()
    first = storage.do(begin, key, start(), NOON, ANYONE)
    storage.do(end, key, stop(first.transaction_id), NOON, ANYONE)
    assert storage.do(begin, key, start(), NOON, ANYONE).transaction_id == first.transaction_id


@pytest.mark.parametrize(
    "other", [start(connector=2), start(tag="OTHER"), start(meter=101), start(second=0.001)]
)
def test_start_that_differs_is_another_transaction(storage: Storage, other: object) -> None:
    key = storage.station()
    first = storage.do(begin, key, start(), NOON, ANYONE)
    second = storage.do(begin, key, other, NOON, ANYONE)
    assert second.transaction_id != first.transaction_id
    assert not second.repeated


def test_the_same_start_of_another_charge_point_is_another_transaction(storage: Storage) -> None:
    one, two = storage.station("CP1"), storage.station("CP2")
    first = storage.do(begin, one, start(), NOON, ANYONE)
    assert storage.do(begin, two, start(), NOON, ANYONE).transaction_id != first.transaction_id


@pytest.mark.requirement("TXS-06")
def test_transaction_of_a_refused_tag_is_kept_with_the_status_that_it_deserves(storage: Storage) -> None:
    key = storage.station()
    storage.do(id_tags.put_tag, IdTag(id_tag="BAD", blocked=True), NOON)
    blocked = storage.do(begin, key, start("BAD"), NOON, ANYONE)
    unknown = storage.do(begin, key, start("WHO"), NOON, ONLY_KNOWN)
    assert blocked.authorization.status is Verdict.BLOCKED
    assert unknown.authorization.status is Verdict.INVALID
    assert transaction(storage, blocked.transaction_id).authorization_status == "Blocked"
    assert transaction(storage, unknown.transaction_id).authorization_status == "Invalid"


@pytest.mark.requirement("AUT-13")
def test_second_transaction_of_a_tag_is_told_concurrent_tx_only_if_the_rules_say_so(
    storage: Storage,
) -> None:
    key = storage.station()
    storage.do(begin, key, start(connector=1), NOON, ONE_EACH)
    assert (
        storage.do(begin, key, start("tag", 2), NOON, ONE_EACH).authorization.status is Verdict.CONCURRENT_TX
    )
    assert storage.do(begin, key, start("tag", 3), NOON, ANYONE).authorization.status is Verdict.ACCEPTED


def test_retried_start_is_not_told_concurrent_tx_because_of_itself(storage: Storage) -> None:
    key = storage.station()
    storage.do(begin, key, start(), NOON, ONE_EACH)
    again = storage.do(begin, key, start(), NOON, ONE_EACH)
    assert again.repeated
    assert again.authorization.status is Verdict.ACCEPTED


def test_retried_start_that_was_told_concurrent_tx_is_told_so_again(storage: Storage) -> None:
    key = storage.station()
    storage.do(begin, key, start(connector=1), NOON, ONE_EACH)
    storage.do(begin, key, start(connector=2), NOON, ONE_EACH)
    again = storage.do(begin, key, start(connector=2), NOON, ONE_EACH)
    assert again.repeated
    assert again.authorization.status is Verdict.CONCURRENT_TX


def test_tag_may_charge_again_once_its_transaction_is_stopped(storage: Storage) -> None:
    key = storage.station()
    first = storage.do(begin, key, start(), NOON, ONE_EACH)
    storage.do(end, key, stop(first.transaction_id), NOON, ONE_EACH)
    assert storage.do(begin, key, start(second=9), NOON, ONE_EACH).authorization.status is Verdict.ACCEPTED


def test_refused_transaction_does_not_make_its_tag_concurrent(storage: Storage) -> None:
    key = storage.station()
    reject = AuthorizationRules(unknown_tags=ONLY_KNOWN.unknown_tags, one_transaction_per_tag=True)
    storage.do(begin, key, start("NEW", 1), NOON, reject)
    storage.do(id_tags.put_tag, IdTag(id_tag="NEW"), NOON)
    assert storage.do(begin, key, start("NEW", 2), NOON, reject).authorization.status is Verdict.ACCEPTED


def test_start_on_another_connector_leaves_a_running_transaction_as_it_is(storage: Storage) -> None:
    key, other = storage.station("CP1"), storage.station("CP2")
    first = storage.do(begin, key, start(), NOON, ANYONE)
    storage.do(begin, key, start(connector=2, second=100), NOON, ANYONE)
    storage.do(begin, other, start(second=100), NOON, ANYONE)
    assert transaction(storage, first.transaction_id).stop is None


def test_reservation_is_kept_and_0_means_none(storage: Storage) -> None:
    key = storage.station()
    with_one = storage.do(begin, key, start(reservation=7), NOON, ANYONE)
    without = storage.do(begin, key, start(connector=2, reservation=0), NOON, ANYONE)
    assert transaction(storage, with_one.transaction_id).start.reservation_id == 7
    assert transaction(storage, without.transaction_id).start.reservation_id is None


def test_id_is_never_given_again_even_if_its_row_is_gone(storage: Storage) -> None:
    key = storage.station()
    first = storage.do(begin, key, start(), NOON, ANYONE).transaction_id
    with storage.database.writer_engine.begin() as connection:
        connection.execute(text("DELETE FROM transactions"))
    storage.restart()
    assert storage.do(begin, key, start(second=5), NOON, ANYONE).transaction_id > first


@pytest.mark.requirement("TXE-05", "TXE-08")
def test_stop_is_kept_and_a_missing_reason_means_local(storage: Storage) -> None:
    key = storage.station()
    begun = storage.do(begin, key, start(), NOON, ANYONE)
    ended = storage.do(end, key, stop(begun.transaction_id, tag="OTHER"), at(3601), ONLY_KNOWN)
    assert ended.outcome is StopOutcome.STOPPED
    kept = transaction(storage, begun.transaction_id)
    assert kept.stop is not None
    assert kept.stop.stopped_at == at(3600)
    assert kept.stop.meter_stop_wh == 600
    assert kept.stop.reason == "Local"
    assert kept.stop.id_tag == "OTHER"
    assert kept.stop_received_at == at(3601)
    assert kept.energy_wh == 500
    assert storage.count("quarantine") == 0


@pytest.mark.requirement("TXE-09")
def test_stop_says_what_the_stopping_tag_is_told_and_nothing_without_one(storage: Storage) -> None:
    key = storage.station()
    one = storage.do(begin, key, start(connector=1), NOON, ANYONE)
    two = storage.do(begin, key, start(connector=2), NOON, ANYONE)
    told = storage.do(end, key, stop(one.transaction_id, tag="WHO"), NOON, ONLY_KNOWN).authorization
    assert told is not None
    assert told.status is Verdict.INVALID
    assert storage.do(end, key, stop(two.transaction_id), NOON, ONLY_KNOWN).authorization is None


def test_stop_keeps_its_reason(storage: Storage) -> None:
    key = storage.station()
    begun = storage.do(begin, key, start(), NOON, ANYONE)
    storage.do(end, key, stop(begun.transaction_id, reason=Reason.EV_DISCONNECTED), NOON, ANYONE)
    kept = transaction(storage, begun.transaction_id).stop
    assert kept is not None
    assert kept.reason == "EVDisconnected"


@pytest.mark.requirement("TXE-07")
def test_meter_values_of_a_stop_belong_to_its_transaction(storage: Storage) -> None:
    key = storage.station()
    begun = storage.do(begin, key, start(connector=2), NOON, ANYONE)
    data = [sampled(0, "100"), sampled(3600, "600")]
    storage.do(end, key, stop(begun.transaction_id, data=data), NOON, ANYONE)
    readings = storage.queries.readings(begun.transaction_id)
    assert [reading.value for reading in readings] == ["100", "16.020", "600", "16.020"]
    assert all(reading.from_stop and reading.connector_id == 2 for reading in readings)


def test_repeated_stop_is_recognised_and_neither_counted_twice_nor_put_into_quarantine(
    storage: Storage,
) -> None:
    key = storage.station()
    begun = storage.do(begin, key, start(), NOON, ANYONE)
    request = stop(begun.transaction_id, tag="TAG", data=[sampled()])
    storage.do(end, key, request, at(3600), ANYONE)
    before = transaction(storage, begun.transaction_id)
    storage.restart()
    again = storage.do(end, key, request, at(3700), ANYONE)
    assert again.outcome is StopOutcome.REPEATED
    assert again.authorization is not None
    assert transaction(storage, begun.transaction_id) == before
    assert storage.count("meter_values") == 1
    assert storage.count("quarantine") == 0


def test_another_stop_of_a_stopped_transaction_changes_nothing_and_goes_to_quarantine(
    storage: Storage,
) -> None:
    key = storage.station()
    begun = storage.do(begin, key, start(), NOON, ANYONE)
    storage.do(end, key, stop(begun.transaction_id, meter=600), NOON, ANYONE)
    before = transaction(storage, begun.transaction_id)
    other = storage.do(end, key, stop(begun.transaction_id, meter=700), NOON, ANYONE)
    assert other.outcome is StopOutcome.QUARANTINED
    assert other.reason is QuarantineReason.ALREADY_STOPPED
    assert transaction(storage, begun.transaction_id) == before


@pytest.mark.requirement("QUE-11", "QUE-12", "TXE-08")
@pytest.mark.parametrize(
    ("transaction_id", "reason"),
    [
        (-1, QuarantineReason.NO_TRANSACTION_ID),
        (0, QuarantineReason.NO_TRANSACTION_ID),
        (-(2**63), QuarantineReason.NO_TRANSACTION_ID),
        (999_999, QuarantineReason.UNKNOWN_TRANSACTION),
        (2**31, QuarantineReason.UNKNOWN_TRANSACTION),
        (2**63 - 1, QuarantineReason.UNKNOWN_TRANSACTION),
    ],
)
def test_stop_of_no_transaction_is_answered_and_kept_in_quarantine(
    storage: Storage, transaction_id: int, reason: QuarantineReason
) -> None:
    key = storage.station()
    storage.do(begin, key, start(), NOON, ANYONE)
    ended = storage.do(end, key, stop(transaction_id, tag="ANOTHER"), at(9), ANYONE)
    assert ended.outcome is StopOutcome.QUARANTINED
    assert ended.authorization is not None
    (kept,) = storage.queries.quarantine()
    assert kept.identity == "CP1"
    assert kept.action == "StopTransaction"
    assert kept.reason is reason
    assert f'"transactionId":{transaction_id}' in kept.payload
    assert kept.received_at == at(9)
    (running,) = storage.queries.transactions(active=True).items
    assert running.stop is None


def test_foreign_stop_touches_nothing(storage: Storage) -> None:
    owner, thief = storage.station("OWNER"), storage.station("THIEF")
    begun = storage.do(begin, owner, start(), NOON, ANYONE)
    before = transaction(storage, begun.transaction_id)
    ended = storage.do(end, thief, stop(begun.transaction_id, data=[sampled()]), NOON, ANYONE)
    assert ended.outcome is StopOutcome.QUARANTINED
    assert ended.reason is QuarantineReason.FOREIGN_TRANSACTION
    assert transaction(storage, begun.transaction_id) == before
    assert storage.count("meter_values") == 0
    assert [kept.identity for kept in storage.queries.quarantine()] == ["THIEF"]


def test_quarantined_stop_that_comes_again_is_counted_not_kept_twice(storage: Storage) -> None:
    key = storage.station()
    for second in range(3):
        storage.do(end, key, stop(-1), at(second), ANYONE)
    storage.do(end, key, stop(-1, meter=601), at(9), ANYONE)
    newest, oldest = storage.queries.quarantine()
    assert (newest.times, oldest.times) == (1, 3)
    assert (oldest.received_at, oldest.last_received_at) == (at(0), at(2))


def test_impossible_figures_are_kept_as_they_came_and_flagged(storage: Storage) -> None:
    key = storage.station()
    begun = storage.do(begin, key, start(meter=500, second=100), NOON, ANYONE)
    storage.do(end, key, stop(begun.transaction_id, meter=499, second=99), NOON, ANYONE)
    kept = transaction(storage, begun.transaction_id)
    assert kept.stop is not None
    assert (kept.stop.meter_stop_wh, kept.stop.stopped_at) == (499, at(99))
    assert kept.energy_wh == -1
    assert kept.oddities == (Oddity.STOPPED_BEFORE_START, Oddity.METER_FELL)


def test_transactions_are_listed_newest_first_page_by_page(storage: Storage) -> None:
    one, two = storage.station("CP1"), storage.station("Cp2")
    ids = [
        storage.do(begin, key, start(f"T{n % 2}", n + 1, second=n), at(n), ANYONE).transaction_id
        for n, key in enumerate([one, two] * 3)
    ]
    storage.do(end, one, stop(ids[0]), NOON, ANYONE)
    page = storage.queries.transactions(limit=4)
    assert [item.id for item in page.items] == ids[:1:-1]
    rest = storage.queries.transactions(limit=4, before=page.next_before)
    assert [item.id for item in rest.items] == ids[1::-1]
    assert rest.next_before is None
    assert [item.id for item in storage.queries.transactions(identity="CP2").items] == ids[5::-2]
    assert [item.id for item in storage.queries.transactions(id_tag="t0").items] == ids[4::-2]
    assert [item.id for item in storage.queries.transactions(active=False).items] == [ids[0]]
    assert len(storage.queries.transactions(active=True).items) == 5
    assert storage.queries.transactions(identity="nobody").items == ()
    assert storage.queries.transactions(limit=6).next_before is None


@pytest.mark.parametrize("odd", [0, -1, 2**31, 2**70])
def test_transaction_that_cannot_exist_is_not_found(storage: Storage, odd: int) -> None:
    assert storage.queries.transaction(odd) is None
    assert storage.queries.readings(odd) == ()
