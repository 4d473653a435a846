"""A result to come that costs less than a Future."""

from __future__ import annotations

import logging
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


class Promise(Generic[T]):
    """What becomes of one piece of work, told to one listener, at once and without the event loop's queue.

    It has the methods of asyncio.Future that a producer and a callback need. It is for the path that
    thousands of messages a second take, where a Future's way through the queue costs as much as the answer
    itself; it cannot be awaited. Not for use by several threads.
    """

    __slots__ = ("_cancelled", "_done", "_failure", "_listener", "_value")

    def __init__(self) -> None:
        self._done = False
        self._cancelled = False
        self._failure: BaseException | None = None
        self._value: T
        self._listener: Callable[[Any], object] | None = None

    def add_done_callback(self, listener: Callable[[Self], object]) -> None:
        """Tell `listener`, now if it is done. There can be one."""
        if self._done:
            self._tell(listener)
            return
        if self._listener is not None:
            raise RuntimeError("this promise has its listener already")
        self._listener = listener

    def done(self) -> bool:
        return self._done

    def cancelled(self) -> bool:
        return self._cancelled

    def result(self) -> T:
        """The result; raises what the work raised, or CancelledError."""
        if self._failure is not None:
            raise self._failure
        return self._value

    def exception(self) -> BaseException | None:
        return None if self._cancelled else self._failure

    def set_result(self, value: T) -> None:
        if self._done:
            raise RuntimeError("this promise was kept before")
        self._value = value
        self._done = True
        listener = self._listener
        if listener is not None:
            self._listener = None
            self._tell(listener)

    def set_exception(self, failure: BaseException) -> None:
        self._failure = failure
        self._settle()

    def cancel(self) -> bool:
        """Nobody will ever know. False: it was done before."""
        if self._done:
            return False
        self._cancelled = True
        self._failure = CancelledError()
        self._settle()
        return True

    def _settle(self) -> None:
        if self._done:
            raise RuntimeError("this promise was kept before")
        self._done = True
        listener, self._listener = self._listener, None
        if listener is not None:
            self._tell(listener)

    def _tell(self, listener: Callable[[Self], object]) -> None:
        try:
            listener(self)
        except Exception:
            # The one who keeps many promises in a row must get to the next one.
            log.exception("the listener of a promise failed")
