import pytest

from voltline.central.domain.stations import Registration, RegistrationPolicy, RegistrationRules, StationKey
from voltline.central.services import stations

from .conftest import Storage
from .saying import NOON, at, boot

ACCEPT_ALL = RegistrationPolicy.ACCEPT_ALL


def test_identity_is_found_in_any_case_and_keeps_the_spelling_it_was_registered_with(
    storage: Storage,
) -> None:
    first = storage.do(stations.connected, "Depot-7", ACCEPT_ALL, NOON)
    again = storage.do(stations.connected, "DEPOT-7", ACCEPT_ALL, at(10))
    assert first is not None
    assert again is not None
    assert again.key == first.key
    assert again.identity == "Depot-7"
    assert storage.count("stations") == 1
    found = storage.queries.station("depot-7")
    assert found is not None
    assert found.identity == "Depot-7"
    assert found.registered_at == NOON
    assert found.last_connected_at == at(10)


@pytest.mark.requirement("WSC-09")
def test_unknown_charge_point_is_not_let_in_where_only_known_ones_are(storage: Storage) -> None:
    assert storage.do(stations.connected, "CP1", RegistrationPolicy.KNOWN_ONLY, NOON) is None
    assert storage.count("stations") == 0
    storage.do(stations.register, "CP1", Registration.ACCEPTED, NOON)
    known = storage.do(stations.connected, "cp1", RegistrationPolicy.KNOWN_ONLY, NOON)
    assert known is not None
    assert known.registration is Registration.ACCEPTED


@pytest.mark.requirement("BOO-03", "BOO-07")
def test_pending_charge_point_waits_until_an_operator_accepts_it(storage: Storage) -> None:
    rules = RegistrationRules(
        policy=RegistrationPolicy.PENDING, heartbeat_interval_s=300, retry_interval_s=60
    )
    station = storage.do(stations.connected, "CP1", rules.policy, NOON)
    assert station is not None
    first = storage.do(stations.boot, station.key, boot(), NOON, rules)
    assert (first.status, first.interval_s) == (Registration.PENDING, 60)
    storage.do(stations.register, "CP1", Registration.ACCEPTED, at(1))
    second = storage.do(stations.boot, station.key, boot(), at(60), rules)
    assert (second.status, second.interval_s) == (Registration.ACCEPTED, 300)


@pytest.mark.requirement("BOO-19")
def test_acceptance_outlives_the_connection(storage: Storage) -> None:
    first = storage.do(stations.connected, "CP1", ACCEPT_ALL, NOON)
    assert first is not None
    storage.do(stations.disconnected, first.key, at(5))
    storage.restart()
    again = storage.do(stations.connected, "CP1", RegistrationPolicy.PENDING, at(10))
    assert again is not None
    assert again.registration is Registration.ACCEPTED
    assert again.last_disconnected_at == at(5)


def test_rejected_charge_point_stays_rejected_where_all_are_accepted(storage: Storage) -> None:
    storage.do(stations.register, "CP1", Registration.REJECTED, NOON)
    station = storage.do(stations.connected, "CP1", ACCEPT_ALL, NOON)
    assert station is not None
    assert station.registration is Registration.REJECTED
    told = storage.do(stations.boot, station.key, boot(), NOON, RegistrationRules())
    assert told.status is Registration.REJECTED


def test_boot_keeps_what_the_charge_point_says_of_itself_and_every_boot_has_its_row(
    storage: Storage,
) -> None:
    key = storage.station()
    storage.do(stations.boot, key, boot(firmware="1.0"), at(1), RegistrationRules())
    storage.do(stations.boot, key, boot(firmware="1.1"), at(2), RegistrationRules())
    station = storage.queries.station("CP1")
    assert station is not None
    assert station.vendor == "Acme"
    assert station.model == "Wallbox"
    assert station.firmware_version == "1.1"
    assert station.charge_point_serial_number == "SN-1"
    assert station.charge_box_serial_number == "BOX-1"
    assert (station.iccid, station.imsi) == ("8931", "204")
    assert (station.meter_type, station.meter_serial_number) == ("M", "M-1")
    assert station.last_boot_at == at(2)
    assert storage.column("boots", "firmware_version") == ["1.0", "1.1"]


@pytest.mark.requirement("HBT-05")
def test_when_charge_points_were_last_heard_of_is_written_for_many_at_once(storage: Storage) -> None:
    one, two = storage.station("CP1"), storage.station("CP2")
    storage.do(stations.heard, {one: at(100), two: at(200)})
    storage.do(stations.heard, {})
    heard = [station.last_heard_at for station in storage.queries.stations()]
    assert heard == [at(100), at(200)]


def test_unknown_key_is_a_lookup_error(storage: Storage) -> None:
    with pytest.raises(LookupError, match="12345"):
        storage.do(lambda unit: unit.stations.get(StationKey(12345)))


def test_text_that_a_database_cannot_hold_does_not_fail_the_boot(storage: Storage) -> None:
    key = storage.station()
    storage.do(stations.boot, key, boot(model="Wall\x00box"), NOON, RegistrationRules())
    station = storage.queries.station("CP1")
    assert station is not None
    assert station.model == "Wall\ufffdbox"


def test_connections_have_each_their_own_end_and_reason(storage: Storage) -> None:
    key = storage.station()
    storage.do(stations.opened, key, "192.0.2.1", at(0))
    storage.do(stations.closed, key, at(9), at(10), "the connection ended", False)
    storage.do(stations.opened, key, "192.0.2.2", at(20))
    # What a newer connection replaces has ended when that one begins.
    storage.do(stations.closed, key, at(29), at(30), "replaced", True)
    storage.do(stations.opened, key, "192.0.2.3", at(30))
    found = storage.queries.connectivity(key)
    assert [(one.remote, one.connected_at, one.disconnected_at, one.reason) for one in found] == [
        ("192.0.2.3", at(30), None, None),
        ("192.0.2.2", at(20), at(30), "replaced"),
        ("192.0.2.1", at(0), at(10), "the connection ended"),
    ]
    assert storage.queries.connectivity(key, before=found[0].id, limit=1) == found[1:2]
    station = storage.queries.station("CP1")
    assert station is not None
    assert (station.last_heard_at, station.last_disconnected_at) == (at(29), at(10))


def test_connections_that_a_crash_left_open_ended_when_last_heard_of(storage: Storage) -> None:
    key, other = storage.station("CP1"), storage.station("CP2")
    storage.do(stations.opened, key, "192.0.2.1", at(0))
    storage.do(stations.opened, other, "192.0.2.2", at(0))
    storage.do(stations.closed, other, at(5), at(5), "gone", False)
    storage.do(stations.heard, {key: at(100), other: at(200)})
    storage.do(stations.left_open)
    (cut,) = storage.queries.connectivity(key)
    assert cut.disconnected_at == at(100)
    (ended,) = storage.queries.connectivity(other)
    assert (ended.disconnected_at, ended.reason) == (at(5), "gone")
