"""A small HTTP server for machines: JSON in, JSON out, and one WebSocket address to exchange texts.

What is answered comes from a `Site`, which knows no sockets. Web pages of other sites are refused: a browser
on the same machine reaches an address that only its user should.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
from aiohttp import WSMsgType, web

log = logging.getLogger("voltline.transport")

WAITING_TEXTS = 10_000
"""For one WebSocket; one that is slower is disconnected with 1013."""
STOP_S = 2.0
"""How long requests may take to end when the server stops."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered to a request."""

    status: int
    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = {}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong (RFC 9457)."""

    type: str
    """`urn:voltline:problem:` and a word."""
    title: str
    status: int
    detail: str
    """What went wrong this time, and what to do about it."""


def problem(status: HTTPStatus, kind: str, detail: str, **headers: str) -> Reply:
    """An error as application/problem+json. `kind` is the last word of its type, such as `not-found`."""
    said = Problem(
        type=f"urn:voltline:problem:{kind}",
        title=kind.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
    )
    return Reply(
        status=status,
        body=msgspec.json.encode(said),
        media_type="application/problem+json",
        headers=headers,
    )


class Site(Protocol):
    """What a server answers. Nothing here may wait."""

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        """Answer a request."""
        ...

    def joined(self, path: str, query: Mapping[str, str], member: Member) -> Callable[[str], None] | Reply:
        """Somebody opens a WebSocket: give what takes its texts, or say why not."""
        ...

    def left(self, member: Member) -> None:
        """The WebSocket of one who had joined is gone."""
        ...


class Member:
    """One who has joined by WebSocket."""

    def __init__(self) -> None:
        self._texts: asyncio.Queue[str | None] = asyncio.Queue(WAITING_TEXTS)
        self.too_slow = False

    def tell(self, text: str) -> None:
        """Send a text, after those before it."""
        if self.too_slow:
            return
        try:
            self._texts.put_nowait(text)
        except asyncio.QueueFull:
            self.too_slow = True

    async def next_text(self) -> str | None:
        """The next text to be sent, None once it is too slow or the server stops."""
        return None if self.too_slow else await self._texts.get()

    def dismiss(self) -> None:
        """Send what waits, and no more."""
        with contextlib.suppress(asyncio.QueueFull):
            self._texts.put_nowait(None)


class JsonServer:
    """One site on one address. Use it as a context, or `start` and `stop` it."""

    def __init__(self, site: Site, host: str = "127.0.0.1", port: int = 0) -> None:
        """`port` 0 takes a free one."""
        self._site = site
        self._host = host
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._members: set[Member] = set()

    @property
    def url(self) -> str:
        """Where it listens, as in http://127.0.0.1:8090."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: nobody can listen there, or somebody else does.
        """
        runner = web.ServerRunner(web.Server(self._serve), shutdown_timeout=STOP_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        self._runner = runner

    async def stop(self) -> None:
        """Close, WebSockets too."""
        for member in self._members:
            member.dismiss()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> JsonServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if (refusal := self._refusal(request)) is not None:
            return _response(refusal)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            text = "The body is longer than 1 MiB; send less."
            return _response(problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", text))
        try:
            return _response(self._site.answer(request.method, request.path, body))
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            text = "Something went wrong inside Voltline; its log has the details."
            return _response(problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-server-error", text))

    def _refusal(self, request: web.BaseRequest) -> Reply | None:
        """What a web page asks for in its visitor's name, from another site or under a borrowed name."""
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            text = f"A web page of {origin} may not use this address."
            return problem(HTTPStatus.FORBIDDEN, "foreign-origin", text)
        if _is_loopback(self._host) and not _is_loopback(urlsplit(f"//{request.host}").hostname or ""):
            text = f"This is not {request.host}; use {self.url}."
            return problem(HTTPStatus.MISDIRECTED_REQUEST, "wrong-host", text)
        return None

    async def _talk(self, request: web.BaseRequest) -> web.StreamResponse:
        websocket = web.WebSocketResponse(heartbeat=30.0)
        if not websocket.can_prepare(request).ok:
            text = "This is no WebSocket handshake (RFC 6455, 4.2.1)."
            return _response(problem(HTTPStatus.BAD_REQUEST, "bad-handshake", text))
        member = Member()
        heard = self._site.joined(request.path, request.query, member)
        if isinstance(heard, Reply):
            return _response(heard)
        self._members.add(member)
        writing: asyncio.Task[None] | None = None
        try:
            await websocket.prepare(request)
            writing = asyncio.create_task(_write(websocket, member))
            async for message in websocket:
                if message.type is WSMsgType.TEXT:
                    heard(message.data)
        finally:
            self._members.discard(member)
            self._site.left(member)
            if writing is not None:
                writing.cancel()
                await asyncio.wait([writing])
        return websocket


async def _write(websocket: web.WebSocketResponse, member: Member) -> None:
    with contextlib.suppress(ConnectionError):
        while (text := await member.next_text()) is not None:
            await websocket.send_str(text)
        if member.too_slow:
            await websocket.close(code=1013, message=b"too slow")
        else:
            await websocket.close(code=1001, message=b"stopping")


def _response(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status, body=reply.body, headers={"Content-Type": reply.media_type, **reply.headers}
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
