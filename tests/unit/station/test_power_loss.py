"""What a loss of power takes, and what it must not (OCPP 1.6, 3.7, 5.2, 5.14 and 7.36)."""

from datetime import timedelta

import pytest
from tests.unit.station.station_lab import TAG, Lab

from voltline.messages import (
    UNSET,
    AvailabilityType,
    BootNotification,
    ChangeAvailability,
    MeterValues,
    ReadingContext,
    RegistrationStatus,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)
from voltline.station.core.happenings import Tick
from voltline.station.core.intents import Energize, Intent, Keep, Lock, Notice


def transactional(lab: Lab) -> list[str]:
    return [name for name in lab.names() if name in ("StartTransaction", "MeterValues", "StopTransaction")]


@pytest.mark.requirement("TXE-27", "BOO-01", "QUE-13")
def test_running_transaction_ends_with_the_power(lab: Lab):
    lab.charge()
    lab.run(150)
    lab.meter.wh[1] = 4321
    lost = lab.moment.utc
    lab.forget()
    lab.lose_power(outage_s=3600)
    lab.connect()
    assert lab.names()[0] == "BootNotification"
    (stop,) = lab.requests(StopTransaction)
    assert (stop.transaction_id, stop.reason, stop.meter_stop) == (1, "PowerLoss", 4321)
    assert stop.id_tag is UNSET
    assert lost - timedelta(seconds=60) <= stop.timestamp <= lost
    assert not lab.energized()
    assert not lab.locked()


def test_transaction_that_ended_before_the_power_failed_does_not_end_again(lab: Lab):
    lab.charge()
    lab.tag()
    lab.lose_power()
    lab.connect()
    assert len(lab.requests(StopTransaction)) == 1


def test_time_of_the_end_is_right_to_the_minute_where_nothing_is_sampled(lab: Lab):
    lab.set("MeterValueSampleInterval", "0")
    lab.charge()
    lab.run(1234)
    lost = lab.moment.utc
    lab.lose_power(outage_s=100_000)
    lab.connect()
    assert lost - timedelta(seconds=60) <= lab.last(StopTransaction).timestamp <= lost


@pytest.mark.requirement("MTV-22", "MTV-23")
def test_readings_of_the_transaction_outlive_the_power(lab: Lab):
    lab.set("StopTxnSampledData", "Energy.Active.Import.Register")
    lab.charge()
    lab.run(130)
    lab.lose_power(outage_s=60)
    lab.connect()
    stop = lab.last(StopTransaction)
    contexts = [one.sampled_value[0].context for one in stop.transaction_data]
    assert contexts[0] is ReadingContext.TRANSACTION_BEGIN
    assert contexts[1:-1] == [ReadingContext.SAMPLE_PERIODIC] * 2
    assert contexts[-1] is ReadingContext.TRANSACTION_END
    assert stop.transaction_data[-1].timestamp == stop.timestamp


@pytest.mark.requirement("QUE-01", "QUE-02", "OFF-04")
def test_queue_is_delivered_in_order_after_a_loss_of_power(lab: Lab):
    lab.charge()
    lab.tag()
    lab.unplug()
    lab.disconnect()
    lab.forget()
    lab.charge()
    lab.run(125)
    for _ in range(3):
        lab.lose_power(outage_s=5)
    lab.connect()
    assert transactional(lab) == ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"]
    assert [one.transaction_id for one in lab.requests(MeterValues)] == [2, 2]
    assert lab.last(StopTransaction).transaction_id == 2
    assert lab.storage.load().keys().isdisjoint({"running", "transaction-ids"})
    assert not [name for name in lab.storage.load() if name.startswith("queue.")]


def test_what_was_under_way_when_the_power_failed_is_sent_again(lab: Lab):
    lab.leave_start_unanswered()
    lab.holding = False
    lab.lose_power()
    lab.connect()
    first, second = lab.requests(StartTransaction)
    assert first == second
    assert lab.last(StopTransaction).transaction_id == 1


@pytest.mark.requirement("QUE-10")
def test_start_that_was_given_up_is_remembered_as_minus_one(lab: Lab):
    lab.set("TransactionMessageAttempts", "1")
    lab.failures = [StartTransaction]
    lab.charge()
    lab.failures = []
    lab.lose_power()
    lab.connect()
    assert lab.last(StopTransaction).transaction_id == -1


@pytest.mark.requirement("QUE-07", "QUE-08")
def test_failed_attempts_outlive_the_power(lab: Lab):
    lab.set("TransactionMessageAttempts", "3")
    lab.set("TransactionMessageRetryInterval", "10")
    lab.failures = [StartTransaction]
    lab.charge()
    lab.run(11)
    assert len(lab.requests(StartTransaction)) == 2
    lab.lose_power()
    lab.connect()
    assert len(lab.requests(StartTransaction)) == 2
    lab.run(19)
    assert len(lab.requests(StartTransaction)) == 2
    lab.run(2)
    assert len(lab.requests(StartTransaction)) == 3
    assert lab.last(StopTransaction).transaction_id == -1


def test_numbers_of_new_transactions_do_not_meet_those_that_wait(lab: Lab):
    lab.disconnect()
    lab.set("AllowOfflineTxForUnknownId", "true")
    lab.charge()
    lab.lose_power()
    lab.charge()
    lab.lose_power()
    lab.connect()
    assert transactional(lab) == ["StartTransaction", "StopTransaction"] * 2
    assert [one.transaction_id for one in lab.requests(StopTransaction)] == [1, 2]


def test_damaged_message_is_told_and_the_others_are_sent(lab: Lab):
    lab.charge()
    lab.disconnect()
    lab.run(125)
    first = min(name for name in lab.storage.load() if name.startswith("queue."))
    for damage in (b"{", b'{"transaction":1,"sends":0,"action":"Gift","payload":{}}'):
        lab.storage.keep(first, damage)
        lab.forget()
        lab.lose_power()
        assert [one for one in lab.intents if isinstance(one, Notice) and first in one.text]
    lab.connect()
    assert transactional(lab) == ["MeterValues", "StopTransaction"]


@pytest.mark.requirement("AVL-07", "STN-06", "RST-06")
@pytest.mark.parametrize("connector_id", [0, 2])
def test_unavailable_stays_so_without_power(lab: Lab, connector_id: int):
    request = ChangeAvailability(connector_id=connector_id, type=AvailabilityType.INOPERATIVE)
    lab.ask(request)
    lab.lose_power()
    lab.connect()
    assert lab.statuses(connector_id)[-1] == "Unavailable"
    lab.ask(ChangeAvailability(connector_id=connector_id, type=AvailabilityType.OPERATIVE))
    lab.lose_power()
    lab.connect()
    assert lab.statuses(connector_id)[-1] == "Available"


@pytest.mark.requirement("AVL-03", "AVL-07")
def test_scheduled_unavailability_takes_effect_with_the_loss_of_power(lab: Lab):
    lab.charge()
    request = ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE)
    assert lab.ask(request).status == "Scheduled"
    lab.lose_power()
    lab.connect()
    assert lab.statuses()[-1] == "Unavailable"


@pytest.mark.requirement("BOO-24")
def test_station_that_was_accepted_once_serves_known_tags_before_it_is_again(lab: Lab):
    lab.charge()
    lab.tag()
    lab.lose_power()
    lab.forget()
    lab.charge(id_tag=TAG)
    assert lab.energized()
    fresh = Lab()
    fresh.lose_power()
    fresh.set("AllowOfflineTxForUnknownId", "true")
    fresh.charge()
    assert not fresh.energized()


@pytest.mark.requirement("BOO-05", "HBT-04")
def test_clock_outlives_the_power(lab: Lab):
    lab.core.bench.set_clock(lab.moment.utc + timedelta(hours=5))
    lab.do(Tick())
    lab.lose_power()
    assert lab.core.bench.timestamp == lab.moment.utc + timedelta(hours=5)


def test_new_core_opens_contactors_and_locks_that_the_old_one_closed(lab: Lab):
    lab.charge()
    lab.forget()
    lab.lose_power()
    assert Energize(1, False) in lab.intents
    assert Lock(1, False) in lab.intents


def test_nothing_is_told_of_before_the_boot_is_accepted(lab: Lab):
    lab.charge()
    lab.boot_status = RegistrationStatus.REJECTED
    lab.lose_power()
    lab.forget()
    lab.connect()
    lab.run(1)
    assert {type(one) for one in lab.sent} == {BootNotification}
    lab.boot_status = RegistrationStatus.ACCEPTED
    lab.run(300)
    assert lab.requests(StopTransaction)
    assert len(lab.requests(StatusNotification)) == 3


class PowerGone(Exception):
    """Nothing that comes after this happens."""


class FailingLab(Lab):
    """A lab in which the power fails after so many records were kept."""

    records_left = 10**9

    def _take(self, intents: list[Intent]) -> None:
        for intent in intents:
            if isinstance(intent, Keep):
                if self.records_left == 0:
                    raise PowerGone
                self.records_left -= 1
            super()._take([intent])


def a_day(lab: Lab) -> None:
    """Two sessions, the second one without a link half of the time."""
    lab.charge(1)
    lab.run(70)
    lab.charge(2, "other")
    lab.tag(TAG)
    lab.unplug(1)
    lab.disconnect()
    lab.run(130)
    lab.charge(1)
    lab.run(30)
    lab.connect()
    lab.tag(TAG)
    lab.unplug(1)
    lab.tag("other")


@pytest.mark.requirement("QUE-01", "QUE-02", "QUE-13")
def test_power_may_fail_between_any_two_records():
    whole = FailingLab().boot()
    before = whole.records_left
    a_day(whole)
    records = before - whole.records_left
    assert records > 30
    for failing_after in range(records):
        lab = FailingLab().boot()
        lab.set("StopTxnSampledData", "Energy.Active.Import.Register")
        lab.records_left = failing_after
        with pytest.raises(PowerGone):
            a_day(lab)
        lab.records_left = 10**9
        lab.lose_power(outage_s=60)
        lab.connect()
        lab.run(200)
        # What was delivered at the very moment, and not yet forgotten here, comes once more.
        starts = {one.timestamp: one for one in lab.requests(StartTransaction)}
        stops = {(one.transaction_id, one.timestamp): one for one in lab.requests(StopTransaction)}
        assert len(lab.requests(StartTransaction)) <= len(starts) + 1, failing_after
        assert len(lab.requests(StopTransaction)) <= len(stops) + 1, failing_after
        assert len(starts) == len(stops), failing_after
        assert all(one.transaction_id > 0 for one in lab.requests(StopTransaction)), failing_after
        assert len(lab.core.outbox) == 0
