"""M04: the register and the power do not tell of the same energy."""

from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Final

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.sessions import Session, SessionClosed
from voltline.messages.types import doc

_A_THOUSAND = 300.0
"""A ratio beyond this, either way, is a unit confused with a thousand of it."""
_compared_of: Final = attrgetter("at", "power_w", "energy_wh")


class Settings(DetectorSettings, frozen=True):
    """How far the two may be apart."""

    highest_ratio: Annotated[float, doc("Register over power times time, at most.")] = 1.3
    lowest_ratio: Annotated[float, doc("And at least.")] = 0.7
    least_span_s: Annotated[float, doc("Shorter sessions are not compared.", unit="s")] = 300.0
    least_energy_wh: Annotated[
        float, doc("Compared only if one of the two says more than this.", unit="Wh")
    ] = 200.0
    longest_gap_s: Annotated[
        float, doc("Where samples are further apart, power in between is not known.", unit="s")
    ] = 900.0
    steady_ratio: Annotated[
        float, doc("Nor is it where two samples differ by more than this, the larger over the smaller.")
    ] = 1.3


class EnergyAgainstPower(Detector):
    """The register's rise against the power summed up over the session."""

    id = "M04"
    title = "Energy and power disagree"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 7.43", "OCPP 1.6, 7.31")
    who = Who.CHARGER_MAKER
    next_step = "Compare both with a reference meter, and look at the units that the charge point sends."
    explanation = (
        "Power added up over time is energy, so the register must rise by as much. Far more or far less "
        "means that one of them is of another connector or phase. About a thousand times is a unit: kWh sent "
        "under the name of Wh, or the reverse. Not judged in short sessions, across long gaps, and where the "
        "power changed between two samples."
    )
    events = (SessionClosed,)
    settings: Settings = Settings()

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Once a session, at its end."""
        assert isinstance(event, SessionClosed)
        session = event.session
        added, risen, span = self._compared(session)
        if span < self.settings.least_span_s or max(added, risen) < self.settings.least_energy_wh:
            return
        ratio = risen / added if added > 0 else float("inf")
        if self.settings.lowest_ratio <= ratio <= self.settings.highest_ratio:
            return
        unit = ratio > _A_THOUSAND or 0 < ratio < 1 / _A_THOUSAND
        latest = session.latest
        records = [one.call for one in (session.start, session.stop) if one is not None]
        yield self.finding(
            facts,
            f"In {span / 60:.0f} min the register rose by {risen:.0f} Wh, the power gives {added:.0f} Wh.",
            records or ([] if latest is None else [latest]),
            connector=session.connector,
            title="Unit of energy or power is wrong by a thousand" if unit else None,
            severity=Severity.ERROR if unit else None,
        )

    def _compared(self, session: Session) -> tuple[float, float, float]:
        """Energy by power, by the register, and the time for which both are known."""
        added = risen = span = 0.0
        longest_s, steady = self.settings.longest_gap_s, self.settings.steady_ratio
        before_at: datetime | None = None
        before_w = before_wh = 0.0
        for at, power_w, energy_wh in map(_compared_of, session.curve):
            if power_w is None or energy_wh is None:
                continue
            # Where it changed nobody knows when.
            if before_at is not None and power_w <= before_w * steady and before_w <= power_w * steady:
                seconds = (at - before_at).total_seconds()
                if 0 < seconds <= longest_s:
                    added += (before_w + power_w) / 2 * seconds / 3600
                    risen += energy_wh - before_wh
                    span += seconds
            before_at, before_w, before_wh = at, power_w, energy_wh
        return added, risen, span
