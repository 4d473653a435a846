"""G02: charging profiles that were refused, not answered, or answered with nothing."""

from collections.abc import Iterator
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Event, Exchange, Unanswered, UnansweredCause
from voltline.inspection.exchanges import connector_of, status_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.profiles import profile_of
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """How slow is too slow, and how many refusals are a disaster."""

    slow_s: Annotated[float, doc("An answer that takes longer is told.", unit="s")] = 30.0
    critical_above: Annotated[int, doc("More failures than this are critical.")] = 100


class ProfileRefused(Detector):
    """SetChargingProfile that did not get a prompt Accepted."""

    id = "G02"
    title = "Charging profile not accepted"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 5.16", "errata 3.39")
    who = Who.BACK_END
    next_step = (
        "Compare unit, stack level, purpose and number of periods with what the charge point supports."
    )
    explanation = (
        "The limit did not reach the charge point, so it goes on with the one before. Rejected is mostly a "
        "unit, a stack level or a purpose that it does not take; NotSupported, that it has no smart "
        "charging. No answer, a very late one, or one without a status, is a firmware that chokes on the "
        "profile: see how many periods it had."
    )
    events = (Answered, Unanswered)
    actions = frozenset({"SetChargingProfile"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._count = 0

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Every SetChargingProfile once."""
        assert isinstance(event, Answered | Unanswered)
        told = self._fault(event, facts)
        if told is None:
            return
        what, who = told
        self._count += 1
        exchange = event.exchange
        profile = profile_of(exchange)
        periods = 0 if profile is None else len(profile.charging_schedule.charging_schedule_period)
        yield self.finding(
            facts,
            f"SetChargingProfile with {periods} period(s) {what}.",
            exchange.records,
            connector=connector_of(exchange),
            severity=Severity.CRITICAL if self._count > self.settings.critical_above else None,
            who=who,
        )

    def _fault(self, event: Answered | Unanswered, facts: Facts) -> tuple[str, Who] | None:
        exchange = event.exchange
        if isinstance(event, Unanswered):
            silent = event.cause in (UnansweredCause.TIMEOUT, UnansweredCause.DISCONNECTED)
            if not silent or exchange.call.truncated or not facts.listens_to(station=True):
                return None
            return "was not answered", Who.CHARGER_MAKER
        if exchange.answer is not None and exchange.answer.truncated:
            return None
        if exchange.error is not None:
            return f"was answered with the error {exchange.error.code}", Who.CHARGER_MAKER
        status = status_of(exchange)
        if not status:
            return _nothing(exchange)
        if status != "Accepted":
            return f"was answered {status}", Who.BACK_END
        took = exchange.took_s
        if took is not None and took > self.settings.slow_s:
            return f"was answered after {took:.0f} s only", Who.CHARGER_MAKER
        return None


def _nothing(exchange: Exchange) -> tuple[str, Who]:
    took = exchange.took_s
    after = "" if took is None else f" after {took:.0f} s"
    return f"was answered without a status{after}", Who.CHARGER_MAKER
