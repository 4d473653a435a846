"""What a charge point takes as a charging profile, and the reason of every refusal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from voltline.messages import ChargingProfile, ChargingRateUnit, ClearChargingProfile
from voltline.smart_charging.store import Capabilities, Held, ProfileStore, Running, units_of

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
A, W = ChargingRateUnit.A, ChargingRateUnit.W
ABLE = Capabilities(highest_level=3, most_profiles=3, most_periods=2, units=frozenset({A, W}))
RUNNING = Running(1, 7)


def profile(schedule: dict[str, Any] | None = None, **fields: Any) -> ChargingProfile:
    """A TxDefaultProfile of 10 A, with these fields (as they are sent) changed; None takes one away."""
    periods = [{"startPeriod": 0, "limit": 10}]
    sent = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": periods} | (schedule or {}),
    }
    return msgspec.convert(sent | fields, ChargingProfile)


def starts(*seconds: int, **fields: Any) -> dict[str, Any]:
    periods = [{"startPeriod": second, "limit": 10} | fields for second in seconds]
    return {"chargingSchedulePeriod": periods}


MAX = {"chargingProfilePurpose": "ChargePointMaxProfile"}
TX = {"chargingProfilePurpose": "TxProfile"}
RECURRING = {"chargingProfileKind": "Recurring", "recurrencyKind": "Daily"}
BEGUN = {"startSchedule": "2026-05-01T00:00:00Z"}


@pytest.mark.requirement(
    "SCP-02", "SCP-11", "SCP-12", "SCP-15", "SCS-02", "SCS-12", "SCT-01", "SCT-07", "SCT-17"
)
@pytest.mark.parametrize(
    ("connector_id", "wanted", "running", "reason"),
    [
        (1, profile(**MAX), None, "a ChargePointMaxProfile is for connector 0, not 1"),
        (0, profile(**TX), None, "a TxProfile is for a connector from 1 on"),
        (1, profile(**TX), None, "no transaction runs on connector 1, so a TxProfile has none to be for"),
        (
            1,
            profile(**TX, transactionId=8),
            RUNNING,
            "transactionId is 8, and that of the transaction on connector 1 is 7",
        ),
        (
            1,
            profile(**TX, transactionId=7),
            Running(1, None),
            "transactionId is 7, and that of the transaction on connector 1 is not yet known",
        ),
        (
            1,
            profile(transactionId=7),
            RUNNING,
            "transactionId is for a TxProfile, not for a TxDefaultProfile",
        ),
        (0, profile(stackLevel=4), None, "stackLevel is 4, and must be 0 to 3"),
        (0, profile(stackLevel=-1), None, "stackLevel is -1, and must be 0 to 3"),
        (0, profile(starts(0, 1, 2)), None, "the schedule has 3 periods, and may have 2"),
        (0, profile(starts(5)), None, "the first startPeriod is 5, and must be 0"),
        (0, profile(starts(0, 0)), None, "each startPeriod must be greater than the one before it"),
        (0, profile(starts(0, limit=-1)), None, "limit and minChargingRate must not be negative"),
        (0, profile({"minChargingRate": -1}), None, "limit and minChargingRate must not be negative"),
        (0, profile(starts(0, numberPhases=4)), None, "numberPhases is 4, and must be 1 to 3"),
        (0, profile(starts(0, numberPhases=0)), None, "numberPhases is 0, and must be 1 to 3"),
        (0, profile({"duration": 0}), None, "duration is 0, and must be at least 1 s"),
        (
            0,
            profile(BEGUN, chargingProfileKind="Recurring"),
            None,
            "a Recurring profile needs a recurrencyKind",
        ),
        (0, profile(**RECURRING), None, "a Recurring profile needs a startSchedule to count from"),
        (
            0,
            profile(recurrencyKind="Weekly"),
            None,
            "recurrencyKind is for a Recurring profile, not for one that is Absolute",
        ),
        (
            0,
            profile(validFrom="2026-05-02T00:00:00Z", validTo="2026-05-01T00:00:00Z"),
            None,
            "validTo is not after validFrom",
        ),
    ],
)
def test_what_cannot_be_executed_is_refused_with_its_reason(
    connector_id: int, wanted: ChargingProfile, running: Running | None, reason: str
) -> None:
    store = ProfileStore()
    assert store.install(connector_id, wanted, NOON, running, ABLE) == reason
    assert store.held == ()


@pytest.mark.requirement("SCT-17")
def test_units_are_those_that_the_configuration_lists() -> None:
    only_power = ABLE._replace(units=units_of("Power"))
    assert (
        ProfileStore().install(0, profile(), NOON, None, only_power) == "chargingRateUnit is A, and may be W"
    )
    assert units_of("Current, power") == {A, W}
    assert units_of("") == frozenset()


@pytest.mark.requirement("SCS-03", "SCS-04", "SCS-12")
def test_a_full_store_takes_only_what_replaces_something() -> None:
    store = ProfileStore()
    for number in (1, 2, 3):
        wanted = profile(chargingProfileId=number, stackLevel=number)
        assert store.install(0, wanted, NOON, None, ABLE) is None
    full = store.held
    fourth = profile(chargingProfileId=4, stackLevel=0)
    assert (
        store.install(0, fourth, NOON, None, ABLE)
        == "3 profiles are installed, and there is room for no more"
    )
    assert store.held == full
    assert store.install(0, profile(chargingProfileId=4, stackLevel=3), NOON, None, ABLE) is None
    assert store.install(1, profile(chargingProfileId=1, **MAX), NOON, None, ABLE) is not None
    assert store.install(0, profile(chargingProfileId=1, **MAX), NOON, None, ABLE) is None
    assert [held.installed.profile.charging_profile_id for held in store.held] == [2, 4, 1]


@pytest.mark.requirement("SCP-10", "SCP-15")
def test_a_profile_of_a_transaction_is_gone_with_it_and_no_other_is() -> None:
    store = ProfileStore()
    store.install(0, profile(chargingProfileId=1), NOON, None, ABLE)
    unanswered = Running(5, -1)
    assert (
        store.install(1, profile(chargingProfileId=2, transactionId=-1, **TX), NOON, unanswered, ABLE) is None
    )
    assert not store.keep_transactions([5])
    assert store.keep_transactions([6])
    assert [held.installed.profile.charging_profile_id for held in store.held] == [1]


@pytest.mark.requirement("SCC-13", "SCC-14")
def test_clearing_everything_leaves_nothing_to_clear() -> None:
    store = ProfileStore([])
    store.install(0, profile(), NOON, None, ABLE)
    assert store.clear(ClearChargingProfile())
    assert not store.clear(ClearChargingProfile())


def test_what_was_kept_is_the_same_when_it_is_read_again() -> None:
    store = ProfileStore()
    store.install(0, profile(BEGUN, **RECURRING), NOON, None, ABLE)
    store.install(1, profile(chargingProfileId=2, **TX), NOON, RUNNING, ABLE)
    again = ProfileStore(msgspec.json.decode(msgspec.json.encode(store.held), type=list[Held]))
    assert again.held == store.held
    later = NOON + timedelta(days=1)
    assert again.stack.most(later) == store.stack.most(later)
