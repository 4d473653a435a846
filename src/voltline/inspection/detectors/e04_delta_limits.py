"""E04: limits in a Delta AC MAX's own log that leave no current."""

import re
from collections.abc import Iterator
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Event, Note
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages.types import doc

_ANY = re.compile(
    r"(?P<nopower>LIMIT_toNoPower)"
    r"|SetChargingProfile,.*?chargingRateUnit=A,.*?limit=(?P<limit>\d+(?:\.\d+)?)"
    r"|(?<!\d)(?P<register>4020[2-5]|41601)(?!\d)\D{1,20}?(?P<value>0x0+|0+(?:\.0+)?)(?![\dxX.])",
    re.IGNORECASE,
)


class Settings(DetectorSettings, frozen=True):
    """What a vehicle can charge with."""

    least_a: Annotated[float, doc("Limits above 0 and below this are told.", unit="A")] = 6.0
    zero_a: Annotated[float, doc("Below this, but not 0, zero is meant and not said.", unit="A")] = 1.0


class DeltaLimits(Detector):
    """LIMIT_toNoPower, Modbus limits of zero, profiles of 0.1 A."""

    id = "E04"
    title = "Delta AC MAX is limited to no power"
    severity = Severity.WARNING
    basis = ("IEC 61851-1",)
    who = Who.SITE
    next_step = "Find out which limit is zero: the OCPP profile, a Modbus master, or the switches inside."
    explanation = (
        "The current is the least of the switches in the charge point, the OCPP profile and what a Modbus "
        "master writes to registers 40202 to 40205 and 41601. LIMIT_toNoPower says that nothing is left. A "
        "profile of 0.1 A, the classic, is under the 6 A that any vehicle needs. A limit of exactly 0 is a "
        "pause that somebody wants."
    )
    events = (Note,)
    settings: Settings = Settings()

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Each such line."""
        match = _ANY.search(event.record.text)
        if match is None:
            return
        if match["nopower"]:
            yield self.finding(facts, "The charge point logs LIMIT_toNoPower.", (event.record,))
        elif match["register"]:
            yield self.finding(
                facts,
                f"Modbus register {match['register']} is 0.",
                (event.record,),
                title="Modbus limit of zero",
                severity=Severity.INFO,
            )
        else:
            yield from self._profile(float(match["limit"]), event, facts)

    def _profile(self, limit: float, event: Event, facts: Facts) -> Iterator[Finding]:
        if not 0 < limit < self.settings.least_a:
            return
        zero = limit < self.settings.zero_a
        yield self.finding(
            facts,
            f"A profile with a limit of {limit:g} A was received.",
            (event.record,),
            title="Limit of next to nothing" if zero else "Limit below 6 A",
            severity=Severity.WARNING if zero else Severity.INFO,
            who=Who.BACK_END,
            next_step="Send 0 to pause, or at least 6 A to charge.",
        )
