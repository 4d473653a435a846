"""The rules of charging profiles, read plainly: what may be drawn in this one second?

Written to be compared with, from the requirements alone, in the form in which profiles are sent. It is as
slow as it is simple: whoever wants a schedule asks for every second of it. Nothing of `voltline` is in it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import floor
from typing import Any

Json = dict[str, Any]
Told = list[tuple[int, float, int]]
"""Start of a period in seconds, limit, number of phases."""


@dataclass
class Profile:
    connector: int
    received: datetime
    sent: Json
    transaction: int | None


@dataclass
class Transaction:
    number: int
    transaction_id: int | None
    started: datetime


@dataclass
class Station:
    """What a charge point is and has."""

    phases: int
    voltage: int
    switches: bool
    rated: float
    max_level: int
    max_profiles: int
    max_periods: int
    units: set[str]
    site: dict[int, float] = field(default_factory=dict)
    transactions: dict[int, Transaction] = field(default_factory=dict)
    profiles: list[Profile] = field(default_factory=list)

    # ---- SetChargingProfile, ClearChargingProfile, the end of a transaction

    def set(self, connector: int, sent: Json, now: datetime) -> str:
        if not self.may_have(connector, sent):
            return "Rejected"
        others = [one for one in self.profiles if not same_place(one, connector, sent)]
        if len(others) + 1 > self.max_profiles:
            return "Rejected"
        transaction = None
        if sent["chargingProfilePurpose"] == "TxProfile":
            transaction = self.transactions[connector].number
        self.profiles = [*others, Profile(connector, now, sent, transaction)]
        return "Accepted"

    def may_have(self, connector: int, sent: Json) -> bool:
        schedule = sent["chargingSchedule"]
        starts = [period["startPeriod"] for period in schedule["chargingSchedulePeriod"]]
        if sent["stackLevel"] > self.max_level:  # SCS-02
            return False
        if len(starts) > self.max_periods:  # SCS-12
            return False
        if schedule["chargingRateUnit"] not in self.units:  # SCT-17
            return False
        if starts[0] != 0:  # SCT-01
            return False
        for earlier, later in pairwise(starts):
            if not earlier < later:
                return False
        if schedule.get("duration") == 0:
            return False
        if sent["chargingProfileKind"] == "Recurring":
            if "recurrencyKind" not in sent or "startSchedule" not in schedule:
                return False
        elif "recurrencyKind" in sent:  # SCT-07
            return False
        if "validFrom" in sent and "validTo" in sent and not time(sent["validFrom"]) < time(sent["validTo"]):
            return False
        if sent["chargingProfilePurpose"] == "ChargePointMaxProfile" and connector != 0:  # SCP-02
            return False
        if sent["chargingProfilePurpose"] == "TxProfile":
            if connector not in self.transactions:  # SCP-11, SCP-12
                return False
            wanted = sent.get("transactionId")
            if wanted is not None and wanted != self.transactions[connector].transaction_id:  # SCP-15
                return False
        elif "transactionId" in sent:
            return False
        return True

    def clear(self, request: Json) -> str:
        left = []
        for one in self.profiles:
            if "id" in request:  # SCC-15
                meant = one.sent["chargingProfileId"] == request["id"]
            else:  # SCC-14, SCC-16
                meant = True
                if "connectorId" in request and request["connectorId"] != one.connector:
                    meant = False
                if request.get("stackLevel", one.sent["stackLevel"]) != one.sent["stackLevel"]:
                    meant = False
                purpose = one.sent["chargingProfilePurpose"]
                if request.get("chargingProfilePurpose", purpose) != purpose:
                    meant = False
            if not meant:
                left.append(one)
        answer = "Unknown" if len(left) == len(self.profiles) else "Accepted"
        self.profiles = left
        return answer

    def end(self, connector: int) -> None:
        ended = self.transactions.pop(connector)
        self.profiles = [one for one in self.profiles if one.transaction != ended.number]  # SCP-10

    # ---- one second

    def most(self, now: datetime) -> Json | None:
        """What ChargePointMaxProfile says."""
        maxima = [
            one for one in self.profiles if one.sent["chargingProfilePurpose"] == "ChargePointMaxProfile"
        ]
        return highest(maxima, now, None)

    def own(self, connector: int, now: datetime, began: datetime) -> Json | None:
        """What TxProfile says, else TxDefaultProfile, of a transaction that began at `began`."""
        mine = [one for one in self.profiles if one.connector == connector]
        of_transaction = [one for one in mine if one.sent["chargingProfilePurpose"] == "TxProfile"]
        said = highest(of_transaction, now, began)  # SCP-09
        if said is not None:
            return said
        defaults = [one for one in mine if one.sent["chargingProfilePurpose"] == "TxDefaultProfile"]
        if any(is_valid(one.sent, now) for one in defaults):  # SCP-05
            return highest(defaults, now, began)
        everyone = [
            one
            for one in self.profiles
            if one.connector == 0 and one.sent["chargingProfilePurpose"] == "TxDefaultProfile"
        ]
        return highest(everyone, now, began)  # SCP-04

    def connector_limit(self, connector: int, now: datetime, began: datetime, unit: str) -> tuple[float, int]:
        """SCC-01: the lowest of all, and on how many phases."""
        own, most = self.own(connector, now, began), self.most(now)
        phases = self.phases_under(own)
        amperes = [self.rating(connector)]
        if 0 in self.site:
            amperes.append(fraction(self.site[0]))
        for one in (own, most):
            if one is not None:
                amperes.append(in_amperes(one["limit"], one["unit"], phases * self.voltage))
        return rounded(min(amperes), unit, phases * self.voltage), phases

    def station_limit(self, now: datetime, began: dict[int, datetime], unit: str) -> tuple[float, int]:
        """SCC-06: all connectors together, and no more than is set for all."""
        together = Fraction(0)
        for connector, since in began.items():
            own = self.own(connector, now, since)
            phases = self.phases_under(own)
            amperes = self.rating(connector)
            if own is not None:
                amperes = min(amperes, in_amperes(own["limit"], own["unit"], phases * self.voltage))
            together += amperes if unit == "A" else amperes * phases * self.voltage
        volts = self.phases * self.voltage
        in_unit = together if unit == "A" else together / volts
        most = self.most(now)
        if most is not None:
            in_unit = min(in_unit, in_amperes(most["limit"], most["unit"], volts))
        if 0 in self.site:
            in_unit = min(in_unit, fraction(self.site[0]))
        return rounded(in_unit, unit, volts), self.phases

    def rating(self, connector: int) -> Fraction:
        return min(fraction(self.rated), fraction(self.site.get(connector, self.rated)))

    def phases_under(self, said: Json | None) -> int:
        if self.switches and said is not None and said["phases"] == 1:  # SCT-19
            return 1
        return self.phases  # SCT-16: whatever the profile says, no more than there are

    # ---- every second

    def schedule(self, connector: int, start: datetime, duration: int, unit: str, connectors: int) -> Told:
        told: Told = []
        began = {}
        for number in range(1, connectors + 1):
            running = self.transactions.get(number)
            began[number] = start if running is None else running.started
        for second in range(duration):
            now = start + timedelta(seconds=second)
            if connector == 0:
                limit, phases = self.station_limit(now, began, unit)
            else:
                limit, phases = self.connector_limit(connector, now, began[connector], unit)
            if not told or told[-1][1:] != (limit, phases):
                told.append((second, limit, phases))
        return told


def same_place(one: Profile, connector: int, sent: Json) -> bool:
    """SCS-03, SCS-04."""
    if one.sent["chargingProfileId"] == sent["chargingProfileId"]:
        return True
    return (
        one.connector == connector
        and one.sent["stackLevel"] == sent["stackLevel"]
        and one.sent["chargingProfilePurpose"] == sent["chargingProfilePurpose"]
    )


def highest(profiles: list[Profile], now: datetime, began: datetime | None) -> Json | None:
    """SCS-01: of those that say something now, the one of the highest stackLevel."""
    best, level = None, -1
    for one in profiles:
        said = says(one, now, began)
        if said is not None and one.sent["stackLevel"] > level:
            best, level = said, one.sent["stackLevel"]
    return best


def says(one: Profile, now: datetime, began: datetime | None) -> Json | None:
    if not is_valid(one.sent, now):
        return None
    schedule = one.sent["chargingSchedule"]
    if "startSchedule" in schedule and one.sent["chargingProfileKind"] != "Relative":
        begin = time(schedule["startSchedule"])
    else:
        begin = one.received if began is None else began  # SCT-06
    if now < begin:
        return None
    second = (now - begin).total_seconds()
    if one.sent["chargingProfileKind"] == "Recurring":  # SCT-08, SCT-09
        second %= 24 * 3600 if one.sent["recurrencyKind"] == "Daily" else 7 * 24 * 3600
    if "duration" in schedule and second >= schedule["duration"]:  # SCT-03, SCT-04, SCT-10
        return None
    for period in reversed(schedule["chargingSchedulePeriod"]):
        if period["startPeriod"] <= second:  # SCT-02
            phases = period.get("numberPhases", 3)  # SCT-15
            return {"limit": period["limit"], "unit": schedule["chargingRateUnit"], "phases": phases}
    return None


def is_valid(sent: Json, now: datetime) -> bool:
    if "validFrom" in sent and now < time(sent["validFrom"]):
        return False
    return not ("validTo" in sent and now >= time(sent["validTo"]))


@lru_cache(maxsize=10_000)
def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


@lru_cache(maxsize=10_000)
def fraction(limit: float) -> Fraction:
    return Fraction(str(limit))


@lru_cache(maxsize=10_000)
def in_amperes(limit: float, unit: str, volts: int) -> Fraction:
    """SCT-13, SCT-14: amperes are of each phase, watts of all of them."""
    return fraction(limit) if unit == "A" else fraction(limit) / volts


@lru_cache(maxsize=10_000)
def rounded(amperes: Fraction, unit: str, volts: int) -> float:
    """SCT-12: one decimal, and never more than is allowed."""
    return floor((amperes if unit == "A" else amperes * volts) * 10) / 10
