"""The rules of the domain, each by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from voltline.central.domain.authorization import (
    AuthorizationRules,
    IdTag,
    UnknownTags,
    Verdict,
    authorization_of,
    tag_key,
)
from voltline.central.domain.metering import default_unit
from voltline.central.domain.stations import (
    Registration,
    RegistrationPolicy,
    RegistrationRules,
    Station,
    StationKey,
    boot_answer,
    first_registration,
    registration_now,
)
from voltline.central.domain.transactions import Oddity, Start, Stop, oddities, same_stop
from voltline.messages import AuthorizationStatus, Measurand, RegistrationStatus

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
START = Start(connector_id=1, id_tag="TAG", started_at=NOON, meter_start_wh=100)


def standing(registration: Registration, decided: bool | None = None) -> Station:
    return Station(
        key=StationKey(1), identity="CP1", registration=registration, registered_at=NOON, decided=decided
    )


def test_verdicts_and_registrations_are_the_words_of_the_specification() -> None:
    assert {str(word) for word in Verdict} == {str(word) for word in AuthorizationStatus}
    assert {str(word) for word in Registration} == {str(word) for word in RegistrationStatus}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (RegistrationPolicy.ACCEPT_ALL, Registration.ACCEPTED),
        (RegistrationPolicy.PENDING, Registration.PENDING),
        (RegistrationPolicy.KNOWN_ONLY, None),
    ],
)
def test_policy_decides_about_who_was_never_seen(
    policy: RegistrationPolicy, expected: Registration | None
) -> None:
    assert first_registration(policy) is expected


@pytest.mark.parametrize("policy", RegistrationPolicy)
def test_only_accepting_all_changes_where_a_registered_one_stands(policy: RegistrationPolicy) -> None:
    assert registration_now(policy, standing(Registration.ACCEPTED)) is Registration.ACCEPTED
    assert registration_now(policy, standing(Registration.REJECTED)) is Registration.REJECTED
    waits = registration_now(policy, standing(Registration.PENDING))
    assert waits is (
        Registration.ACCEPTED if policy is RegistrationPolicy.ACCEPT_ALL else Registration.PENDING
    )


@pytest.mark.requirement("BAS-06")
@pytest.mark.parametrize("policy", RegistrationPolicy)
def test_no_policy_overrules_what_an_operator_decided(policy: RegistrationPolicy) -> None:
    for registration in Registration:
        assert registration_now(policy, standing(registration, decided=True)) is registration


@pytest.mark.requirement("BOO-07")
def test_interval_is_that_of_heartbeats_only_if_accepted() -> None:
    rules = RegistrationRules(heartbeat_interval_s=300, retry_interval_s=60)
    assert boot_answer(rules, Registration.ACCEPTED).interval_s == 300
    assert boot_answer(rules, Registration.PENDING).interval_s == 60
    assert boot_answer(rules, Registration.REJECTED).interval_s == 60


@pytest.mark.requirement("GEN-02")
def test_tags_are_compared_without_regard_to_case() -> None:
    assert tag_key("AbC1") == tag_key("aBc1")
    assert tag_key("AbC1") != tag_key("AbC2")


def test_key_of_a_tag_is_short_and_still_tells_tags_apart() -> None:
    keys = {tag_key("x" * 5000 + end) for end in "abc"}
    assert len(keys) == 3
    assert all(len(key) <= 100 for key in keys)
    assert tag_key("x" * 5000 + "A") in keys


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (IdTag(id_tag="A"), Verdict.ACCEPTED),
        (IdTag(id_tag="A", blocked=True), Verdict.BLOCKED),
        (IdTag(id_tag="A", blocked=True, expires_at=NOON), Verdict.BLOCKED),
        (IdTag(id_tag="A", expires_at=NOON), Verdict.EXPIRED),
        (IdTag(id_tag="A", expires_at=NOON + timedelta(microseconds=1)), Verdict.ACCEPTED),
    ],
)
def test_registered_tag_is_told_its_own_status_whatever_the_rules_for_unknown_ones(
    tag: IdTag, expected: Verdict
) -> None:
    for unknown_tags in UnknownTags:
        told = authorization_of(tag, NOON, AuthorizationRules(unknown_tags=unknown_tags))
        assert told.status is expected
        assert told.known


def test_running_transaction_has_no_oddities() -> None:
    assert oddities(START, None) == ()


def test_oddities_are_found_and_equal_figures_are_none() -> None:
    fine = Stop(stopped_at=NOON, meter_stop_wh=100)
    early = Stop(stopped_at=NOON - timedelta(seconds=1), meter_stop_wh=100)
    fell = Stop(stopped_at=NOON, meter_stop_wh=99)
    assert oddities(START, fine) == ()
    assert oddities(START, early) == (Oddity.STOPPED_BEFORE_START,)
    assert oddities(START, fell) == (Oddity.METER_FELL,)


def test_stop_is_the_same_if_time_meter_reason_and_tag_are() -> None:
    stop = Stop(stopped_at=NOON, meter_stop_wh=1, id_tag="Tag")
    assert same_stop(stop, Stop(stopped_at=NOON, meter_stop_wh=1, id_tag="TAG"))
    assert not same_stop(stop, Stop(stopped_at=NOON, meter_stop_wh=2, id_tag="Tag"))
    assert not same_stop(stop, Stop(stopped_at=NOON, meter_stop_wh=1))
    assert not same_stop(stop, Stop(stopped_at=NOON, meter_stop_wh=1, id_tag="Tag", reason="Remote"))
    assert not same_stop(stop, Stop(stopped_at=NOON + timedelta(seconds=1), meter_stop_wh=1, id_tag="Tag"))


@pytest.mark.requirement("MTV-11")
def test_only_energy_has_a_unit_when_none_is_said() -> None:
    for measurand in Measurand:
        assert default_unit(measurand) == ("Wh" if measurand.startswith("Energy.") else None)
