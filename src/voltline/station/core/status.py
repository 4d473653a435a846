"""The statuses of a connector and every change between them (OCPP 1.6, 4.9; errata 3.19, 3.20, 4.9).

`TRANSITIONS` is the whole state machine. The specification's codes (A2, B1 .. I8) are read off the table:
the letter is the row of the status left, the number the column of the status entered.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from voltline.messages import ChargePointStatus as Status

ROWS: tuple[Status, ...] = (
    Status.AVAILABLE,
    Status.PREPARING,
    Status.CHARGING,
    Status.SUSPENDED_EV,
    Status.SUSPENDED_EVSE,
    Status.FINISHING,
    Status.RESERVED,
    Status.UNAVAILABLE,
    Status.FAULTED,
)
"""The rows A to I of the specification's matrix, and its columns 1 to 9."""


class Cause(Enum):
    """Why a connector changes its status."""

    USE_BEGINS = auto()
    """A plug, a tag or a remote start: somebody is about to charge."""
    ENERGY_FLOWS = auto()
    """The contactor is closed and the vehicle takes energy."""
    EV_SUSPENDS = auto()
    """The station is willing, the vehicle neither asks for energy nor takes it."""
    EVSE_SUSPENDS = auto()
    """The station offers no energy: a limit of zero, a tag refused. It wins over EV_SUSPENDS."""
    USER_MUST_ACT = auto()
    """Transaction over, or no tag in time, and the cable is still in."""
    FREED = auto()
    """Nothing is left to do: the next driver may come."""
    RESERVED = auto()
    """ReserveNow for this connector."""
    WITHDRAWN = auto()
    """Taken out of service, at once or as scheduled."""
    FAULT = auto()
    """A fault that prevents charging. It lies over the status and gives it back when it is resolved."""


TRANSITIONS: Mapping[Status, Mapping[Cause, Status]] = MappingProxyType(
    {
        Status.AVAILABLE: {
            Cause.USE_BEGINS: Status.PREPARING,
            Cause.ENERGY_FLOWS: Status.CHARGING,
            Cause.EV_SUSPENDS: Status.SUSPENDED_EV,
            Cause.EVSE_SUSPENDS: Status.SUSPENDED_EVSE,
            Cause.RESERVED: Status.RESERVED,
            Cause.WITHDRAWN: Status.UNAVAILABLE,
            Cause.FAULT: Status.FAULTED,
        },
        Status.PREPARING: {
            Cause.FREED: Status.AVAILABLE,
            Cause.ENERGY_FLOWS: Status.CHARGING,
            Cause.EV_SUSPENDS: Status.SUSPENDED_EV,
            Cause.EVSE_SUSPENDS: Status.SUSPENDED_EVSE,
            Cause.USER_MUST_ACT: Status.FINISHING,
            Cause.FAULT: Status.FAULTED,
        },
        Status.CHARGING: {
            Cause.FREED: Status.AVAILABLE,
            Cause.EV_SUSPENDS: Status.SUSPENDED_EV,
            Cause.EVSE_SUSPENDS: Status.SUSPENDED_EVSE,
            Cause.USER_MUST_ACT: Status.FINISHING,
            Cause.WITHDRAWN: Status.UNAVAILABLE,
            Cause.FAULT: Status.FAULTED,
        },
        Status.SUSPENDED_EV: {
            Cause.FREED: Status.AVAILABLE,
            Cause.ENERGY_FLOWS: Status.CHARGING,
            Cause.EVSE_SUSPENDS: Status.SUSPENDED_EVSE,
            Cause.USER_MUST_ACT: Status.FINISHING,
            Cause.WITHDRAWN: Status.UNAVAILABLE,
            Cause.FAULT: Status.FAULTED,
        },
        Status.SUSPENDED_EVSE: {
            Cause.FREED: Status.AVAILABLE,
            Cause.ENERGY_FLOWS: Status.CHARGING,
            Cause.EV_SUSPENDS: Status.SUSPENDED_EV,
            Cause.USER_MUST_ACT: Status.FINISHING,
            Cause.WITHDRAWN: Status.UNAVAILABLE,
            Cause.FAULT: Status.FAULTED,
        },
        Status.FINISHING: {
            Cause.FREED: Status.AVAILABLE,
            Cause.USE_BEGINS: Status.PREPARING,
            Cause.WITHDRAWN: Status.UNAVAILABLE,
            Cause.FAULT: Status.FAULTED,
        },
        Status.RESERVED: {
            Cause.FREED: Status.AVAILABLE,
            Cause.USE_BEGINS: Status.PREPARING,
            Cause.WITHDRAWN: Status.UNAVAILABLE,
            Cause.FAULT: Status.FAULTED,
        },
        Status.UNAVAILABLE: {
            Cause.FREED: Status.AVAILABLE,
            Cause.USE_BEGINS: Status.PREPARING,
            Cause.ENERGY_FLOWS: Status.CHARGING,
            Cause.EV_SUSPENDS: Status.SUSPENDED_EV,
            Cause.EVSE_SUSPENDS: Status.SUSPENDED_EVSE,
            Cause.FAULT: Status.FAULTED,
        },
        # A resolved fault gives back the status it lay over: I1 to I8. The core keeps that status, and
        # everything that happens meanwhile moves it along this same table.
        Status.FAULTED: {},
    }
)


class ImpossibleTransition(Exception):  # reads well
    """The table has no such change: a fault in the core, never one of the peer's."""


def after(status: Status, cause: Cause) -> Status:
    """The status that follows, the same one when the cause says what already holds.

    Raises:
        ImpossibleTransition: the specification has no such change.
    """
    target = TRANSITIONS[status].get(cause)
    if target is not None:
        return target
    if any(row.get(cause) is status for row in TRANSITIONS.values()):
        return status
    raise ImpossibleTransition(f"no transition leaves {status} because of {cause.name}")


def code(source: Status, target: Status) -> str:
    """The specification's name of a transition, such as `B3` for Preparing to Charging."""
    return f"{'ABCDEFGHI'[ROWS.index(source)]}{ROWS.index(target) + 1}"


def codes() -> frozenset[str]:
    """Every transition of the table by its code, those out of Faulted included."""
    named = {code(source, target) for source, row in TRANSITIONS.items() for target in row.values()}
    faultable = {source for source, row in TRANSITIONS.items() if Cause.FAULT in row}
    return frozenset(named | {code(Status.FAULTED, status) for status in faultable})


OPERATIVE: frozenset[Status] = frozenset(ROWS) - {Status.UNAVAILABLE, Status.FAULTED}
"""The statuses in which a connector serves or may serve a driver (OCPP 1.6, 7.7)."""

WITHOUT_CONNECTOR: frozenset[Status] = frozenset({Status.AVAILABLE, Status.UNAVAILABLE, Status.FAULTED})
"""The only statuses of connector 0, the station itself (OCPP 1.6, 4.9)."""

EV_COMMUNICATION_ERROR_WITH: frozenset[Status] = frozenset(
    {Status.PREPARING, Status.SUSPENDED_EV, Status.SUSPENDED_EVSE, Status.FINISHING}
)
"""The statuses that may carry the warning EVCommunicationError (OCPP 1.6, 4.9)."""
