"""What goes on at clean charge points: visits of drivers, and work that the central system has with them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

from tests.planting.charging_day import LoggedStation
from tests.planting.lines import Line

TAGS = ("04A1B2C3D4E5F6", "99887766", "DRIVER-7", "04e3f89a2c3c80", "RFID 0815", "c0ffee42")


def day(identity: str, seed: object, visits: int, *, make: str = "") -> LoggedStation:
    """A charge point from its first start on, until so many cars have come and gone."""
    chance = Random(f"{identity} {seed}")
    station = LoggedStation(identity, chance, make=make)
    station.commission()
    station.run(chance.uniform(60, 900))
    for _ in range(visits):
        visit = chance.choice(VISITS if station.is_steady else QUIET_VISITS)
        visit(station, chance.randint(1, station.hardware.connectors))
        station.run(chance.uniform(300, 9000))
        if chance.random() < 0.5:
            chance.choice(WORK if station.is_steady else QUIET_WORK)(station)
            station.run(chance.uniform(300, 1800))
    return station


def traffic(seed: object, *, stations: int, visits: int) -> list[Line]:
    """The log of a central system with so many charge points."""
    days = [day(f"CLEAN-{number:02d}", seed, visits) for number in range(1, stations + 1)]
    return sorted((line for one in days for line in one.lines), key=lambda line: line.at)


# ---- visits


def by_tag(station: LoggedStation, connector: int) -> None:
    """Plug in, present the tag, charge, present it again, leave."""
    tag = _tag(station)
    station.arrive(connector)
    station.present(tag, connector)
    _charge(station)
    station.present(tag, connector)
    station.leave(connector)


def tag_first(station: LoggedStation, connector: int) -> None:
    """The tag before the cable; the car is unplugged without another word."""
    station.present(_tag(station), connector)
    station.arrive(connector)
    _charge(station)
    station.leave(connector)


def by_remote(station: LoggedStation, connector: int) -> None:
    """Started and stopped by an app."""
    if station.chance.random() < 0.5:
        station.arrive(connector)
        station.order("RemoteStartTransaction", idTag=_tag(station), connectorId=connector)
    else:
        station.order("RemoteStartTransaction", idTag=_tag(station), connectorId=connector)
        station.run(10)
        station.arrive(connector)
    _charge(station)
    station.order("RemoteStopTransaction", transactionId=station.transaction_id)
    station.run(20)
    station.leave(connector)


def reserved(station: LoggedStation, connector: int) -> None:
    """Reserved for a tag, which then comes; or cancelled."""
    tag = _tag(station)
    until = in_time(station, 30 * 60)
    number = station.chance.randrange(1, 10**6)
    station.order("ReserveNow", connectorId=connector, expiryDate=until, idTag=tag, reservationId=number)
    station.run(station.chance.uniform(30, 300))
    if station.chance.random() < 0.3:
        station.order("CancelReservation", reservationId=number)
        return
    station.present(tag, connector)
    station.arrive(connector)
    _charge(station)
    station.present(tag, connector)
    station.leave(connector)


def until_full(station: LoggedStation, connector: int) -> None:
    """The car is full, and stays for a while."""
    station.arrive(connector, soc=0.9)
    station.present(_tag(station), connector)
    station.run(station.chance.uniform(3600, 7200))
    station.leave(connector)


def offline_in_the_middle(station: LoggedStation, connector: int) -> None:
    """The link breaks during the session and is back before its end."""
    tag = _tag(station)
    station.arrive(connector)
    station.present(tag, connector)
    _charge(station)
    station.disconnect()
    station.run(station.chance.uniform(20, 2400))
    station.connect()
    _charge(station)
    station.present(tag, connector)
    station.leave(connector)


def offline_at_the_end(station: LoggedStation, connector: int) -> None:
    """The session ends while the link is broken."""
    tag = _tag(station)
    station.arrive(connector)
    station.present(tag, connector)
    _charge(station)
    station.disconnect()
    station.run(600)
    station.present(tag, connector)
    station.leave(connector)
    station.run(station.chance.uniform(60, 2400))
    station.connect()


def offline_all_the_time(station: LoggedStation, connector: int) -> None:
    """The whole session is told of afterwards. The tag is known from a session before."""
    tag = TAGS[0]
    station.arrive(connector)
    station.present(tag, connector)
    _charge(station)
    station.present(tag, connector)
    station.leave(connector)
    station.run(300)
    station.disconnect()
    station.run(60)
    station.arrive(connector)
    station.present(tag, connector)
    _charge(station)
    station.present(tag, connector)
    station.leave(connector)
    station.run(300)
    station.connect()


def limited(station: LoggedStation, connector: int) -> None:
    """A charging profile of its own for the transaction, changed on the way and taken away."""
    tag = _tag(station)
    station.arrive(connector)
    station.present(tag, connector)
    _charge(station)
    for limit in station.chance.sample((6.0, 8.0, 10.5, 16.0, 20.0), 2):
        _limit(station, connector, limit, of_transaction=True)
        _charge(station)
    station.order("ClearChargingProfile", id=71, connectorId=connector)
    _charge(station)
    station.present(tag, connector)
    station.leave(connector)


def paused(station: LoggedStation, connector: int) -> None:
    """The central system pauses the session by a limit of 0 and lets it go on."""
    tag = _tag(station)
    station.arrive(connector)
    station.present(tag, connector)
    _charge(station)
    _limit(station, connector, 0.0, of_transaction=True)
    station.run(station.chance.uniform(300, 4000))
    _limit(station, connector, 16.0, of_transaction=True)
    _charge(station)
    station.present(tag, connector)
    station.leave(connector)


def reset_meanwhile(station: LoggedStation, connector: int) -> None:
    """A reset during the session, which ends it in good order."""
    station.arrive(connector)
    station.present(_tag(station), connector)
    _charge(station)
    station.order("Reset", type="Soft")
    station.run(120)
    station.leave(connector)


def two_at_once(station: LoggedStation, connector: int) -> None:
    """Where there are two connectors, both are in use."""
    tags = station.chance.sample(TAGS, 2)
    connectors = range(1, min(station.hardware.connectors, 2) + 1)
    for number in connectors:
        station.arrive(number)
        station.present(tags[number - 1], number)
        _charge(station)
    for number in connectors:
        station.present(tags[number - 1], number)
        station.leave(number)


VISITS: tuple[Callable[[LoggedStation, int], None], ...] = (
    by_tag,
    by_tag,
    tag_first,
    by_remote,
    by_remote,
    reserved,
    until_full,
    offline_in_the_middle,
    offline_at_the_end,
    offline_all_the_time,
    limited,
    paused,
    reset_meanwhile,
    two_at_once,
)


BREAKING = (offline_in_the_middle, offline_at_the_end, offline_all_the_time, reset_meanwhile)
QUIET_VISITS = tuple(visit for visit in VISITS if visit not in BREAKING)
"""Those in which the connection lasts: one that keeps breaking is a fault."""


# ---- work


def _default_limit(station: LoggedStation) -> None:
    _limit(station, 0, station.chance.choice((10.0, 16.0, 32.0)), of_transaction=False)


def _update(station: LoggedStation) -> None:
    at = in_time(station, 5)
    station.order("UpdateFirmware", location="ftp://files.example/firmware.bin", retrieveDate=at)
    station.run(600)


def _diagnose(station: LoggedStation) -> None:
    station.order("GetDiagnostics", location="ftp://files.example/logs")
    station.run(180)


def _list_tags(station: LoggedStation) -> None:
    told = station.order("GetLocalListVersion").list_version
    entries = [{"idTag": tag, "idTagInfo": {"status": "Accepted"}} for tag in TAGS[:4]]
    version = max(told, 0) + 1
    station.order("SendLocalList", listVersion=version, updateType="Full", localAuthorizationList=entries)


def _close_for_a_while(station: LoggedStation) -> None:
    station.order("ChangeAvailability", connectorId=0, type="Inoperative")
    station.run(station.chance.uniform(60, 3000))
    station.order("ChangeAvailability", connectorId=0, type="Operative")


def _restart(station: LoggedStation) -> None:
    station.order("Reset", type=station.chance.choice(("Soft", "Hard")))
    station.run(120)


def _blackout(station: LoggedStation) -> None:
    station.blackout(station.chance.uniform(30, 3000))


def _reconnect(station: LoggedStation) -> None:
    station.disconnect()
    station.run(station.chance.uniform(1, 1500))
    station.connect()


def _ask(station: LoggedStation) -> None:
    for wanted in ("Heartbeat", "StatusNotification", "MeterValues", "BootNotification"):
        station.order("TriggerMessage", requestedMessage=wanted, connectorId=1)
        station.run(10)
    station.order("GetCompositeSchedule", connectorId=1, duration=3600)
    station.order("ClearCache")
    station.order("DataTransfer", vendorId="com.example", messageId="hello")


def _configure(station: LoggedStation) -> None:
    station.order("ChangeConfiguration", key="HeartbeatInterval", value="600")
    station.order("ChangeConfiguration", key="ConnectionTimeOut", value="90")
    station.order("GetConfiguration", key=["MeterValueSampleInterval"])


def _unlock(station: LoggedStation) -> None:
    station.order("UnlockConnector", connectorId=1)


WORK: tuple[Callable[[LoggedStation], None], ...] = (
    _default_limit,
    _update,
    _diagnose,
    _list_tags,
    _close_for_a_while,
    _restart,
    _blackout,
    _reconnect,
    _ask,
    _configure,
    _unlock,
)


QUIET_WORK = tuple(work for work in WORK if work not in (_update, _restart, _blackout, _reconnect))


def in_time(station: LoggedStation, seconds: float) -> str:
    """So many seconds from now, as a central system writes it."""
    return (station.time + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tag(station: LoggedStation) -> str:
    return station.chance.choice(TAGS)


def _charge(station: LoggedStation) -> None:
    station.run(station.chance.uniform(600, 2400))


def _limit(station: LoggedStation, connector: int, limit: float, *, of_transaction: bool) -> None:
    profile: dict[str, Any] = {
        "chargingProfileId": 71 if of_transaction else 70,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile" if of_transaction else "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        },
    }
    if of_transaction:
        profile["transactionId"] = station.transaction_id
    station.order("SetChargingProfile", connectorId=connector, csChargingProfiles=profile)


def sessions_in(lines: list[Line]) -> Iterator[Line]:
    """The StartTransactions."""
    return (line for line in lines if line.action == "StartTransaction")


def planting_ground() -> list[Line]:
    """The clean log in which faults are planted: ten charge points, 200 sessions and a few more."""
    return traffic("planting", stations=10, visits=20)
