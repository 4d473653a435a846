"""The file server put together: what is listened on, and what charge points are told of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from voltline.central.domain.file_jobs import Protocol
from voltline.central.domain.files import Content, StoredFile
from voltline.central.files.http_server import HttpFiles
from voltline.central.files.porter import Porter
from voltline.central.files.shelf import Shelf
from voltline.central.services.ports.files import Offered

log = logging.getLogger(__name__)


class FileServer:
    """See `services.ports.files.FileShelf`. As an async context manager it serves."""

    def __init__(
        self,
        shelf: Shelf,
        porter: Porter,
        listening: Sequence[tuple[Protocol, socket.socket]],
        *,
        passive_ports: range | None = None,
        public_host: str | None = None,
        notices: Sequence[str] = (),
    ) -> None:
        """`listening` are bound sockets, in the order of preference; they are closed at the end.

        `notices` are what its operator should know, to be said once all else has begun.
        """
        self._shelf = shelf
        self._porter = porter
        self._listening = listening
        self._passive_ports = passive_ports
        self._public_host = public_host
        self.notices = notices
        self._undo = contextlib.AsyncExitStack()

    @property
    def offered(self) -> Sequence[Offered]:
        return [Offered(protocol=protocol, port=one.getsockname()[1]) for protocol, one in self._listening]

    def path(self, file: StoredFile) -> Path:
        return self._shelf.path(file)

    async def keep(self, name: str, chunks: AsyncIterator[bytes]) -> Content:
        return await self._shelf.keep(name, chunks)

    async def discard(self, path: str) -> None:
        await self._shelf.discard(path)

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as undo:
            for protocol, listening in self._listening:
                if protocol is Protocol.HTTP:
                    await self._serve_http(undo, listening)
                else:
                    await self._serve_ftp(undo, listening)
            self._undo = undo.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._undo.aclose()

    async def _serve_http(self, undo: contextlib.AsyncExitStack, listening: socket.socket) -> None:
        runner = web.AppRunner(
            HttpFiles(self._porter, self._shelf).application(), access_log=None, shutdown_timeout=1.0
        )
        await runner.setup()
        undo.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listening).start()

    async def _serve_ftp(self, undo: contextlib.AsyncExitStack, listening: socket.socket) -> None:
        # pyftpdlib takes a tenth of a second to import, and warns of what it imports.
        from voltline.central.files.ftp_server import FtpListener

        listener = FtpListener(
            listening,
            self._porter,
            self._shelf,
            passive_ports=self._passive_ports,
            public_host=self._public_host,
        )
        listener.start()
        undo.push_async_callback(asyncio.to_thread, listener.stop)
