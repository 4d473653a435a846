"""What is known of charging profiles follows the answers to commands, and the transactions."""

from typing import Any

import pytest

from voltline.central.domain.charging_profiles import (
    ChargingLimit,
    InstalledProfile,
    ProfileEnd,
    ProfileFilter,
    Verdict,
    Way,
)
from voltline.central.domain.stations import StationKey
from voltline.central.services import charging_limits, charging_profiles, transactions
from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingProfileStatus,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    ClearChargingProfile,
    ClearChargingProfileResponse,
    ClearChargingProfileStatus,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
    SetChargingProfile,
    SetChargingProfileResponse,
)

from .conftest import Storage
from .saying import ANYONE, NOON, at, start, stop

MAX = ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
DEFAULT = ChargingProfilePurpose.TX_DEFAULT_PROFILE
TX = ChargingProfilePurpose.TX_PROFILE
A = ChargingRateUnit.A


def a_profile(
    id: int = 1,
    purpose: ChargingProfilePurpose = DEFAULT,
    level: int = 0,
    transaction: int | None = None,
    limit: float = 16,
    until: float | None = None,
) -> ChargingProfile:
    return ChargingProfile(
        charging_profile_id=id,
        transaction_id=UNSET if transaction is None else transaction,
        stack_level=level,
        charging_profile_purpose=purpose,
        charging_profile_kind=ChargingProfileKind.ABSOLUTE,
        valid_to=UNSET if until is None else at(until),
        charging_schedule=ChargingSchedule(
            charging_rate_unit=A,
            start_schedule=NOON,
            charging_schedule_period=[ChargingSchedulePeriod(start_period=0, limit=limit)],
        ),
    )


class Point:
    """A charge point whose answers are kept."""

    def __init__(self, storage: Storage, identity: str = "CP1") -> None:
        self.storage = storage
        self.key: StationKey = storage.station(identity)

    def takes(
        self, profile: ChargingProfile, connector: int = 1, second: float = 1, status: str = "Accepted"
    ) -> None:
        request = SetChargingProfile(connector_id=connector, cs_charging_profiles=profile)
        answer = SetChargingProfileResponse(status=ChargingProfileStatus(status))
        self.storage.do(charging_profiles.set_answered, self.key, request, answer, at(second))

    def clears(self, status: str = "Accepted", **criteria: Any) -> None:
        request = ClearChargingProfile(**criteria)
        answer = ClearChargingProfileResponse(status=ClearChargingProfileStatus(status))
        self.storage.do(charging_profiles.clear_answered, self.key, request, answer, at(50))

    def begins(self, connector: int = 1, second: float = 10, tag: str = "TAG") -> int:
        request = start(tag=tag, connector=connector, second=second)
        return self.storage.do(transactions.begin, self.key, request, at(second), ANYONE).transaction_id

    def ends(self, transaction_id: int) -> None:
        self.storage.do(transactions.end, self.key, stop(transaction_id), at(3600), ANYONE)

    def tells(self, limit: float | None, connector: int = 1) -> Verdict:
        request = GetCompositeSchedule(connector_id=connector, duration=600)
        schedule = ChargingSchedule(
            charging_rate_unit=A,
            charging_schedule_period=[ChargingSchedulePeriod(start_period=0, limit=limit or 0)],
        )
        told = limit is not None
        answer = GetCompositeScheduleResponse(
            status=GetCompositeScheduleStatus.ACCEPTED if told else GetCompositeScheduleStatus.REJECTED,
            schedule_start=at(60) if told else UNSET,
            charging_schedule=schedule if told else UNSET,
        )
        return self.storage.do(charging_profiles.schedule_answered, self.key, request, answer, at(60))

    def rows(self, installed: bool | None = True) -> tuple[InstalledProfile, ...]:
        return self.storage.queries.charging_profiles(self.key, only=ProfileFilter(installed=installed))

    @property
    def ids(self) -> list[int]:
        return sorted(one.profile.charging_profile_id for one in self.rows())

    @property
    def changes(self) -> list[str]:
        told = self.storage.queries.events(kinds=["profile.changed"])
        return [bytes(one.subject).decode().split('"change":"')[1].split('"')[0] for one in told]


def test_an_accepted_profile_is_kept_as_it_was_sent(storage: Storage) -> None:
    point = Point(storage)
    sent = a_profile(7, limit=13.5)
    point.takes(sent)
    point.takes(a_profile(8, level=1), status="Rejected")
    (row,) = point.rows()
    assert row.profile == sent
    assert (row.connector_id, row.installed_at, row.verdict) == (1, at(1), None)
    assert storage.queries.charging_profile(point.key, row.id) == row
    assert storage.queries.charging_profile(point.key, 2**70) is None
    assert point.changes == ["installed"]


def test_a_profile_replaces_that_of_its_id_and_that_of_its_level_on_the_connector(storage: Storage) -> None:
    point = Point(storage)
    point.takes(a_profile(1))
    point.takes(a_profile(2, level=1))
    point.takes(a_profile(3), connector=2)
    point.takes(a_profile(4))  # in the place of 1
    assert point.ids == [2, 3, 4]
    point.takes(a_profile(2, level=5))
    assert point.ids == [2, 3, 4]
    ended = point.rows(installed=False)
    assert [one.ended_by for one in ended] == [ProfileEnd.REPLACED] * 2
    assert point.changes.count("replaced") == 2


@pytest.mark.parametrize(
    ("criteria", "left"),
    [
        ({}, []),
        ({"id": 2, "charging_profile_purpose": MAX}, [1, 3, 4]),
        ({"connector_id": 1}, [1, 4]),
        ({"charging_profile_purpose": DEFAULT}, [1]),
        ({"charging_profile_purpose": DEFAULT, "stack_level": 1}, [1, 2, 4]),
        ({"connector_id": 9}, [1, 2, 3, 4]),
    ],
)
@pytest.mark.parametrize("status", ["Accepted", "Unknown"])
def test_what_was_cleared_is_forgotten(
    storage: Storage, criteria: dict[str, Any], left: list[int], status: str
) -> None:
    point = Point(storage)
    point.takes(a_profile(1, MAX), connector=0)
    point.takes(a_profile(2))
    point.takes(a_profile(3, level=1))
    point.takes(a_profile(4), connector=2)
    point.clears(status, **criteria)
    assert point.ids == left


def test_profiles_of_a_transaction_are_forgotten_with_it(storage: Storage) -> None:
    point = Point(storage)
    first, second = point.begins(1), point.begins(2, tag="OTHER")
    point.takes(a_profile(1, TX, transaction=first))
    point.takes(a_profile(2, TX, level=1))
    point.takes(a_profile(3, TX, transaction=second), connector=2)
    point.takes(a_profile(4))
    point.ends(first)
    assert point.ids == [3, 4]
    assert {one.ended_by for one in point.rows(installed=False)} == {ProfileEnd.TRANSACTION_ENDED}


def test_the_profile_of_a_remote_start_is_for_the_transaction_that_follows(storage: Storage) -> None:
    point = Point(storage)
    request = RemoteStartTransaction(id_tag="TAG", charging_profile=a_profile(5, TX))
    for status in (RemoteStartStopStatus.REJECTED, RemoteStartStopStatus.ACCEPTED):
        answer = RemoteStartTransactionResponse(status=status)
        storage.do(charging_profiles.remote_start_answered, point.key, request, answer, at(1))
    assert point.ids == [5]
    transaction = point.begins(2)
    (row,) = point.rows()
    assert (row.connector_id, row.profile.transaction_id) == (2, transaction)
    point.takes(a_profile(6, TX, transaction=transaction), connector=2)  # SCS-13: same level
    assert point.ids == [6]
    point.ends(transaction)
    assert point.ids == []


def test_the_charge_points_own_schedule_is_compared_with_its_profiles(storage: Storage) -> None:
    point = Point(storage)
    assert point.tells(32) is Verdict.SAME
    point.takes(a_profile(1, limit=16))
    assert [point.tells(limit) for limit in (16, 10, 32, None)] == [
        Verdict.SAME,
        Verdict.LOWER,
        Verdict.HIGHER,
        Verdict.UNKNOWN,
    ]
    (row,) = point.rows()
    assert (row.verdict, row.verified_at) == (Verdict.UNKNOWN, at(60))
    assert point.changes == ["installed", "differs"]
    own = point.begins()
    point.takes(a_profile(2, TX, transaction=own, limit=10))
    assert point.tells(16) is Verdict.HIGHER


def test_what_is_over_is_not_looked_for(storage: Storage) -> None:
    point = Point(storage)
    point.takes(a_profile(1, until=100))
    point.takes(a_profile(2, MAX), connector=0)
    (part,) = storage.do(charging_profiles.to_verify, point.key, at(100))
    assert (part.connector_id, [one.profile.charging_profile_id for one in part.profiles]) == (0, [2])
    assert point.ids == [2]
    assert [one.ended_by for one in point.rows(installed=False)] == [ProfileEnd.EXPIRED]


def test_profiles_are_listed_newest_first_and_by_what_they_are(storage: Storage) -> None:
    point = Point(storage)
    Point(storage, "CP2").takes(a_profile(9))
    for id in range(1, 6):
        point.takes(a_profile(id, level=id), connector=id % 2)
    queries = storage.queries
    first = queries.charging_profiles(point.key, limit=2)
    assert [one.profile.charging_profile_id for one in first] == [5, 4]
    rest = queries.charging_profiles(point.key, before=first[-1].id)
    assert [one.profile.charging_profile_id for one in rest] == [3, 2, 1]
    on_0 = queries.charging_profiles(point.key, only=ProfileFilter(connector_id=0))
    assert len(on_0) == 2
    assert queries.charging_profiles(point.key, only=ProfileFilter(connector_id=2**80)) == ()
    assert queries.charging_profiles(point.key, only=ProfileFilter(purpose="TxProfile\x00")) == ()


def test_ids_are_given_once_and_limits_remember_what_worked(storage: Storage) -> None:
    point = Point(storage)
    facts = storage.do(charging_limits.facts, point.key, 0)
    assert (facts.next_profile_id, facts.before, facts.running) == (1, None, ())
    point.takes(a_profile(2**31 - 1))
    point.takes(a_profile(1, level=3))
    assert storage.do(charging_limits.facts, point.key, 0).next_profile_id == 2
    limit = ChargingLimit(
        station=point.key,
        connector_id=0,
        value=10.5,
        unit=A,
        way=Way(purpose=MAX, unit=ChargingRateUnit.W, stack_level=3),
        profile_ids=(4, 5),
        set_at=at(1),
        until=at(100),
    )
    storage.do(charging_limits.keep, limit)
    assert storage.queries.charging_limits(point.key) == (limit,)
    assert limit.holds(at(99))
    assert not limit.holds(at(100))
    storage.do(charging_limits.lifted, point.key, 0, at(2))
    storage.do(charging_limits.lifted, point.key, 7, at(2))
    (lifted,) = storage.queries.charging_limits(point.key)
    assert (lifted.lifted_at, lifted.way) == (at(2), limit.way)
    assert storage.do(charging_limits.facts, point.key, 0).before == lifted
