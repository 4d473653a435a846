"""What happens without the central system, and what is delivered afterwards (OCPP 1.6, 3.4, 3.5 and 3.7)."""

from datetime import timedelta

import pytest
from tests.unit.station.station_lab import OTHER_TAG, TAG, Lab, tag_info

from voltline.messages import (
    AuthorizationStatus,
    Authorize,
    ClearCache,
    MeterValues,
    Reset,
    ResetType,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    StopTransactionResponse,
)
from voltline.station.core.authorization_cache import AuthorizationCache
from voltline.station.core.happenings import PoweredUp
from voltline.station.core.memory import Memory


@pytest.fixture
def known(lab: Lab) -> Lab:
    """A station that has the tag in its cache, and is offline."""
    lab.charge()
    lab.tag()
    lab.unplug()
    lab.disconnect()
    lab.forget()
    return lab


@pytest.mark.requirement("QUE-01", "QUE-02", "OFF-04", "AUT-12")
def test_offline_session_is_delivered_in_order_with_its_own_times(known: Lab):
    started = known.moment.utc
    known.meter.wh[1] = 1000
    known.charge()
    known.run(125)
    known.meter.wh[1] = 3000
    known.tag()
    stopped = known.moment.utc
    known.unplug()
    known.run(1000)
    assert known.names() == []
    known.connect()
    sent = [name for name in known.names() if name != "StatusNotification"]
    assert sent == ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"]
    assert known.last(StartTransaction).timestamp == started
    times = [one.meter_value[0].timestamp for one in known.requests(MeterValues)]
    assert times == [started + timedelta(seconds=60), started + timedelta(seconds=120)]
    assert [one.transaction_id for one in known.requests(MeterValues)] == [2, 2]
    assert known.last(StopTransaction).timestamp == stopped
    assert known.last(StopTransaction).transaction_id == 2


@pytest.mark.requirement("QUE-02")
def test_what_was_under_way_when_the_link_broke_is_sent_again(lab: Lab):
    lab.leave_start_unanswered()
    for _ in range(5):
        lab.disconnect()
        lab.connect()
        if isinstance(lab.waiting[0].request, StatusNotification):
            lab.answer(lab.waiting.pop(0))
    lab.holding = False
    lab.disconnect()
    lab.connect()
    starts = lab.requests(StartTransaction)
    assert len(starts) == 7
    assert len(set(starts)) == 1
    assert lab.transaction_id == 1


@pytest.mark.requirement("QUE-02")
def test_what_was_under_way_when_the_link_broke_keeps_its_place(lab: Lab):
    lab.leave_start_unanswered()
    lab.tag()
    lab.disconnect()
    lab.holding = False
    lab.connect()
    sent = [name for name in lab.names() if name.endswith("Transaction")]
    assert sent == ["StartTransaction", "StartTransaction", "StopTransaction"]


@pytest.mark.requirement("QUE-03", "STN-11")
def test_statuses_and_tags_overtake_a_backlog(known: Lab):
    known.charge(1)
    known.run(600)
    known.connect()
    assert known.names()[0] == "StatusNotification"
    with known.held():
        known.disconnect()
        known.run(600)
        known.connect()
        known.plug(2)
        known.answer(known.waiting.pop())
        known.tag(OTHER_TAG, 2)
        known.forget()
        known.answer(known.waiting.pop())
        assert known.names() == ["Authorize"]


@pytest.mark.requirement("QUE-04")
def test_new_transaction_messages_wait_behind_old_ones(known: Lab):
    known.charge(1)
    known.run(600)
    with known.held():
        known.connect()
        known.charge(2, OTHER_TAG)
    starts = [index for index, name in enumerate(known.names()) if name == "StartTransaction"]
    last_old = max(index for index, one in enumerate(known.sent) if isinstance(one, MeterValues))
    assert starts[0] < last_old < starts[1]


@pytest.mark.requirement("QUE-06", "QUE-07", "QUE-08", "QUE-09", "FRM-18")
def test_refused_message_is_tried_as_often_as_configured_with_growing_waits(lab: Lab):
    lab.set("TransactionMessageAttempts", "3")
    lab.set("TransactionMessageRetryInterval", "10")
    lab.set("MeterValueSampleInterval", "0")
    lab.failures = [StartTransaction]
    began = lab.now
    sent_at: list[float] = []
    lab.charge()
    for _ in range(100):
        if len(lab.requests(StartTransaction)) > len(sent_at):
            sent_at.append(lab.now - began)
        lab.run(1)
    assert sent_at == [0, 10, 30]
    lab.failures = []
    lab.tag()
    assert lab.last(StopTransaction).transaction_id == -1


@pytest.mark.requirement("QUE-10")
def test_transaction_whose_start_was_never_answered_is_reported_as_minus_one(lab: Lab):
    lab.set("TransactionMessageAttempts", "1")
    lab.failures = [StartTransaction]
    lab.charge()
    lab.failures = []
    lab.run(60)
    assert lab.last(MeterValues).transaction_id == -1
    lab.tag()
    assert lab.last(StopTransaction).transaction_id == -1
    lab.unplug()
    lab.charge()
    lab.tag()
    assert lab.last(StopTransaction).transaction_id == 1


@pytest.mark.requirement("QUE-13", "RST-03")
def test_queue_survives_a_reset(known: Lab):
    known.charge()
    known.connect()
    known.disconnect()
    known.failures = []
    known.do(PoweredUp())
    known.connect()
    sent = [name for name in known.names() if name != "StatusNotification"]
    assert sent == ["StartTransaction", "BootNotification", "StopTransaction"]
    assert known.last(StopTransaction).reason == "PowerLoss"


@pytest.mark.requirement("STN-11", "STN-13", "STN-14")
def test_after_an_absence_only_the_present_status_is_told(lab: Lab):
    lab.disconnect()
    lab.plug(1)
    lab.plug(2)
    lab.unplug(2)
    lab.connect()
    assert [(one.connector_id, str(one.status)) for one in lab.requests(StatusNotification)] == [
        (1, "Preparing")
    ]


@pytest.mark.requirement("STN-11")
def test_status_that_was_lost_with_the_link_is_told_again(lab: Lab):
    with lab.held():
        lab.plug(1)
        lab.plug(2)
        lab.disconnect()
    lab.forget()
    lab.connect()
    assert lab.statuses(1) == lab.statuses(2) == ["Preparing"]


@pytest.mark.requirement("OFF-01")
def test_unknown_tag_charges_offline_only_when_that_is_allowed(lab: Lab):
    lab.disconnect()
    lab.charge(1, OTHER_TAG)
    assert not lab.energized(1)
    lab.set("AllowOfflineTxForUnknownId", "true")
    lab.charge(2, OTHER_TAG)
    assert lab.energized(2)


@pytest.mark.requirement("AUT-12")
def test_known_tag_charges_offline_only_when_that_is_configured(known: Lab):
    known.set("LocalAuthorizeOffline", "false")
    known.charge()
    assert not known.energized()


@pytest.mark.requirement("AUT-12", "OFF-01")
def test_known_tag_is_not_an_unknown_one(known: Lab):
    known.set("LocalAuthorizeOffline", "false")
    known.set("AllowOfflineTxForUnknownId", "true")
    known.charge()
    assert not known.energized()
    known.charge(2, OTHER_TAG)
    assert known.energized(2)


@pytest.mark.requirement("CAC-02", "CAC-03", "CAC-05", "OFF-02", "OFF-05", "TXS-07", "AUT-09")
def test_tag_last_seen_blocked_is_refused_offline_even_if_unknown_ones_are_allowed(lab: Lab):
    lab.set("AllowOfflineTxForUnknownId", "true")
    lab.start_tags = {TAG: tag_info(AuthorizationStatus.BLOCKED)}
    lab.charge()
    lab.disconnect()
    lab.charge(2)
    assert not lab.energized(2)


@pytest.mark.requirement("CAC-03", "TXE-10")
def test_answer_to_the_stop_feeds_the_cache(lab: Lab):
    lab.charge()
    with lab.held():
        lab.tag()
        stop = next(one for one in lab.waiting if isinstance(one.request, StopTransaction))
        blocked = StopTransactionResponse(id_tag_info=tag_info(AuthorizationStatus.BLOCKED))
        lab.response_to = lambda request: (
            blocked if request is stop.request else Lab.response_to(lab, request)
        )
    lab.unplug()
    lab.disconnect()
    lab.charge()
    assert not lab.energized()


@pytest.mark.requirement("CAC-04", "OFF-03", "AUT-10")
def test_tag_expires_with_time(lab: Lab):
    lab.tags = {TAG: tag_info(expires=lab.moment.utc + timedelta(hours=1)), OTHER_TAG: tag_info()}
    lab.start_tags = lab.tags
    for tag in (TAG, OTHER_TAG):
        lab.charge(1, tag)
        lab.tag(tag)
        lab.unplug()
    lab.disconnect()
    lab.run(3600)
    lab.charge(1, TAG)
    assert not lab.energized(1)
    lab.charge(2, OTHER_TAG)
    assert lab.energized(2)


@pytest.mark.requirement("AUT-11")
def test_known_tag_starts_without_asking_when_so_configured(known: Lab):
    known.connect()
    known.set("LocalPreAuthorize", "true")
    known.charge()
    assert known.requests(StartTransaction)
    assert not known.requests(Authorize)


@pytest.mark.requirement("CAC-08")
def test_tag_known_as_refused_is_asked_about_again_when_online(lab: Lab):
    lab.set("LocalPreAuthorize", "true")
    lab.tags = {TAG: tag_info(AuthorizationStatus.BLOCKED)}
    lab.tag()
    lab.tags = {}
    lab.charge()
    assert len(lab.requests(Authorize)) == 2
    assert lab.energized()


@pytest.mark.requirement("CAC-11", "CAC-12")
def test_cleared_cache_knows_nobody(known: Lab):
    assert known.ask(ClearCache()).status == "Accepted"
    known.charge()
    assert not known.energized()


@pytest.mark.requirement("CAC-11", "CAC-07")
def test_cleared_cache_stays_so_over_a_loss_of_power(known: Lab):
    known.ask(ClearCache())
    known.lose_power()
    known.charge()
    assert not known.energized()


@pytest.mark.requirement("CAC-07", "RST-06")
def test_cache_survives_a_reset(known: Lab):
    known.connect()
    known.ask(Reset(type=ResetType.SOFT))
    known.disconnect()
    known.do(PoweredUp())
    known.charge()
    assert known.energized()


@pytest.mark.requirement("CAC-01", "CFG-10")
def test_cache_that_is_switched_off_is_not_used(known: Lab):
    known.set("AuthorizationCacheEnabled", "false")
    known.charge()
    assert not known.energized()


@pytest.mark.requirement("CAC-06")
def test_full_cache_drops_refused_tags_first_then_the_oldest(lab: Lab):
    cache = AuthorizationCache(Memory(lambda _: None, None), capacity=3)
    moment = lab.moment.utc
    cache.learn("A", tag_info(), moment)
    cache.learn("B", tag_info(AuthorizationStatus.BLOCKED), moment)
    cache.learn("C", tag_info(), moment)
    cache.learn("D", tag_info(), moment)
    assert cache.find("b") is None
    cache.learn("A", tag_info(), moment)
    cache.learn("E", tag_info(), moment)
    assert cache.find("C") is None
    assert cache.find("a") is not None
    assert len(cache) == 3


def test_tag_whose_question_was_lost_is_judged_as_offline(lab: Lab):
    lab.charge()
    lab.tag()
    lab.unplug()
    lab.holding = True
    lab.plug()
    lab.answer(lab.waiting.pop())
    lab.tag()
    lab.disconnect()
    assert lab.energized()
