"""The deadlines of one station: a handful, so a plain table serves better than a heap."""

from enum import Enum, auto


class Timer(Enum):
    """What a deadline is for. Those marked with a connector are kept once a connector."""

    BOOT = auto()
    HEARTBEAT = auto()
    RESEND = auto()
    RESET = auto()
    ALIVE = auto()
    ALIGNED = auto()
    FIRMWARE = auto()
    DIAGNOSTICS = auto()
    LOG = auto()
    RESERVATION = auto()
    LIMIT = auto()
    CONNECTION_TIMEOUT = auto()  # a connector
    SAMPLE = auto()  # a connector
    ALLOWANCE = auto()  # a connector
    STATUS = auto()  # a connector


Due = tuple[Timer, int]


class Timers:
    """Deadlines in seconds of the monotonic clock, by purpose and connector (0 = the whole station)."""

    __slots__ = ("_deadlines",)

    def __init__(self) -> None:
        self._deadlines: dict[Due, float] = {}

    def start(self, timer: Timer, at: float, connector_id: int = 0) -> None:
        """Set the deadline, replacing an earlier one of the same purpose and connector."""
        self._deadlines[timer, connector_id] = at

    def cancel(self, timer: Timer, connector_id: int = 0) -> None:
        """Forget the deadline; it is no fault when there is none."""
        self._deadlines.pop((timer, connector_id), None)

    def cancel_all(self) -> None:
        """Forget every deadline, as a loss of power does."""
        self._deadlines.clear()

    def is_running(self, timer: Timer, connector_id: int = 0) -> bool:
        """Whether the deadline is set."""
        return (timer, connector_id) in self._deadlines

    def next_deadline(self) -> float | None:
        """The earliest deadline, None when there is nothing to wait for."""
        return min(self._deadlines.values(), default=None)

    def take_due(self, now: float) -> Due | None:
        """Take the earliest deadline that has passed out of the table, None when none has."""
        due = min(self._deadlines, key=self._deadlines.__getitem__, default=None)
        if due is None or self._deadlines[due] > now:
            return None
        del self._deadlines[due]
        return due
