"""One OCPP connection: drives a Session over any socket, serves the peer's CALLs and carries our own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from types import CoroutineType
from typing import Any, Final, TypeVar

from voltline.base.ids import new_message_id
from voltline.base.promise import Promise
from voltline.messages import (
    Action,
    Deviation,
    DeviationKind,
    ErrorCode,
    Mode,
    Request,
    Response,
    action_of,
    encode,
    read_request,
    read_response,
)
from voltline.rpc import CallAnswered, CallFailed, CallReceived, CallRefused, CallTimedOut, Event, Session
from voltline.transport.handlers import Handlers
from voltline.transport.sockets import Socket
from voltline.wire.errors import (
    CallError,
    CallTimeout,
    LocalProtocolError,
    NotConnected,
    OcppError,
    RemoteProtocolError,
)

Conf = TypeVar("Conf", bound=Response)
T = TypeVar("T")

log = logging.getLogger("voltline.transport")

MESSAGE_ID: ContextVar[str] = ContextVar("message_id", default="")
"""The id of the CALL that is being answered, in whatever its handler runs; for logs."""

RECEIVED: Final = "in"
SENT: Final = "out"


def _nothing(*_: object) -> None:
    return


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told what happens on the wire. Each is called at once, in the event loop, and must not wait."""

    frame: Callable[[Connection, str, str], None] | None = None
    """(connection, "in" or "out", text): every frame, as it came or went."""
    deviations: Callable[[Connection, str, str, tuple[Deviation, ...]], None] = _nothing
    """(connection, action, message id, deviations): what a message had that OCPP does not allow.

    Action and message id are empty where the connection itself deviates.
    """
    refused: Callable[[Connection, str, str, bool], None] = _nothing
    """(connection, action, code, handled): a CALL is answered with CALLERROR; whether a handler had it."""


class Connection:
    """The link to one peer.

    Made by CentralSystem, ChargePoint or an adapter; handlers are given it to call the peer with.
    """

    __slots__ = (
        "__weakref__",
        "_answered",
        "_calls",
        "_frame_watch",
        "_handlers",
        "_loop",
        "_session",
        "_socket",
        "_tasks",
        "_timer",
        "_watch",
        "closed_reason",
        "context",
        "identity",
        "last_heard",
        "mode",
        "ping_interval_s",
        "remote",
        "serving",
        "subprotocol",
    )

    def __init__(
        self,
        socket: Socket,
        identity: str,
        handlers: Handlers,
        *,
        mode: Mode = Mode.TOLERANT,
        call_timeout_s: float = 30.0,
        queue_limit: int = 100,
        watch: Watch | None = None,
        remote: str = "",
        subprotocol: str | None = "ocpp1.6",
    ) -> None:
        self.identity = identity
        """The charge point's identity as its connection URL spelt it, on either side of the wire."""
        self.remote = remote
        self.subprotocol = subprotocol
        self.mode = mode
        self.context: Any = None
        """Free for the owner of the handlers: what it knows of this peer."""
        self.closed_reason: str | None = None
        self.ping_interval_s: float | None = None
        """How long it may be silent until the server pings it; None: as for all (`ServerOptions`)."""
        self.serving = 0
        """How many CALLs of the peer wait for their answer."""
        self._socket = socket
        self._handlers = handlers
        self._watch = watch or _UNWATCHED
        self._frame_watch = self._watch.frame
        self._session = Session(call_timeout_s=call_timeout_s, queue_limit=queue_limit)
        self._loop = asyncio.get_running_loop()
        self._calls: dict[str, asyncio.Future[Event] | Promise[Event]] | None = None
        self._tasks: set[asyncio.Task[Any]] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answered: Callable[[], None] | None = None
        self.last_heard = self._loop.time()
        """When anything last came from the peer, on the event loop's clock."""

    @property
    def connected(self) -> bool:
        return self.closed_reason is None

    @property
    def session(self) -> Session:
        """The RPC session, for its counters."""
        return self._session

    # ---- the peer's CALLs

    def text_received(self, text: str) -> None:
        """Take a text frame from the socket. Never raises."""
        self.last_heard = now = self._loop.time()
        if self._frame_watch is not None:
            self._frame_watch(self, RECEIVED, text)
        if self._handlers.deaf is not None and self._handlers.deaf(self):
            return
        event = self._session.receive(text, now)
        if type(event) is CallReceived:
            MESSAGE_ID.set(event.message_id)
            self._serve(event)
            MESSAGE_ID.set("")
        elif event is not None:
            self._settle(event)
        if self._session.unsent is not None:
            self._flush()

    def _serve(self, call: CallReceived) -> None:
        route = self._handlers.route(call.action)
        if route is None:
            self._refuse_unserved(call)
            return
        reading = route.read(call.payload, self.mode)
        if reading.deviations or call.deviations:
            self.deviated(call.action, call.message_id, call.deviations + reading.deviations)
        request = reading.message
        refusal = reading.refusal if request is None else None
        if call.deviations and self.mode is Mode.STRICT:
            refusal = call.deviations[0]
        if refusal is not None:
            self._watch.refused(self, call.action, refusal.code, False)
            self._session.refuse(call.message_id, refusal.code, f"{refusal.path}: {refusal.text}")
            return
        try:
            outcome = route.handler(self, request)
        except Exception as failure:
            self._refuse_failed(call.message_id, call.action, failure)
            return
        if isinstance(outcome, _TOLD_AT_ONCE):
            self.serving += 1
            outcome.add_done_callback(partial(self._served, call.message_id, call.action))
        elif isinstance(outcome, Response):
            self._session.answer(call.message_id, encode(outcome))
        else:
            self.serving += 1
            self.spawn(self._serve_by(outcome, call.message_id, call.action))

    async def _serve_by(self, handler: Awaitable[Response], message_id: str, action: str) -> None:
        # The answer goes out in the very step in which the handler returns: before anything that the handler
        # spawned as its last act. A CALL of ours must not overtake the answer to BootNotification.
        try:
            payload = encode(await handler)
        except asyncio.CancelledError:
            self._refuse_failed(message_id, action, asyncio.CancelledError("the handler was cancelled"))
            raise
        except Exception as failure:
            self._refuse_failed(message_id, action, failure)
        else:
            self._session.answer(message_id, payload)
        finally:
            self._concluded()

    def _served(
        self, message_id: str, action: str, outcome: asyncio.Future[Response] | Promise[Response]
    ) -> None:
        try:
            response = outcome.result()
        except asyncio.CancelledError:
            self._refuse_failed(message_id, action, asyncio.CancelledError("the handler was cancelled"))
        except Exception as failure:
            self._refuse_failed(message_id, action, failure)
        else:
            self._session.answer(message_id, encode(response))
        self._concluded()

    def _concluded(self) -> None:
        self.serving -= 1
        self._flush()
        if self._answered is not None and not self.serving:
            self._answered()

    def _refuse_unserved(self, call: CallReceived) -> None:
        if self._handlers.known(call.action):
            code, text = ErrorCode.NOT_SUPPORTED, f"{call.action} is not supported here"
        else:
            code, text = ErrorCode.NOT_IMPLEMENTED, f"{call.action} is not an action of OCPP 1.6"
        self._watch.refused(self, call.action, code, False)
        self._session.refuse(call.message_id, code, text)

    def _refuse_failed(self, message_id: str, action: str, failure: BaseException) -> None:
        if isinstance(failure, RemoteProtocolError):
            self._watch.refused(self, action, failure.code, True)
            self._session.refuse(message_id, failure.code, failure.text)
            return
        self._watch.refused(self, action, ErrorCode.INTERNAL_ERROR, True)
        if self.closed_reason is None:
            log.error("%s: the handler of %s failed", self.identity, action, exc_info=failure)
        self._session.refuse(message_id, ErrorCode.INTERNAL_ERROR, f"{action} could not be handled")

    # ---- our own CALLs

    async def call(self, request: Request[Conf], *, timeout_s: float | None = None) -> Conf:
        """Send a CALL and wait for the typed response.

        Waits in the queue while another of our CALLs is open (OCPP-J 1.6, 4.1.1); ``timeout_s`` counts from
        sending. Raises CallError (the peer answered CALLERROR), CallTimeout, NotConnected, QueueFull,
        RemoteProtocolError (the response cannot be read), LocalProtocolError (the request itself is invalid:
        nothing was sent).
        """
        action = action_of(request)
        payload = encode(request)
        require_valid(action, payload)
        return await self._exchange(action, payload, timeout_s)  # type: ignore[no-any-return]

    def begin(self, request: Request[Conf], *, timeout_s: float | None = None) -> Promise[Conf]:
        """Send a CALL; the promise tells what becomes of it, without a task and a turn of the event loop.

        As `call`, which raises here what can be known at once: NotConnected, QueueFull, LocalProtocolError.
        The promise is kept while the answer is being read, so a CALL that its listener begins leaves next. It
        cannot be cancelled.
        """
        action = action_of(request)
        payload = encode(request)
        require_valid(action, payload)
        promise: Promise[Conf] = Promise()
        message_id = new_message_id()
        answer: Promise[Event] = Promise()
        answer.add_done_callback(partial(self._keep, promise, action, message_id))
        self._open(message_id, action, payload, timeout_s, answer)
        return promise

    def _keep(
        self, promise: Promise[Any], action: Action[Any, Any], message_id: str, answer: Promise[Event]
    ) -> None:
        if self._calls is not None:
            self._calls.pop(message_id, None)
        try:
            response = self._response(action, message_id, answer.result())
        except OcppError as failure:
            promise.set_exception(failure)
        else:
            promise.set_result(response)

    def _open(
        self,
        message_id: str,
        action: Action[Any, Any],
        payload: bytes,
        timeout_s: float | None,
        answer: asyncio.Future[Event] | Promise[Event],
    ) -> None:
        self._session.call(message_id, action.name, payload, now=self._loop.time(), timeout_s=timeout_s)
        self._calls = {} if self._calls is None else self._calls
        self._calls[message_id] = answer
        self._flush()
        self._arm()

    async def _exchange(self, action: Action[Any, Any], payload: bytes, timeout_s: float | None) -> Any:
        message_id = new_message_id()
        answer: asyncio.Future[Event] = self._loop.create_future()
        self._open(message_id, action, payload, timeout_s, answer)
        assert self._calls is not None
        try:
            event = await answer
        except asyncio.CancelledError:
            self._session.abandon(message_id)
            raise
        finally:
            self._calls.pop(message_id, None)
        return self._response(action, message_id, event)

    def _response(self, action: Action[Any, Any], message_id: str, event: Event) -> Any:
        if isinstance(event, CallTimedOut):
            raise CallTimeout(f"{self.identity} did not answer {action.name} in time")
        if isinstance(event, CallFailed):
            raise NotConnected(f"{self.identity}: {event.reason}")
        if isinstance(event, CallRefused):
            raise CallError(event.code, event.description, event.details, action=action.name)
        assert isinstance(event, CallAnswered)
        reading = read_response(action, event.payload, self.mode)
        if reading.deviations or event.deviations:
            self.deviated(action.name, message_id, event.deviations + reading.deviations)
        refusal = reading.refusal
        if event.deviations and self.mode is Mode.STRICT:
            refusal = event.deviations[0]
        if refusal is not None:
            raise RemoteProtocolError(
                refusal.code,
                f"the answer to {action.name} cannot be used: {refusal.text}",
                path=refusal.path,
                message_id=message_id,
            )
        return reading.message

    def _settle(self, event: Event) -> None:
        if isinstance(event, CallAnswered | CallRefused | CallTimedOut | CallFailed):
            waiting = self._calls.get(event.message_id) if self._calls else None
            if waiting is not None and not waiting.done():
                waiting.set_result(event)
            self._arm()
        else:
            log.info("%s: %s", self.identity, event)

    def _arm(self) -> None:
        deadline = self._session.next_deadline()
        if self._timer is not None:
            # One that comes too early only looks; making it anew for every CALL would cost more.
            if deadline is None or self._timer.when() <= deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._deadline)

    def _deadline(self) -> None:
        self._timer = None
        for event in self._session.handle_deadline(self._loop.time()):
            self._settle(event)
        self._flush()
        self._arm()

    # ---- the socket

    def _flush(self) -> None:
        session = self._session
        texts = session.unsent
        if texts is None:
            return
        session.unsent = None
        watch = self._frame_watch
        for text in texts:
            if watch is not None:
                watch(self, SENT, text)
            self._socket.send_text(text)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin to close the socket; ``lost`` follows when it is gone."""
        self._socket.close(code, reason)

    def lost(self, reason: str) -> None:
        """The socket is gone: every CALL still open fails with NotConnected. Called once by whoever reads
        it."""
        if self.closed_reason is not None:
            return
        self.closed_reason = reason
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for event in self._session.close(reason):
            self._settle(event)

    async def answered(self, timeout_s: float) -> bool:
        """Wait until no CALL of the peer is left unanswered; False if that takes longer than
        ``timeout_s``."""
        if not self.serving:
            return True
        done = asyncio.Event()
        self._answered = done.set
        try:
            await asyncio.wait_for(done.wait(), timeout_s)
        except TimeoutError:
            return False
        finally:
            self._answered = None
        return True

    def deviated(self, action: str, message_id: str, deviations: tuple[Deviation, ...]) -> None:
        """Tell the watcher of deviations."""
        self._watch.deviations(self, action, message_id, deviations)

    def spawn(self, work: Awaitable[T]) -> asyncio.Task[T]:
        """Run something beside the reading of this connection. Its failure is logged when nobody asks for it.

        What a handler spawns as its last act begins after its answer is sent.
        """
        task = self._loop.create_task(work if type(work) is CoroutineType else _awaited(work))
        if self._tasks is None:
            self._tasks = set()
        self._tasks.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._tasks.discard)
        return task

    def __repr__(self) -> str:
        state = "connected" if self.connected else f"closed: {self.closed_reason}"
        return f"<Connection {self.identity!r} {self.remote} {state}>"


_UNWATCHED = Watch()
_TOLD_AT_ONCE: Final = (Promise, asyncio.Future)


async def _awaited(work: Awaitable[T]) -> T:
    return await work


def require_valid(action: Action[Any, Any], payload: bytes) -> None:
    """Raise LocalProtocolError with every problem of a request that is about to be sent.

    Only what makes the message itself invalid counts; what a peer should refuse is for the peer to refuse.
    """
    reading = read_request(action, payload, Mode.STRICT)
    if reading.message is not None:
        return
    problems = [one for one in reading.deviations if one.kind is not DeviationKind.RULE]
    if problems:
        raise LocalProtocolError(
            f"{action.name} is not sent: " + "; ".join(f"{one.path}: {one.text}" for one in problems)
        )
