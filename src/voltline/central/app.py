"""The central system put together: its books, its charge points, its REST API.

Only this module, `fleet` and `books` choose and compose.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from types import TracebackType
from typing import Self

from voltline.base.clock import SystemClock
from voltline.central.addresses import UnusableAddress, is_loopback, listening_socket, url
from voltline.central.api.application import application
from voltline.central.api.listener import HttpListener
from voltline.central.api.needs import MessageLogs, Site
from voltline.central.books import Books, open_books
from voltline.central.files.opening import file_server
from voltline.central.files.server import FileServer
from voltline.central.fleet import Fleet
from voltline.central.folder import UnusableFolder
from voltline.central.gate import Gate
from voltline.central.housekeeping import Housekeeping
from voltline.central.intake import Outage
from voltline.central.metrics import Metrics
from voltline.central.plugins import load_transfer_handlers
from voltline.central.services.data_transfer import TransferHandlers
from voltline.central.services.ports.data_transfer import TransferHandler
from voltline.central.settings import DataSettings, InspectionSettings, Settings
from voltline.central.storage.errors import StorageError
from voltline.central.storage.message_log.reading import MessageReads
from voltline.inspection.choosing import InvalidDetector, InvalidSetting, UnknownDetector, choose
from voltline.quirks import Registry
from voltline.quirks.loading import InvalidQuirks, with_own

log = logging.getLogger(__name__)


class CannotStart(Exception):  # reads well
    """The central system cannot be started; the text says why, and what to do."""


class Central:
    """A central system with its database, its OCPP port and its HTTP port.

    `start` raises CannotStart; after it `ocpp_url` and `http_url` say where to connect. `stop` ends all
    gracefully. As an async context manager it does both.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ocpp_url = ""
        """What charge points connect to; their identity follows after a slash."""
        self.http_url = ""
        self._now = SystemClock().now
        self._undo = contextlib.AsyncExitStack()
        self._transfers = TransferHandlers()

    def on_data_transfer(
        self, vendor_id: str, handler: TransferHandler, *, message_id: str | None = None
    ) -> None:
        """Let this coroutine function answer DataTransfer of a vendor: all messages, or those of this id.

        It is given the charge point's identity and the request, and returns DataTransferResponse. Raises
        ValueError where there is one already.
        """
        self._transfers.add(vendor_id, message_id, handler)

    async def start(self) -> None:
        """Open the database, then the ports. What was opened is closed again if anything fails."""
        try:
            async with contextlib.AsyncExitStack() as undo:
                await self._start(undo)
                self._undo = undo.pop_all()
        except (InvalidQuirks, UnusableFolder, UnusableAddress, StorageError) as error:
            raise CannotStart(str(error)) from error

    async def stop(self) -> None:
        """Take nothing new, store and answer what has arrived, close the connections with 1001."""
        await self._undo.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # What is opened first is closed last.

    async def _start(self, undo: contextlib.AsyncExitStack) -> None:
        await _check_detectors(self.settings.inspection)
        books = await undo.enter_async_context(open_books(self.settings, self._now))
        load_transfer_handlers(self._transfers)
        quirks = with_own(books.folder.quirks)
        files = await undo.enter_async_context(self._file_server(books))
        fleet = Fleet(
            self.settings, books, files=files, quirks=quirks, transfers=self._transfers, now=self._now
        )
        await fleet.open(undo)
        http = self.settings.http
        listening = listening_socket("the REST API", http.host, http.port, "--http-port")
        undo.callback(listening.close)
        gate = await self._gate(books, is_loopback(listening))
        self.ocpp_url = await fleet.listen(undo)
        site = self._site(books, fleet, files, quirks, gate)
        listener = HttpListener(application(site), listening, grace_s=self.settings.shutdown.grace_s)
        undo.push_async_callback(listener.stop)
        await listener.start()
        undo.push_async_callback(books.tail.close)  # or the listener would wait for those who listen
        self.http_url = url("http", http.host, listening.getsockname()[1])
        _log_files(files)
        undo.push_async_callback(self._housekeeping(books, fleet).close)

    def _file_server(self, books: Books) -> FileServer:
        files = self.settings.files
        host = files.host or self.settings.ocpp.host
        return file_server(files, host, books.folder.files, books.queries, books.writer, self._now)

    async def _gate(self, books: Books, loopback: bool) -> Gate:
        """Raises CannotStart where everybody on the network could come in."""
        tokens = await asyncio.to_thread(books.queries.tokens)
        if not loopback and not any(token.usable(self._now()) for token in tokens):
            data, host = self.settings.data, self.settings.http.host
            place = "" if data.directory == DataSettings().directory else f" --data {data.directory}"
            raise CannotStart(
                f"cannot listen for the REST API on {host}: there is no token yet, so everybody on that "
                "network could command the charge points. Make one first: voltline token add NAME --role "
                f"admin{place}. Or keep the API on this machine: --set http.host=127.0.0.1"
            )
        clock = asyncio.get_running_loop().time
        return Gate(books.queries, books.writer, loopback=loopback, now=self._now, clock=clock)

    def _site(self, books: Books, fleet: Fleet, files: FileServer, quirks: Registry, gate: Gate) -> Site:
        """What the REST API shows and commands."""
        messages = None
        if books.message_log is not None:
            messages = MessageLogs(books.message_log, MessageReads(books.message_log.path))
        return Site(
            books.queries,
            books.writer,
            fleet.lines,
            fleet.runner,
            tail=books.tail,
            messages=messages,
            local_lists=fleet.local_lists,
            gate=gate,
            quirks=quirks,
            files=files,
            file_jobs=fleet.file_jobs,
            sites=fleet.siting,
            inspection=None if books.inspection is None else books.inspection.figures,
            metrics=self._metrics(books, fleet).text,
        )

    def _metrics(self, books: Books, fleet: Fleet) -> Metrics:
        message_log, watching = books.message_log, books.watching
        return Metrics(
            connections=fleet.connections.values,
            messages=watching.messages,
            sessions=fleet.sessions,
            commands=fleet.command_log.statistics,
            writer=books.writer,
            commits=books.writer.statistics,
            deviations=lambda: watching.deviations,
            frames_dropped=lambda: 0 if message_log is None else message_log.dropped,
            file_jobs=books.queries.file_job_counts,
            sites=fleet.siting.points,
            findings=lambda: books.queries.open_findings(self._now()),
            inspection=None if books.inspection is None else books.inspection.figures,
        )

    def _housekeeping(self, books: Books, fleet: Fleet) -> Housekeeping:
        settings = self.settings
        return Housekeeping(
            writer=books.writer,
            outage=Outage(
                books.writer, close_after_s=settings.data.outage_close_s, close_all=fleet.close_all
            ),
            watching=books.watching,
            lines=fleet.lines,
            runner=fleet.runner,
            configuration=fleet.configuration,
            file_jobs=fleet.file_jobs,
            kept=settings.events,
            keep_commands_days=settings.commands.keep_days,
            now=self._now,
        )


async def _check_detectors(inspection: InspectionSettings) -> None:
    """Raises CannotStart where a detector or threshold is none; its process would only say so later."""
    if not inspection.enabled:
        return
    if inspection.detectors or inspection.thresholds or inspection.own_detectors:
        try:
            await asyncio.to_thread(
                choose, inspection.only, inspection.without, inspection.folders, inspection.settings
            )
        except (UnknownDetector, InvalidDetector, InvalidSetting) as error:
            raise CannotStart(f"the settings of the inspector, [inspection]: {error}") from error


def _log_files(files: FileServer) -> None:
    for notice in files.notices:
        log.warning("%s", notice)
    for one in files.offered:
        log.info("charge points reach files by %s on port %d", one.protocol.upper(), one.port)
