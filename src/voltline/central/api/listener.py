"""The HTTP port: uvicorn inside the event loop that is already running.

uvicorn's own `serve` would take over SIGTERM and SIGINT, which belong to the whole process, so the three
steps that it consists of are taken one by one.
"""

from __future__ import annotations

import asyncio
import math
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from voltline.central.api.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from litestar import Litestar


ABORT = "voltline.abort"
"""In the `extensions` of a request's scope: cuts its connection at once, whatever waits to be sent."""


_STOPPING = msgspec.json.encode(
    Problem(
        type="urn:voltline:problem:stopping",
        title="Stopping",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        detail="Voltline is stopping and waits no longer for what this request waits for.",
    )
)
_STOPPING_HEAD = {
    "type": "http.response.start",
    "status": HTTPStatus.SERVICE_UNAVAILABLE,
    "headers": [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(_STOPPING)).encode()),
        (b"connection", b"close"),
    ],
}
_STOPPING_BODY = {"type": "http.response.body", "body": _STOPPING}


class HttpListener:
    """Serves one application on one socket."""

    def __init__(self, application: Litestar, listening: socket.socket, *, grace_s: float) -> None:
        """`listening` is bound already and is closed by `stop`; requests get `grace_s` to end then."""
        self._socket = listening
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                http=_AbortableProtocol,
                timeout_graceful_shutdown=max(1, math.ceil(grace_s)),
            )
        )
        self._ticks: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to answer requests."""
        config = self._server.config
        config.load()
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[self._socket])
        self._ticks = asyncio.create_task(self._server.main_loop(), name="http clock")

    async def stop(self) -> None:
        """Take no new requests, wait for those that are being answered, close."""
        if self._ticks is None:
            self._socket.close()
            return
        self._server.should_exit = True
        await self._ticks
        self._ticks = None
        await self._server.shutdown(sockets=[self._socket])


class _AbortableProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # which class it is, the machine says
    """Lets the application cut a connection whose other end takes nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner: Any = self.app  # type: ignore[has-type]

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[ABORT] = self._abort
            begun = False

            async def noted(message: Any) -> None:
                nonlocal begun
                begun = True
                await send(message)

            try:
                await inner(scope, receive, noted)
            except asyncio.CancelledError:  # the server is stopping, and waits for this request no longer
                if begun:
                    self._abort()
                else:
                    await send(_STOPPING_HEAD)
                    await send(_STOPPING_BODY)

        self.app = app

    def _abort(self) -> None:
        self.transport.abort()
