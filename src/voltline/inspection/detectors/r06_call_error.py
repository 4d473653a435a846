"""R06: CALLs answered by an error."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from voltline.inspection.detector import ODD_ONLY, Detector, DetectorSettings
from voltline.inspection.events import Answered, Event, Exchange
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.other_versions import version_of
from voltline.inspection.records import Direction
from voltline.inspection.sides import name_of, who_is
from voltline.messages import ErrorCode, RegistrationStatus, Side
from voltline.messages.deviation import shown
from voltline.messages.types import doc

_SEVERE = frozenset({ErrorCode.INTERNAL_ERROR, ErrorCode.SECURITY_ERROR})
_MILD = frozenset({ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED})
_OF_THE_ANSWERING = _SEVERE | _MILD | {ErrorCode.GENERIC_ERROR}
_SIDES = {
    Direction.FROM_STATION: Side.CHARGE_POINT,
    Direction.FROM_CENTRAL: Side.CENTRAL_SYSTEM,
}
_WORSE = {Severity.INFO: Severity.WARNING, Severity.WARNING: Severity.ERROR, Severity.ERROR: Severity.ERROR}


class Settings(DetectorSettings, frozen=True):
    """When errors are many."""

    many: Annotated[int, doc("More errors of one code than this are one degree worse.")] = 10


class CallErrors(Detector):
    """CALLERROR, by code and action."""

    id = "R06"
    title = "Call answered by an error"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.2.3", "OCPP-J errata 3.10")
    who = Who.BACK_END
    next_step = "Read the error's description; it is the answering side's own word for what was wrong."
    explanation = (
        "A CALLERROR says that a request could not be processed, as opposed to a result that refuses it. "
        "InternalError is a fault of the answering side; after one a charge point sends transaction messages "
        "again and in the end discards them. NotImplemented and NotSupported are a side's limits and mostly "
        "harmless. Formation, property, type and occurence violations point at the request. A central system "
        "that answers SecurityError before it accepted the charge point's boot is right."
    )
    events = (Answered,)
    actions = ODD_ONLY
    odd = True
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._counts: Counter[tuple[Direction, ErrorCode | None]] = Counter()

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Weigh it by its code."""
        assert isinstance(event, Answered)
        exchange = event.exchange
        error = exchange.error
        if error is None or event.record.truncated or _is_right(exchange):
            return ()
        code = ErrorCode.read(error.code)
        severity = Severity.ERROR if code in _SEVERE else Severity.INFO if code in _MILD else Severity.WARNING
        if code is ErrorCode.SECURITY_ERROR and exchange.from_station:
            if facts.boot is not None and facts.registration is not RegistrationStatus.ACCEPTED:
                return ()
            if facts.registration is None:
                severity = Severity.INFO
        answering = exchange.sender.opposite
        key = (answering, code)
        self._counts[key] += 1
        if self._counts[key] > self.settings.many:
            severity = _WORSE[severity]
        said = f": {shown(error.description)}" if error.description else ""
        blamed = answering if code in _OF_THE_ANSWERING or code is None else exchange.sender
        return (
            self.finding(
                facts,
                f"{name_of(answering).capitalize()} answered {exchange.name} with {shown(error.code)}{said}.",
                exchange.records,
                title=f"{exchange.name} answered by {code or 'an unknown error'}",
                severity=severity,
                who=who_is(blamed),
            ),
        )


def _is_right(exchange: Exchange) -> bool:
    """Whether the CALL deserves an error whatever the code: R08 and P03 tell why."""
    action = exchange.action
    if action is None:
        return True
    sender = _SIDES.get(exchange.sender)
    return (sender is not None and sender not in action.sent_by) or version_of(exchange) is not None
