"""What could not be placed is repaired by hand, and every repair is written down."""

import msgspec
import pytest

from voltline.central.domain.quarantine import QuarantineReason, QuarantineState
from voltline.central.domain.repairs import Repair, RepairKind
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import StopOutcome, StopSource, Transaction
from voltline.central.services.endings import put_into_quarantine
from voltline.central.services.metering import record
from voltline.central.services.repairs import Closing, Refusal, attach, close, discard
from voltline.central.services.transactions import begin, end

from .conftest import Storage
from .saying import ANYONE, NOON, at, meter, sampled, start, stop


def running(storage: Storage, key: StationKey, tag: str = "TAG", connector: int = 1) -> int:
    return int(storage.do(begin, key, start(tag, connector), NOON, ANYONE).transaction_id)


def of(storage: Storage, transaction_id: int) -> Transaction:
    found = storage.queries.transaction(transaction_id)
    assert found is not None
    return found


def repair(storage: Storage, repair_id: object) -> Repair:
    assert not isinstance(repair_id, Refusal)
    assert isinstance(repair_id, int)
    found = storage.queries.repair(repair_id)
    assert found is not None
    return found


def test_stop_in_quarantine_is_attached_to_the_transaction_that_it_belongs_to(storage: Storage) -> None:
    key = storage.station()
    transaction_id = running(storage, key)
    lost = stop(4711, meter=900, tag="ELSE", data=[sampled(1800, "500")])
    assert storage.do(end, key, lost, at(3600), ANYONE).outcome is StopOutcome.QUARANTINED
    made = storage.do(attach, 1, transaction_id, "ann", "seen on site", at(9000))
    ended = of(storage, transaction_id)
    assert (ended.energy_wh, ended.stop_source) == (800, StopSource.CHARGE_POINT)
    assert ended.stop_received_at == at(3600)
    assert ended.oddities == ()
    assert [one.value for one in storage.queries.readings(transaction_id)] == ["500", "16.020"]
    message = storage.queries.quarantined(1)
    assert message is not None
    assert (message.state, message.transaction_id) == (QuarantineState.ATTACHED, transaction_id)
    assert message.settled_at == at(9000)
    kept = repair(storage, made)
    assert (kept.kind, kept.who, kept.note, kept.at) == (RepairKind.ATTACH, "ann", "seen on site", at(9000))
    before, after = msgspec.json.decode(kept.before), msgspec.json.decode(kept.after)
    assert before["transaction"]["stop"] is None
    assert after["transaction"]["stop"]["meter_stop_wh"] == 900
    assert (before["quarantined"]["state"], after["quarantined"]["state"]) == ("open", "attached")


def test_another_stop_of_a_stopped_transaction_takes_its_place_when_it_is_attached(storage: Storage) -> None:
    key = storage.station()
    transaction_id = running(storage, key)
    storage.do(end, key, stop(transaction_id, meter=600), at(3600), ANYONE)
    storage.do(end, key, stop(transaction_id, meter=700), at(3700), ANYONE)
    kept = repair(storage, storage.do(attach, 1, transaction_id, "ann", None, at(9000)))
    assert of(storage, transaction_id).energy_wh == 600
    assert msgspec.json.decode(kept.before)["transaction"]["stop"]["meter_stop_wh"] == 600
    # Either of the two may come again: this one is the stop now, the other is in no need of review.
    again = storage.do(end, key, stop(transaction_id, meter=700), at(9100), ANYONE)
    assert again.outcome is StopOutcome.REPEATED


def test_meter_values_in_quarantine_are_attached(storage: Storage) -> None:
    key = storage.station()
    transaction_id = running(storage, key)
    storage.do(
        put_into_quarantine, key, meter(-1, 60, "150"), "MeterValues", QuarantineReason.AMBIGUOUS, NOON
    )
    repair(storage, storage.do(attach, 1, transaction_id, "ann", None, at(9000)))
    assert storage.queries.readings(transaction_id)[0].value == "150"
    assert of(storage, transaction_id).stop is None


def test_message_is_repaired_once_only_and_counted_when_it_comes_again(storage: Storage) -> None:
    key = storage.station()
    transaction_id = running(storage, key)
    storage.do(end, key, stop(4711), at(3600), ANYONE)
    repair(storage, storage.do(discard, 1, "ann", "a test", at(9000)))
    assert storage.do(attach, 1, transaction_id, "bob", None, at(9001)) is Refusal.NOT_OPEN
    assert storage.do(discard, 1, "bob", None, at(9001)) is Refusal.NOT_OPEN
    closing = Closing(quarantine_id=1)
    assert storage.do(close, transaction_id, closing, "bob", None, at(9001)) is Refusal.NOT_OPEN
    assert of(storage, transaction_id).stop is None
    storage.do(end, key, stop(4711), at(9002), ANYONE)
    message = storage.queries.quarantined(1)
    assert message is not None
    assert (message.state, message.times) == (QuarantineState.DISCARDED, 2)
    assert storage.count("repairs") == 1


def test_what_does_not_fit_is_refused_and_changes_nothing(storage: Storage) -> None:
    one, two = storage.station("CP1"), storage.station("CP2")
    transaction_id = running(storage, one)
    storage.do(end, two, stop(4711), at(3600), ANYONE)
    before = of(storage, transaction_id)
    for refused, expected in (
        (storage.do(attach, 1, transaction_id, "ann", None, NOON), Refusal.OTHER_CHARGE_POINT),
        (storage.do(attach, 1, 999, "ann", None, NOON), Refusal.NO_SUCH_TRANSACTION),
        (storage.do(attach, 1, 2**40, "ann", None, NOON), Refusal.NO_SUCH_TRANSACTION),
        (storage.do(attach, 999, transaction_id, "ann", None, NOON), Refusal.NO_SUCH_MESSAGE),
        (storage.do(discard, 999, "ann", None, NOON), Refusal.NO_SUCH_MESSAGE),
        (storage.do(close, 999, Closing(), "ann", None, NOON), Refusal.NO_SUCH_TRANSACTION),
        (
            storage.do(close, transaction_id, Closing(quarantine_id=1), "ann", None, NOON),
            Refusal.OTHER_CHARGE_POINT,
        ),
    ):
        assert refused is expected
    assert of(storage, transaction_id) == before
    assert storage.count("repairs") == 0


def test_transaction_that_was_never_stopped_is_closed_with_what_its_readings_say(storage: Storage) -> None:
    key = storage.station()
    transaction_id = running(storage, key)
    for second, energy in ((60, "150"), (120, "400"), (180, "oops")):
        storage.do(record, key, meter(transaction_id, second, energy), at(second))
    kept = repair(storage, storage.do(close, transaction_id, Closing(), "ann", "station scrapped", at(9000)))
    closed = of(storage, transaction_id)
    assert closed.stop is not None
    assert (closed.stop.stopped_at, closed.energy_wh) == (at(180), 300)
    assert (closed.stop_source, closed.settled) == (StopSource.OPERATOR, False)
    assert (kept.kind, kept.note) == (RepairKind.CLOSE, "station scrapped")


def test_transaction_is_closed_with_what_is_given_in_place_of_a_message(storage: Storage) -> None:
    key = storage.station()
    transaction_id = running(storage, key)
    storage.do(end, key, stop(4711), at(3600), ANYONE)
    closing = Closing(stopped_at=at(500), meter_stop_wh=350, reason="PowerLoss", quarantine_id=1)
    repair(storage, storage.do(close, transaction_id, closing, "ann", None, at(9000)))
    closed = of(storage, transaction_id)
    assert closed.stop is not None
    assert (closed.stop.stopped_at, closed.stop.reason, closed.energy_wh) == (at(500), "PowerLoss", 250)
    message = storage.queries.quarantined(1)
    assert message is not None
    assert (message.state, message.transaction_id) == (QuarantineState.CLOSED, transaction_id)


def test_readings_do_not_reopen_what_somebody_closed_but_its_own_stop_holds(storage: Storage) -> None:
    key = storage.station()
    transaction_id = running(storage, key)
    storage.do(close, transaction_id, Closing(), "ann", None, at(100))
    storage.do(record, key, meter(transaction_id, 200, "300"), at(200))
    assert of(storage, transaction_id).stop_source is StopSource.OPERATOR
    storage.do(end, key, stop(transaction_id, meter=700, second=300), at(300), ANYONE)
    assert (of(storage, transaction_id).stop_source, of(storage, transaction_id).energy_wh) == (
        StopSource.CHARGE_POINT,
        600,
    )
    kinds = [one.kind for one in storage.queries.repairs(transaction_id=transaction_id)]
    assert kinds == [RepairKind.REPLACE_STOP, RepairKind.CLOSE]
    assert storage.do(close, transaction_id, Closing(), "ann", None, at(400)) is Refusal.ALREADY_STOPPED


def test_quarantine_and_repairs_are_filtered_and_paged(storage: Storage) -> None:
    one, two = storage.station("CP1"), storage.station("CP2")
    transaction_id = running(storage, one)
    for number in range(4):
        storage.do(end, one, stop(4711 + number, second=number), at(number), ANYONE)
    storage.do(end, two, stop(-1), at(10), ANYONE)
    storage.do(discard, 1, "ann", None, at(20))
    storage.do(attach, 2, transaction_id, "bob", None, at(30))

    def ids(**filters: object) -> list[int]:
        return [found.id for found in storage.queries.quarantine(**filters)]  # type: ignore[arg-type]

    assert ids(identity="cp2") == [5]
    assert ids(state=QuarantineState.OPEN) == [5, 4, 3]
    assert ids(reason=QuarantineReason.NO_TRANSACTION_ID) == [5]
    assert ids(action="MeterValues") == []
    assert ids(since=at(1), until=at(3)) == [3, 2]
    assert ids(oldest_first=True, limit=2) == [1, 2]
    assert ids(oldest_first=True, before=2) == [3, 4, 5]
    assert ids(before=3) == [2, 1]

    def repairs(**filters: object) -> list[int]:
        return [found.id for found in storage.queries.repairs(**filters)]  # type: ignore[arg-type]

    assert repairs() == [2, 1]
    assert repairs(who="ann") == [1]
    assert repairs(kind=RepairKind.ATTACH) == [2]
    assert repairs(quarantine_id=1) == [1]
    assert repairs(transaction_id=transaction_id) == [2]
    assert repairs(identity="CP2") == []
    assert repairs(oldest_first=True, before=1) == [2]


@pytest.mark.parametrize("odd", [0, -1, 2**63, 2**70])
def test_message_and_repair_that_cannot_exist_are_not_found(storage: Storage, odd: int) -> None:
    assert storage.queries.quarantined(odd) is None
    assert storage.queries.repair(odd) is None
