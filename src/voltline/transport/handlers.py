"""Which function serves which action."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, overload

from msgspec import Raw

from voltline.base.promise import Promise
from voltline.messages import (
    ACTIONS,
    Action,
    Mode,
    Reading,
    Request,
    Response,
    Side,
    action_of,
    request_reader,
)
from voltline.wire.errors import LocalProtocolError

if TYPE_CHECKING:
    from voltline.transport.connection import Connection

Req = TypeVar("Req", bound=Request[Any])
Conf = TypeVar("Conf", bound=Response)

Outcome = Response | Promise[Any] | asyncio.Future[Any] | Awaitable[Response]
"""What a handler gives: the response, or something to wait for. A Future costs no task, a coroutine costs
one."""

Handler = Callable[["Connection", Any], Outcome]


class Route(NamedTuple):
    """An action, how its payload is read and the function that serves it."""

    action: Action[Any, Any]
    read: Callable[[Raw, Mode], Reading[Any]]
    handler: Handler


class Registration(Generic[Conf]):
    """Takes the handler of one action, and holds it to the action's response type."""

    __slots__ = ("_handlers", "_request")

    def __init__(self, handlers: Handlers, request: type[Request[Conf]]) -> None:
        self._handlers = handlers
        self._request = request

    @overload
    def __call__(
        self, handler: Callable[[Connection, Req], Awaitable[Conf]]
    ) -> Callable[[Connection, Req], Awaitable[Conf]]: ...

    @overload
    def __call__(self, handler: Callable[[Connection, Req], Conf]) -> Callable[[Connection, Req], Conf]: ...

    def __call__(self, handler: Callable[[Connection, Any], Any]) -> Callable[[Connection, Any], Any]:
        self._handlers.add(self._request, handler)
        return handler


class Handlers:
    """The functions that serve the peer's CALLs, by action.

    A handler takes the connection and the typed request, and gives the typed response. It is an ``async
    def``, or a plain function that returns the response, or a Future of it, when there is nothing to wait
    for. It may call the peer. It refuses by raising RemoteProtocolError, which becomes that CALLERROR; any
    other exception is logged and becomes InternalError (OCPP-J 1.6, 4.2.3).
    """

    __slots__ = ("_routes", "deaf", "route", "side")

    def __init__(self, side: Side) -> None:
        """``side`` is the one that serves: only actions that its peer sends can be registered."""
        self.side = side
        self._routes: dict[str, Route] = {}
        self.route = self._routes.get
        """The route of an action by its name on the wire, or None where nobody serves it."""
        self.deaf: Callable[[Connection], bool] | None = None
        """Whether what comes over a connection is to be left unanswered, whatever it is: a charge point that
        was Rejected answers nothing, not even what it cannot read (OCPP 1.6, 4.2)."""

    def on(self, request: type[Request[Conf]]) -> Registration[Conf]:
        """Decorator: serve this type of request. Registering an action again replaces its handler.

        Raises LocalProtocolError where the peer of this side never sends the action.
        """
        self._require_served(action_of(request))
        return Registration(self, request)

    def add(self, request: type[Request[Any]], handler: Handler) -> None:
        """Serve this type of request by ``handler``. Raises LocalProtocolError as ``on`` does."""
        action = action_of(request)
        self._require_served(action)
        self._routes[action.name] = Route(action, request_reader(action), handler)

    def _require_served(self, action: Action[Any, Any]) -> None:
        if action.sent_by == {self.side}:
            raise LocalProtocolError(
                f"{action.name} is sent by the {self.side} itself, so it cannot serve it; call it instead"
            )

    def known(self, action: str) -> bool:
        """Whether OCPP 1.6 has such an action at all: NotSupported or NotImplemented (OCPP-J 1.6, table
        7)."""
        return action in ACTIONS
