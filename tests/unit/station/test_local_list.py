"""The list of tags that the central system keeps at the station (OCPP 1.6, 3.5.2, 5.10 and 5.15)."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.station.station_lab import OTHER_TAG, TAG, Lab, tag_info

from voltline.messages import (
    UNSET,
    AuthorizationData,
    AuthorizationStatus,
    Authorize,
    ChargePointErrorCode,
    GetConfiguration,
    GetLocalListVersion,
    IdTagInfo,
    SendLocalList,
    StartTransaction,
    StatusNotification,
    UpdateStatus,
    UpdateType,
)
from voltline.station.core.happenings import FaultRaised
from voltline.station.core.local_list import LocalList
from voltline.station.core.memory import Memory

FULL, DIFFERENTIAL = UpdateType.FULL, UpdateType.DIFFERENTIAL
BLOCKED = tag_info(AuthorizationStatus.BLOCKED)


def send(lab: Lab, version: int, update: UpdateType, tags: dict[str, IdTagInfo | None] | None = None) -> str:
    """SendLocalList; None for a tag leaves its idTagInfo out, None for all leaves the list out."""
    entries: Any = UNSET
    if tags is not None:
        entries = [
            AuthorizationData(id_tag=tag, id_tag_info=UNSET if info is None else info)
            for tag, info in tags.items()
        ]
    request = SendLocalList(list_version=version, update_type=update, local_authorization_list=entries)
    return str(lab.ask(request).status)


def version(lab: Lab) -> int:
    return int(lab.ask(GetLocalListVersion()).list_version)


def charges_offline(lab: Lab, tag: str = TAG) -> bool:
    """Whether the tag starts a transaction while the link is down; everything is as before afterwards."""
    lab.disconnect()
    lab.charge(1, tag)
    charges = lab.energized(1)
    if charges:
        lab.tag(tag, 1)
    lab.unplug(1)
    lab.connect()
    return charges


@pytest.mark.requirement("LST-01", "LST-04")
def test_support_for_lists_shows_in_the_configuration(lab: Lab):
    keys = ["SupportedFeatureProfiles", "LocalAuthListEnabled", "LocalAuthListMaxLength"]
    values = {one.key: one.value for one in lab.ask(GetConfiguration(key=keys)).configuration_key}
    assert "LocalAuthListManagement" in values["SupportedFeatureProfiles"].split(",")
    assert values["LocalAuthListEnabled"] == "true"
    assert int(values["LocalAuthListMaxLength"]) > 0


@pytest.mark.requirement("LST-07", "LST-10", "LST-11", "LST-13")
def test_full_list_replaces_the_old_one_and_its_version(lab: Lab):
    assert version(lab) == 0
    assert send(lab, 7, FULL, {TAG: tag_info()}) == "Accepted"
    assert version(lab) == 7
    assert charges_offline(lab)
    assert send(lab, 3, FULL, {OTHER_TAG: tag_info()}) == "Accepted"
    assert version(lab) == 3
    lab.set("AuthorizationCacheEnabled", "false")
    assert not charges_offline(lab, TAG)
    assert charges_offline(lab, OTHER_TAG)


@pytest.mark.requirement("LST-13", "LST-07")
@pytest.mark.parametrize("nothing", [None, {}], ids=["missing", "empty"])
def test_full_list_without_entries_empties_the_list(lab: Lab, nothing: dict[str, IdTagInfo | None] | None):
    send(lab, 5, FULL, {TAG: tag_info()})
    assert send(lab, 6, FULL, nothing) == "Accepted"
    assert version(lab) == 0
    assert not charges_offline(lab)
    assert send(lab, 1, DIFFERENTIAL, {TAG: tag_info()}) == "Accepted"


@pytest.mark.requirement("LST-18", "GEN-13")
def test_differential_list_adds_updates_and_deletes(lab: Lab):
    lab.set("AuthorizationCacheEnabled", "false")
    send(lab, 1, FULL, {"GOES": tag_info(), "TURNS": tag_info(), "STAYS": tag_info()})
    changes: dict[str, IdTagInfo | None] = {
        "goes": None,
        "turns": BLOCKED,
        "COMES": tag_info(),
        "NEVER": None,
    }
    assert send(lab, 2, DIFFERENTIAL, changes) == "Accepted"
    assert version(lab) == 2
    assert [tag for tag in ("GOES", "TURNS", "STAYS", "COMES") if charges_offline(lab, tag)] == [
        "STAYS",
        "COMES",
    ]


@pytest.mark.requirement("LST-14")
@pytest.mark.parametrize("nothing", [None, {}], ids=["missing", "empty"])
def test_differential_list_without_entries_only_changes_the_version(
    lab: Lab, nothing: dict[str, IdTagInfo | None] | None
):
    send(lab, 1, FULL, {TAG: tag_info()})
    assert send(lab, 2, DIFFERENTIAL, nothing) == "Accepted"
    assert version(lab) == 2
    assert charges_offline(lab)


@pytest.mark.requirement("LST-12", "LST-11")
@pytest.mark.parametrize("stale", [4, 5])
def test_differential_list_must_come_after_the_present_one(lab: Lab, stale: int):
    send(lab, 5, FULL, {TAG: tag_info()})
    assert send(lab, stale, DIFFERENTIAL, {TAG: None}) == "VersionMismatch"
    assert version(lab) == 5
    assert charges_offline(lab)


@pytest.mark.requirement("LST-11")
@pytest.mark.parametrize(
    ("number", "update", "tags"),
    [
        pytest.param(0, FULL, {TAG: BLOCKED}, id="version 0"),
        pytest.param(-1, FULL, {TAG: BLOCKED}, id="version -1"),
        pytest.param(9, FULL, {TAG: BLOCKED, TAG.lower(): tag_info()}, id="a tag twice"),
        pytest.param(9, DIFFERENTIAL, {TAG: None, TAG.lower(): BLOCKED}, id="a tag twice, differential"),
        pytest.param(9, FULL, {TAG: BLOCKED, OTHER_TAG: None}, id="no idTagInfo in a full list"),
    ],
)
def test_list_that_breaks_a_rule_fails_and_changes_nothing(
    lab: Lab, number: int, update: UpdateType, tags: dict[str, IdTagInfo | None]
):
    send(lab, 5, FULL, {TAG: tag_info()})
    assert send(lab, number, update, tags) == "Failed"
    assert version(lab) == 5
    assert charges_offline(lab)


@pytest.mark.requirement("LST-11", "LST-04")
def test_list_that_does_not_fit_fails_and_changes_nothing():
    lab = Lab(listed_tags=3).boot()
    assert send(lab, 1, FULL, {"A": tag_info(), "B": tag_info()}) == "Accepted"
    assert send(lab, 2, DIFFERENTIAL, {TAG: tag_info(), "D": tag_info()}) == "Failed"
    assert version(lab) == 1
    assert not charges_offline(lab)
    lab.connect()
    assert send(lab, 2, DIFFERENTIAL, {"A": None, TAG: tag_info(), "D": tag_info()}) == "Accepted"


@pytest.mark.requirement("LST-11")
def test_more_entries_than_announced_for_one_message_fail(lab: Lab):
    values = lab.ask(GetConfiguration(key=["SendLocalListMaxLength"])).configuration_key
    most = int(values[0].value)
    assert send(lab, 1, FULL, {str(number): tag_info() for number in range(most + 1)}) == "Failed"
    assert send(lab, 1, FULL, {str(number): tag_info() for number in range(most)}) == "Accepted"


@pytest.mark.requirement("LST-01", "LST-07", "LST-11")
def test_list_that_is_switched_off_is_neither_used_nor_changed(lab: Lab):
    send(lab, 5, FULL, {TAG: tag_info()})
    lab.set("LocalAuthListEnabled", "false")
    assert version(lab) == -1
    assert send(lab, 6, FULL, {OTHER_TAG: tag_info()}) == "NotSupported"
    assert not charges_offline(lab)
    lab.set("LocalAuthListEnabled", "true")
    assert version(lab) == 5
    assert charges_offline(lab)


@pytest.mark.requirement("LST-03", "OFF-02", "AUT-14")
@pytest.mark.parametrize(
    ("status", "valid"),
    [("Accepted", True), ("ConcurrentTx", True), ("Blocked", False), ("Expired", False), ("Invalid", False)],
)
def test_status_in_the_list_decides_offline(lab: Lab, status: str, valid: bool):
    lab.set("AllowOfflineTxForUnknownId", "true")
    send(lab, 1, FULL, {TAG: tag_info(AuthorizationStatus(status))})
    assert charges_offline(lab) is valid


@pytest.mark.requirement("OFF-03")
def test_listed_tag_that_has_expired_is_refused_offline(lab: Lab):
    lab.set("AllowOfflineTxForUnknownId", "true")
    send(lab, 1, FULL, {TAG: tag_info(expires=lab.moment.utc + timedelta(hours=1))})
    assert charges_offline(lab)
    lab.run(3600)
    assert not charges_offline(lab)


@pytest.mark.requirement("CAC-10", "OFF-05")
@pytest.mark.parametrize(
    ("listed", "cached", "valid"),
    [("Blocked", "Accepted", False), ("Accepted", "Blocked", True)],
)
def test_list_goes_before_the_cache(lab: Lab, listed: str, cached: str, valid: bool):
    lab.core.authorizer.cache.learn(TAG, tag_info(AuthorizationStatus(cached)), lab.moment.utc)
    lab.core.authorizer.local_list.update(
        SendLocalList(
            list_version=1,
            update_type=FULL,
            local_authorization_list=[
                AuthorizationData(id_tag=TAG, id_tag_info=tag_info(AuthorizationStatus(listed)))
            ],
        ),
        10,
    )
    lab.set("AllowOfflineTxForUnknownId", "true")
    assert charges_offline(lab) is valid


@pytest.mark.requirement("CAC-09")
def test_listed_tags_are_not_in_the_cache(lab: Lab):
    lab.charge()
    lab.tag()
    lab.unplug()
    assert len(lab.core.authorizer.cache) == 1
    send(lab, 1, FULL, {TAG: tag_info()})
    assert len(lab.core.authorizer.cache) == 0
    lab.charge()
    lab.tag()
    lab.unplug()
    assert len(lab.core.authorizer.cache) == 0
    send(lab, 2, DIFFERENTIAL, {TAG: None})
    assert not charges_offline(lab)


@pytest.mark.requirement("AUT-03", "AUT-11")
def test_listed_tag_starts_online_without_asking_only_when_so_configured(lab: Lab):
    send(lab, 1, FULL, {TAG: tag_info()})
    lab.charge(1)
    assert len(lab.requests(Authorize)) == 1
    lab.tag(TAG, 1)
    lab.set("LocalPreAuthorize", "true")
    lab.charge(2)
    assert len(lab.requests(Authorize)) == 1
    assert lab.last(StartTransaction).id_tag == TAG


@pytest.mark.requirement("LST-05", "LST-06")
def test_contradiction_between_list_and_answer_is_reported_and_leaves_the_list_alone(lab: Lab):
    send(lab, 1, FULL, {TAG: tag_info()})
    lab.tags = {TAG: BLOCKED}
    lab.charge()
    report = lab.last(StatusNotification)
    assert (report.connector_id, report.error_code) == (0, "LocalListConflict")
    assert report.status == "Available"
    assert report.info == f"{TAG}: Accepted in the list, Blocked now"
    assert version(lab) == 1
    lab.unplug()
    assert charges_offline(lab)


@pytest.mark.requirement("LST-06")
def test_refused_start_of_a_listed_tag_is_a_contradiction_too(lab: Lab):
    send(lab, 1, FULL, {TAG: tag_info()})
    lab.start_tags = {TAG: tag_info(AuthorizationStatus.INVALID)}
    lab.charge()
    conflicts = [one for one in lab.requests(StatusNotification) if one.error_code == "LocalListConflict"]
    assert [one.connector_id for one in conflicts] == [0]


def test_another_word_for_the_same_verdict_is_no_contradiction(lab: Lab):
    send(lab, 1, FULL, {TAG: tag_info(), OTHER_TAG: BLOCKED})
    lab.start_tags = {TAG: tag_info(AuthorizationStatus.CONCURRENT_TX)}
    lab.tags = {OTHER_TAG: tag_info(AuthorizationStatus.INVALID)}
    lab.charge(1)
    lab.tag(OTHER_TAG, 2)
    assert all(one.error_code == "NoError" for one in lab.requests(StatusNotification))


def test_contradiction_does_not_hide_a_lasting_fault_of_the_station(lab: Lab):
    send(lab, 1, FULL, {TAG: tag_info()})
    lab.do(FaultRaised(connector_id=0, error_code=ChargePointErrorCode.WEAK_SIGNAL, blocking=False))
    lab.tags = {TAG: BLOCKED}
    lab.tag()
    codes = [str(one.error_code) for one in lab.requests(StatusNotification) if one.connector_id == 0]
    assert codes == ["WeakSignal", "LocalListConflict", "WeakSignal"]


@pytest.mark.requirement("LST-02")
def test_list_outlives_a_loss_of_power(lab: Lab):
    send(lab, 5, FULL, {TAG: tag_info(), OTHER_TAG: BLOCKED})
    lab.disconnect()
    lab.lose_power()
    lab.connect()
    assert version(lab) == 5
    assert charges_offline(lab)
    send(lab, 6, FULL)
    lab.disconnect()
    lab.lose_power()
    lab.connect()
    assert version(lab) == 0


@pytest.mark.requirement("CAC-07")
def test_cache_outlives_a_loss_of_power(lab: Lab):
    lab.charge()
    lab.tag()
    lab.unplug()
    lab.disconnect()
    lab.lose_power()
    lab.connect()
    assert charges_offline(lab)


entries = st.dictionaries(
    st.sampled_from("abcde"), st.sampled_from(["Accepted", "Blocked", None]), max_size=5
)
updates = st.lists(st.tuples(st.integers(-1, 6), st.sampled_from(UpdateType), entries), max_size=12)


@given(updates)
def test_list_is_always_what_the_accepted_updates_made_it(sent: list[Any]):
    local_list = LocalList(Memory(lambda _: None, None))
    expected: dict[str, str] = {}
    version = 0
    for number, update, tags in sent:
        request = SendLocalList(
            list_version=number,
            update_type=update,
            local_authorization_list=[
                AuthorizationData(
                    id_tag=tag,
                    id_tag_info=UNSET if status is None else tag_info(AuthorizationStatus(status)),
                )
                for tag, status in tags.items()
            ],
        )
        status, _ = local_list.update(request, 4)
        if status == UpdateStatus.ACCEPTED:
            after = {} if update == FULL else dict(expected)
            after.update(tags)
            expected = {tag: status for tag, status in after.items() if status is not None}
            version = number if expected else 0
        assert local_list.version == version
        assert {tag: str(found.status) for tag in "abcde" if (found := local_list.find(tag))} == expected
        assert len(local_list) <= 4
