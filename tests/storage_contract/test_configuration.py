"""What charge points are set to: kept, compared with what they should be, and never a secret among it."""

from typing import Any

import pytest

from voltline.central.domain.configuration import DesiredState
from voltline.central.domain.stations import RegistrationRules, StationKey
from voltline.central.services import configuration, stations, transactions
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    UNSET,
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ConfigurationStatus,
    GetConfiguration,
    GetConfigurationResponse,
    KeyValue,
)

from .conftest import Storage
from .saying import ANYONE, at, boot, start, stop

RULES = RegistrationRules()


def key(name: str, value: str | None = None, readonly: bool = False) -> KeyValue:
    return KeyValue(key=name, readonly=readonly, value=UNSET if value is None else value)


class Point:
    """A charge point whose answers are kept."""

    def __init__(self, storage: Storage, identity: str = "CP1") -> None:
        self.storage = storage
        self.key = storage.station(identity)

    def tells(self, *keys: KeyValue, second: float = 1, asked: list[str] | None = None) -> None:
        request = GetConfiguration(key=UNSET if asked is None else asked)
        told = {item.key.lower() for item in keys}
        unknown = [one for one in asked or () if one.lower() not in told]
        answer = GetConfigurationResponse(configuration_key=list(keys), unknown_key=unknown)
        self.storage.do(configuration.read, self.key, request, answer, at(second))

    def answers(self, name: str, value: str, status: ConfigurationStatus, second: float = 2) -> None:
        request = ChangeConfiguration(key=name, value=value)
        answer = ChangeConfigurationResponse(status=status)
        self.storage.do(configuration.change_answered, self.key, request, answer, at(second))

    def should_be(self, second: float = 0, reboot: bool = False, **values: str) -> None:
        self.storage.do(configuration.desire, self.key, values, reboot, at(second))

    def boots(self, second: float) -> int:
        return self.storage.do(stations.boot, self.key, boot(), at(second), RULES).interval_s

    @property
    def known(self) -> dict[str, str | None]:
        return {one.key: one.value for one in self.storage.queries.configuration(self.key)}

    @property
    def states(self) -> dict[str, DesiredState]:
        return {one.key: one.state for one in self.storage.queries.desired_configuration(self.key)}

    @property
    def due(self) -> list[str]:
        return [one.key for one in self.storage.do(configuration.due, self.key)]

    @property
    def changes(self) -> list[tuple[str, str | None, str | None, bool]]:
        found = self.storage.queries.configuration_history(self.key)
        return [(one.key, one.before, one.after, one.known) for one in reversed(found)]


@pytest.fixture
def cp(storage: Storage) -> Point:
    return Point(storage)


@pytest.mark.requirement("CFG-09", "CFG-12")
def test_keys_are_kept_as_told_blank_long_or_without_value(cp: Point) -> None:
    long = "x" * 900
    cp.tells(key("A", "1"), key("Blank", ""), key("Unset"), key("Long", long), key("MaxLength", "5", True))
    assert cp.known == {"A": "1", "Blank": "", "Long": long, "MaxLength": "5", "Unset": None}
    facts = cp.storage.queries.configuration_facts(cp.key)
    assert (facts.read_at, facts.problem) == (at(1), None)
    assert [one.readonly for one in cp.storage.queries.configuration(cp.key)] == [False] * 3 + [True, False]


@pytest.mark.requirement("GEN-02")
def test_a_key_is_one_key_in_any_case(cp: Point) -> None:
    cp.tells(key("heartbeatinterval", "60"))
    cp.tells(key("HeartbeatInterval", "60"), second=2)
    assert cp.known == {"HeartbeatInterval": "60"}


def test_what_changes_between_two_readings_is_history_and_what_does_not_is_none(cp: Point) -> None:
    cp.tells(key("A", "1"), key("B", "x"), key("C", "3"))
    cp.tells(key("A", "1"), key("B", "y"), second=10)
    assert cp.known == {"A": "1", "B": "y"}
    assert cp.changes[3:] == [("B", "x", "y", True), ("C", "3", None, False)]
    (a, b) = cp.storage.queries.configuration(cp.key)
    assert (a.seen_at, a.changed_at) == (at(10), at(1))
    assert (b.seen_at, b.changed_at) == (at(10), at(10))


def test_first_reading_is_no_change_to_tell_of_later_ones_are(cp: Point) -> None:
    cp.tells(key("A", "1"))
    assert events(cp) == []
    cp.tells(key("A", "1"), second=2)
    assert events(cp) == []
    cp.tells(key("A", "2"), second=3)
    assert len(events(cp)) == 1


def events(cp: Point) -> list[Any]:
    return [one for one in cp.storage.queries.events() if one.kind == "configuration.changed"]


def test_configuration_is_read_after_a_boot_and_else_once_a_day(cp: Point) -> None:
    def needed(second: float) -> bool:
        return cp.storage.do(configuration.needs_reading, cp.key, at(second))

    assert needed(0)
    cp.boots(1)
    cp.tells(key("A", "1"), second=2)
    assert not needed(3)
    cp.tells(key("A", "1"), asked=["A"], second=50_000)
    assert needed(86_402)
    assert not needed(86_401)
    cp.boots(100)
    assert needed(101)


@pytest.mark.requirement("CFG-08")
def test_an_answer_that_may_have_been_cut_off_takes_nothing_away_and_leaves_more_to_ask(cp: Point) -> None:
    cp.tells(key("A", "1"), key("GetConfigurationMaxKeys", "2", True), key("Gone", "1"))
    cp.tells(key("A", "1"), key("GetConfigurationMaxKeys", "2", True), second=5)
    assert set(cp.known) == {"A", "GetConfigurationMaxKeys", "Gone"}
    names, at_a_time = cp.storage.do(configuration.left_to_ask, cp.key, at(5))
    assert at_a_time == 2
    assert names[0] == "Gone"
    assert {"HeartbeatInterval", "SupportedFeatureProfiles"} <= set(names)
    assert not {"A", "GetConfigurationMaxKeys", "AuthorizationKey"} & set(names)
    cp.tells(asked=["Gone", "Never"], second=6)
    assert set(cp.known) == {"A", "GetConfigurationMaxKeys"}


def test_a_desired_key_that_was_not_told_is_asked_for_by_name(cp: Point) -> None:
    cp.should_be(Hidden="1")
    cp.tells(key("A", "1"), second=5)
    assert cp.storage.do(configuration.left_to_ask, cp.key, at(5)) == (["Hidden"], 10)


def test_a_secret_is_neither_kept_nor_in_the_history(cp: Point) -> None:
    cp.tells(key("AuthorizationKey", "4f43415341"), key("A", "1"))
    cp.answers("AuthorizationKey", "6e6577", ConfigurationStatus.ACCEPTED)
    assert cp.known == {"A": "1", "AuthorizationKey": None}
    with cp.storage.database.reader_engine.connect() as connection:
        for table in ("configuration", "configuration_history", "events"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            assert "4f43415341" not in repr(rows)
            assert "6e6577" not in repr(rows)


@pytest.mark.requirement("CFG-01")
def test_a_desired_value_is_due_until_the_charge_point_has_it(cp: Point) -> None:
    cp.tells(key("HeartbeatInterval", "300"), key("BlinkRepeat", "3"), key("Other", "1"))
    cp.should_be(HeartbeatInterval="60", blinkrepeat="3")
    assert cp.states == {"blinkrepeat": DesiredState.SET, "HeartbeatInterval": DesiredState.PENDING}
    assert cp.due == ["HeartbeatInterval"]
    cp.answers("HeartbeatInterval", "60", ConfigurationStatus.ACCEPTED)
    assert cp.states["HeartbeatInterval"] is DesiredState.SET
    assert cp.known["HeartbeatInterval"] == "60"
    assert cp.due == []


def test_a_value_that_the_charge_point_lost_is_due_again(cp: Point) -> None:
    cp.tells(key("A", "1"))
    cp.should_be(A="1")
    cp.tells(key("A", "9"), second=5)
    (wanted,) = cp.storage.queries.desired_configuration(cp.key)
    assert (wanted.state, wanted.reason) == (DesiredState.PENDING, "the charge point has '9' instead")
    assert cp.due == ["A"]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (ConfigurationStatus.REJECTED, DesiredState.REJECTED),
        (ConfigurationStatus.NOT_SUPPORTED, DesiredState.NOT_SUPPORTED),
    ],
)
def test_what_was_refused_is_kept_with_its_reason_and_tried_again_after_the_next_boot(
    cp: Point, status: ConfigurationStatus, state: DesiredState
) -> None:
    cp.boots(1)
    cp.tells(key("HeartbeatInterval", "300"))
    cp.should_be(HeartbeatInterval="soon")
    cp.answers("HeartbeatInterval", "soon", status, second=5)
    (wanted,) = cp.storage.queries.desired_configuration(cp.key)
    assert (wanted.state, wanted.attempts, wanted.tried_at) == (state, 1, at(5))
    assert (wanted.reason is not None) == (state is DesiredState.REJECTED)
    assert cp.due == []
    cp.boots(10)
    assert cp.due == ["HeartbeatInterval"]


def test_an_error_is_tried_again_on_the_next_connection(cp: Point) -> None:
    cp.should_be(A="1")
    cp.storage.do(configuration.change_failed, cp.key, "A", "1", "InternalError: no memory", at(3))
    (wanted,) = cp.storage.queries.desired_configuration(cp.key)
    assert (wanted.state, wanted.reason) == (DesiredState.FAILED, "InternalError: no memory")
    assert cp.due == ["A"]


@pytest.mark.requirement("CFG-03")
def test_a_value_that_needs_a_reboot_counts_as_set_only_after_one(cp: Point) -> None:
    cp.boots(1)
    cp.should_be(A="1")
    cp.answers("A", "1", ConfigurationStatus.REBOOT_REQUIRED, second=5)
    cp.tells(key("A", "1"), second=6)
    assert cp.states == {"A": DesiredState.REBOOT_REQUIRED}
    cp.boots(10)
    cp.tells(key("A", "1"), second=11)
    assert cp.states == {"A": DesiredState.SET}


def test_a_value_that_a_reboot_did_not_bring_is_sent_again(cp: Point) -> None:
    cp.boots(1)
    cp.should_be(A="1")
    cp.answers("A", "1", ConfigurationStatus.REBOOT_REQUIRED, second=5)
    cp.boots(10)
    cp.tells(key("A", "0"), second=11)
    (wanted,) = cp.storage.queries.desired_configuration(cp.key)
    assert (wanted.state, wanted.reason) == (DesiredState.PENDING, "not in force after a reboot")


def test_a_reboot_is_due_where_asked_for_once_and_not_during_a_transaction(cp: Point) -> None:
    def due() -> tuple[bool, list[str]]:
        return (
            cp.storage.do(configuration.reboot_due, cp.key),
            list(cp.storage.do(configuration.idle_reboots, 10)),
        )

    cp.should_be(A="1", B="2")
    for name, value in (("A", "1"), ("B", "2")):
        cp.answers(name, value, ConfigurationStatus.REBOOT_REQUIRED)
    assert due() == (False, [])
    cp.should_be(reboot=True, A="1", B="2")
    assert due() == (True, ["CP1"])
    begun = cp.storage.do(begin, cp.key)
    assert due() == (False, [])
    cp.storage.do(end, cp.key, begun)
    assert due() == (True, ["CP1"])
    cp.storage.do(configuration.rebooting, cp.key, at(4000))
    assert due() == (False, [])


def begin(unit: UnitOfWork, station: StationKey) -> int:
    return transactions.begin(unit, station, start(), at(0), ANYONE).transaction_id


def end(unit: UnitOfWork, station: StationKey, transaction_id: int) -> None:
    transactions.end(unit, station, stop(transaction_id), at(3600), ANYONE)


def test_desiring_anew_keeps_what_stays_and_forgets_what_is_left_out(cp: Point) -> None:
    cp.should_be(A="1", B="2", C="3")
    cp.answers("A", "1", ConfigurationStatus.REJECTED)
    cp.should_be(A="1", b="5", second=9)
    assert cp.states == {"A": DesiredState.REJECTED, "b": DesiredState.PENDING}
    cp.should_be()
    assert cp.states == {}


def test_an_answer_to_another_value_does_not_touch_what_is_desired(cp: Point) -> None:
    cp.tells(key("A", "0"))
    cp.should_be(A="1")
    cp.answers("A", "7", ConfigurationStatus.REJECTED)
    assert cp.states == {"A": DesiredState.PENDING}
    cp.answers("A", "7", ConfigurationStatus.ACCEPTED)
    assert cp.known == {"A": "7"}
    assert cp.states == {"A": DesiredState.PENDING}


@pytest.mark.requirement("BOO-03")
def test_boots_are_answered_with_a_desired_heartbeat_interval(cp: Point) -> None:
    assert cp.boots(1) == 300
    cp.should_be(heartbeatInterval="45")
    assert cp.boots(2) == 45
    cp.should_be()
    assert cp.boots(3) == 300


def test_text_that_a_database_cannot_hold_does_not_fail_the_reading(cp: Point) -> None:
    for second in (1, 2):
        cp.tells(key("A\x00", "1\x00"), key("B", "2"), second=second)
    assert cp.known == {"A\ufffd": "1\ufffd", "B": "2"}
