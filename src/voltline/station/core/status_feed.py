"""Status notifications that tell a story: each is delivered, in order, also after an absence.

A firmware update and an upload go on while the central system is out of reach; what it missed of them it is
told when it is back (OCPP 1.6, 4.4 and 4.5: the notifications keep it up to date).
"""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from voltline.messages import Request
from voltline.station.core.happenings import Failed, Failure
from voltline.station.core.outbox import Outbox
from voltline.station.core.registration import Registration

R = TypeVar("R", bound=Request[Any])


class StatusFeed(Generic[R]):
    """One story. `delivered` is called whenever the list of what is untold has become shorter."""

    __slots__ = ("_delivered", "_outbox", "_registration", "_under_way", "_untold")

    def __init__(self, outbox: Outbox, registration: Registration, delivered: Callable[[], None]) -> None:
        self._outbox = outbox
        self._registration = registration
        self._delivered = delivered
        self._untold: list[R] = []
        self._under_way = False

    @property
    def untold(self) -> list[R]:
        """What the central system has still to be told, in order."""
        return list(self._untold)

    def recall(self, untold: Iterable[R]) -> None:
        """Go on with what was untold before the power was lost."""
        self._untold.extend(untold)

    def tell(self, notification: R) -> None:
        """Tell this after everything that is untold."""
        self._untold.append(notification)
        self.go_on()

    def go_on(self) -> None:
        """Send the next one if the central system can be told anything now."""
        if self._untold and not self._under_way and self._registration.online:
            self._under_way = True
            self._outbox.post(self._untold[0], self._answered, self._failed)

    def _answered(self, _: Any) -> None:
        self._done()

    def _failed(self, failure: Failed) -> None:
        if failure.failure is Failure.LOST:
            self._under_way = False
        else:
            # It was heard, or cannot be said to this central system: a later one may.
            self._done()

    def _done(self) -> None:
        self._under_way = False
        self._untold.pop(0)
        self._delivered()
        self.go_on()
