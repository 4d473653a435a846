"""Who is told what a station does, to show it or to write it down."""

from typing import Any

import msgspec

from voltline.messages import Request
from voltline.station.core.happenings import Answered, Failed, Happening
from voltline.station.core.intents import Answer, Notice, Refuse, StaySilent


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """One request and what became of it. `own` is True for the station's own; `took_s` until its answer."""

    own: bool
    request: Request[Any]
    outcome: Answered | Failed | Answer | Refuse | StaySilent
    took_s: float


class Listener:
    """Hears everything and does nothing; override what you want to know. Nothing here may wait or raise."""

    def exchanged(self, exchange: Exchange) -> None:
        """A request of either side is done with."""

    def noticed(self, notice: Notice) -> None:
        """The station has something to tell the people before it."""

    def linked(self, up: bool, text: str) -> None:
        """The connection stands (`text`: where to) or is gone (`text`: why)."""

    def framed(self, sent: bool, text: str) -> None:
        """A frame went out (`sent`) or came in, as it is on the wire."""

    def happened(self, happening: Happening) -> None:
        """The core has taken in a happening; what follows from it is told after it."""


class Listeners(Listener):
    """Tells several, in the order in which they were added."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = list(listeners)

    def add(self, listener: Listener) -> None:
        """Tell this one too from now on."""
        self._listeners.append(listener)

    def exchanged(self, exchange: Exchange) -> None:
        for listener in self._listeners:
            listener.exchanged(exchange)

    def noticed(self, notice: Notice) -> None:
        for listener in self._listeners:
            listener.noticed(notice)

    def linked(self, up: bool, text: str) -> None:
        for listener in self._listeners:
            listener.linked(up, text)

    def framed(self, sent: bool, text: str) -> None:
        for listener in self._listeners:
            listener.framed(sent, text)

    def happened(self, happening: Happening) -> None:
        for listener in self._listeners:
            listener.happened(happening)
