"""Who may charge, and who is asked (OCPP 1.6, 3.5 and 4.1)."""

import pytest
from tests.unit.station.station_lab import OTHER_TAG, TAG, Lab, tag_info

from voltline.messages import (
    AuthorizationStatus,
    Authorize,
    ClearCache,
    GetConfiguration,
    RemoteStartTransaction,
    StartTransaction,
    StopTransaction,
)


@pytest.mark.requirement("CAC-13", "CAC-01")
def test_station_without_a_cache_has_no_key_for_it_and_cannot_clear_it():
    lab = Lab(cached_tags=0).boot()
    answer = lab.ask(GetConfiguration(key=["AuthorizationCacheEnabled"]))
    assert answer.unknown_key == ["AuthorizationCacheEnabled"]
    assert lab.ask(ClearCache()).status == "Rejected"
    lab.charge()
    lab.tag()
    lab.unplug()
    lab.disconnect()
    lab.charge()
    assert not lab.energized()


@pytest.mark.requirement("CAC-12")
def test_cache_that_is_switched_off_cannot_be_cleared(lab: Lab):
    lab.set("AuthorizationCacheEnabled", "false")
    assert lab.ask(ClearCache()).status == "Rejected"


def test_full_cache_forgets_at_the_station_what_it_says_it_forgets():
    lab = Lab(cached_tags=1).boot()
    for tag in (TAG, OTHER_TAG):
        lab.charge(1, tag)
        lab.tag(tag, 1)
        lab.unplug(1)
    lab.disconnect()
    lab.charge(1, TAG)
    assert not lab.energized(1)
    lab.charge(2, OTHER_TAG)
    assert lab.energized(2)


@pytest.mark.requirement("RTX-02", "AUT-03")
@pytest.mark.parametrize("verdict", ["Accepted", "Blocked"])
def test_remote_start_is_authorised_first_when_so_configured(lab: Lab, verdict: str):
    lab.set("AuthorizeRemoteTxRequests", "true")
    lab.tags = {TAG: tag_info(AuthorizationStatus(verdict))}
    lab.plug(1)
    assert lab.ask(RemoteStartTransaction(connector_id=1, id_tag=TAG)).status == "Accepted"
    assert lab.last(Authorize).id_tag == TAG
    assert bool(lab.requests(StartTransaction)) is (verdict == "Accepted")


@pytest.mark.requirement("RTX-02", "AUT-11")
def test_remote_start_of_a_tag_known_here_needs_no_question_when_so_configured(lab: Lab):
    lab.charge(1)
    lab.tag(TAG, 1)
    lab.unplug(1)
    lab.forget()
    lab.set("AuthorizeRemoteTxRequests", "true")
    lab.set("LocalPreAuthorize", "true")
    lab.plug(1)
    lab.ask(RemoteStartTransaction(connector_id=1, id_tag=TAG))
    assert lab.requests(StartTransaction)
    assert not lab.requests(Authorize)


@pytest.mark.requirement("RTX-03")
def test_remote_start_asks_nobody_when_so_configured(lab: Lab):
    lab.set("AuthorizeRemoteTxRequests", "false")
    lab.plug(1)
    lab.ask(RemoteStartTransaction(connector_id=1, id_tag=TAG))
    assert lab.requests(StartTransaction)
    assert not lab.requests(Authorize)


@pytest.mark.requirement("AUT-06", "AUT-14")
def test_group_known_from_the_cache_stops_without_the_central_system(lab: Lab):
    group = {TAG: tag_info(parent="FLEET"), OTHER_TAG: tag_info(parent="FLEET")}
    lab.tags = lab.start_tags = group
    lab.charge(1, OTHER_TAG)
    lab.tag(OTHER_TAG, 1)
    lab.unplug(1)
    lab.charge(1, TAG)
    lab.disconnect()
    lab.tag(OTHER_TAG, 1)
    assert not lab.energized(1)
    lab.connect()
    assert lab.last(StopTransaction).id_tag == OTHER_TAG


def test_answer_to_the_start_without_a_group_does_not_take_the_known_one_away(lab: Lab):
    lab.tags = {TAG: tag_info(parent="FLEET"), OTHER_TAG: tag_info(parent="FLEET")}
    lab.charge(1, TAG)
    lab.tag(OTHER_TAG, 1)
    assert lab.last(StopTransaction).id_tag == OTHER_TAG
