"""The central system put together: the only place that chooses and composes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from datetime import datetime
from types import TracebackType
from typing import Self

import msgspec

from voltline.base.clock import SystemClock
from voltline.base.ids import folded
from voltline.central.addresses import (
    UnusableAddress,
    is_loopback,
    is_public,
    listening_socket,
    unusable,
    url,
)
from voltline.central.api.application import application
from voltline.central.api.event_tail import EventTail
from voltline.central.api.listener import HttpListener
from voltline.central.api.needs import MessageLogs, Site
from voltline.central.asking import TagAsker
from voltline.central.command_log import CommandLog
from voltline.central.counts import SessionCounts
from voltline.central.domain.authorization import AuthorizationRules, UnknownTags
from voltline.central.domain.stations import RegistrationRules
from voltline.central.door import Door
from voltline.central.files.opening import file_server
from voltline.central.files.server import FileServer
from voltline.central.folder import DataFolder, UnusableFolder
from voltline.central.gate import Gate
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.handlers.routes import register
from voltline.central.housekeeping import Housekeeping, log_failure
from voltline.central.inspecting.live import LiveInspection
from voltline.central.intake import Intake, Outage
from voltline.central.lines import LiveLines
from voltline.central.metrics import Metrics
from voltline.central.plugins import load_transfer_handlers
from voltline.central.posting import HttpPoster
from voltline.central.procedures.charging_profiles import ProfileKeeper
from voltline.central.procedures.configuration import ConfigurationKeeper
from voltline.central.procedures.file_jobs import FileJobKeeper
from voltline.central.procedures.local_lists import LocalListKeeper
from voltline.central.procedures.runner import Runner
from voltline.central.services import certificates, commands, file_jobs, stations
from voltline.central.services.data_transfer import TransferHandlers
from voltline.central.services.ports import Queries
from voltline.central.services.ports.data_transfer import TransferHandler
from voltline.central.settings import DataSettings, Settings
from voltline.central.siting.board import Siting
from voltline.central.siting.world import World
from voltline.central.storage.database import Database, sqlite_url
from voltline.central.storage.errors import StorageError
from voltline.central.storage.group_commit import GroupCommit
from voltline.central.storage.message_log.reading import MessageReads
from voltline.central.storage.message_log.writing import MessageLog, Retention
from voltline.central.storage.queries import SqlQueries
from voltline.central.storage.unit_of_work import SqlStore
from voltline.central.watching import Watching
from voltline.inspection.choosing import InvalidDetector, InvalidSetting, UnknownDetector, choose
from voltline.messages import MeterValues, Mode, Side
from voltline.quirks import Registry, ping_interval_s
from voltline.quirks.loading import InvalidQuirks, with_own
from voltline.smart_charging.site.settings import Settings as Sharing
from voltline.transport.connection import Connection
from voltline.transport.handlers import Handlers
from voltline.transport.recorder import Recorder
from voltline.transport.server import CentralSystem, ServerOptions

log = logging.getLogger(__name__)

BATCH_INTERVAL_S = 0.009
"""Under load messages are stored so often: a commit costs as much for few as for many."""

TRY_AGAIN_LATER = 1013
"""WebSocket close code: the server cannot serve just now."""


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
        self._stopping = False
        self._asking: TagAsker | None = None
        self._transfers = TransferHandlers()
        self._poster = HttpPoster()
        self._file_jobs: FileJobKeeper
        self._ocpp: CentralSystem
        self._writer: GroupCommit
        self._command_log: CommandLog
        self._sessions = SessionCounts()
        self._lines: LiveLines
        self._runner: Runner
        self._keeper: ConfigurationKeeper
        self._quirks = Registry()
        self._watching: Watching
        self._siting: Siting | None = None

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
        self._stopping = True
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
        settings = self.settings
        folder = undo.enter_context(DataFolder(settings.data.path))
        database = Database(settings.data.database_url or sqlite_url(folder.database))
        undo.callback(database.close)
        database.upgrade()
        queries = SqlQueries(database)
        tail = EventTail(queries)
        undo.push_async_callback(tail.close)
        store = SqlStore(database, on_events=lambda: self._news(tail))
        self._writer = GroupCommit(store, interval_s=BATCH_INTERVAL_S)
        self._writer.start()
        self._writer.submit(stations.left_open).add_done_callback(log_failure)
        undo.push_async_callback(self._close_writer)
        recorder = self._open_recorder(folder) if settings.recording.enabled else None
        if recorder is not None:
            undo.callback(recorder.close)
        message_log = self._open_message_log(folder) if settings.messages.enabled else None
        if message_log is not None:
            undo.push_async_callback(message_log.close)
            message_log.start()
        inspection = await self._open_inspection()
        if inspection is not None:
            undo.push_async_callback(inspection.close)
        self._watching = Watching(
            message_log=message_log,
            recorder=recorder,
            inspection=inspection,
            writer=self._writer,
            now=self._now,
        )
        undo.push_async_callback(self._watching.close)
        load_transfer_handlers(self._transfers)
        undo.push_async_callback(self._poster.close)
        self._asking = self._tag_asker()
        if self._asking is not None:
            undo.push_async_callback(self._asking.close)
        self._quirks = with_own(folder.quirks)
        self._ocpp = self._central_system()
        self._command_log = CommandLog(self._writer, now=self._now, clock=asyncio.get_running_loop().time)
        self._writer.submit(commands.interrupt_open, self._now()).add_done_callback(log_failure)
        self._lines = LiveLines(
            self._ocpp.stations,
            now=self._now,
            clock=asyncio.get_running_loop().time,
            writer=self._writer,
            mode=self._ocpp.options.mode,
            log=self._command_log,
        )
        self._runner = Runner(
            self._lines,
            settle_s=settings.procedures.settle_s,
            boot_patience_s=settings.procedures.boot_patience_s,
            after_boot=settings.procedures.after_boot,
        )
        self._keeper = ConfigurationKeeper(self._writer, self._now)
        self._runner.on_accepted(self._keeper.after_boot)
        self._runner.on_accepted(ProfileKeeper(self._writer, self._now).after_boot)
        local_lists = LocalListKeeper(
            self._writer,
            queries,
            self._runner,
            lambda: [connection.context.identity for connection in self._ocpp.stations.values()],
            self._now,
            delay_s=settings.local_lists.delay_s,
            enabled=settings.local_lists.enabled,
        )
        self._runner.on_accepted(local_lists.after_boot)
        siting = self._siting = Siting(self._world(queries), self._runner, keep_days=settings.sites.keep_days)
        undo.push_async_callback(siting.close)
        self._runner.on_accepted(siting.making)
        await siting.start()
        files = await self._file_server(undo, folder, queries)
        self._runner.on_accepted(self._file_jobs.after_boot)
        undo.push_async_callback(self._runner.close)
        undo.callback(local_lists.close)
        searched = None
        if message_log is not None:
            searched = MessageLogs(message_log, MessageReads(message_log.path))
        site = Site(
            queries,
            self._writer,
            self._lines,
            self._runner,
            tail=tail,
            messages=searched,
            local_lists=local_lists,
            files=files,
            file_jobs=self._file_jobs,
            quirks=self._quirks,
            sites=siting,
            inspection=None if inspection is None else inspection.figures,
        )
        metrics = Metrics(
            connections=self._ocpp.stations.values,
            messages=self._watching.messages,
            sessions=self._sessions,
            commands=self._command_log.statistics,
            writer=self._writer,
            commits=self._writer.statistics,
            deviations=lambda: self._watching.deviations,
            frames_dropped=lambda: 0 if message_log is None else message_log.dropped,
            file_jobs=queries.file_job_counts,
            sites=siting.points,
            findings=lambda: queries.open_findings(self._now()),
            inspection=None if inspection is None else inspection.figures,
        )
        await self._listen(undo, msgspec.structs.replace(site, metrics=metrics.text))
        _log_files(files)
        outage = Outage(self._writer, close_after_s=settings.data.outage_close_s, close_all=self._close_all)
        keeping = Housekeeping(
            writer=self._writer,
            outage=outage,
            watching=self._watching,
            lines=self._lines,
            runner=self._runner,
            configuration=self._keeper,
            file_jobs=self._file_jobs,
            kept=settings.events,
            keep_commands_days=settings.commands.keep_days,
            now=self._now,
        )
        undo.push_async_callback(keeping.close)

    def _news(self, tail: EventTail) -> None:
        """There are new events; called on the writer's thread."""
        tail.wake()
        if self._siting is not None:
            self._siting.wake()

    def _world(self, queries: Queries) -> World:
        """What sites are steered with."""
        sites, ocpp = self.settings.sites, self.settings.ocpp
        return World(
            lines=self._lines,
            writer=self._writer,
            queries=queries,
            now=self._now,
            clock=asyncio.get_running_loop().time,
            settings=Sharing(
                lease_s=sites.lease_s,
                margin_s=sites.margin_s,
                change_s=sites.change_s,
                fresh_s=sites.fresh_s,
                noise_a=sites.noise_a,
                answer_s=sites.answer_s,
                period_s=sites.period_s,
            ),
            verify=sites.verify,
            sample_s=sites.history_s,
            call_timeout_s=min(ocpp.message_timeout_s, sites.answer_s),
        )

    def _metered(self, identity: str, request: MeterValues, at: datetime) -> None:
        if self._siting is not None:
            self._siting.metered(identity, request, at)

    async def _file_server(
        self, undo: contextlib.AsyncExitStack, folder: DataFolder, queries: Queries
    ) -> FileServer:
        files = self.settings.files
        host = files.host or self.settings.ocpp.host
        server = file_server(files, host, folder.files, queries, self._writer, self._now)
        await undo.enter_async_context(server)
        self._file_jobs = FileJobKeeper(
            self._writer,
            self._now,
            procedures=self._runner,
            offered=server.offered,
            host=host,
            public_host=files.public_host,
        )
        self._writer.submit(file_jobs.left_sent, self._now()).add_done_callback(log_failure)
        self._writer.submit(certificates.left_received, self._now()).add_done_callback(log_failure)
        return server

    async def _listen(self, undo: contextlib.AsyncExitStack, site: Site) -> None:
        ocpp, http = self.settings.ocpp, self.settings.http
        grace_s = self.settings.shutdown.grace_s
        listening = listening_socket("the REST API", http.host, http.port, "--http-port")
        undo.callback(listening.close)
        site = msgspec.structs.replace(site, gate=await self._gate(site.queries, is_loopback(listening)))
        try:
            port = await self._ocpp.start(ocpp.host, ocpp.port)
        except OSError as error:
            raise unusable("charge points", ocpp.host, ocpp.port, error, "--ocpp-port") from error
        undo.push_async_callback(self._ocpp.stop, grace_s=grace_s)
        self.ocpp_url = url("ws", ocpp.host, port) + (ocpp.path.rstrip("/") or "/ocpp")
        if is_public(ocpp.host):
            log.warning(
                "charge points connect to %s without encryption: keep this port off the internet, behind a "
                "VPN or a proxy that speaks TLS (OCPP-J 1.6, 6)",
                self.ocpp_url,
            )
        listener = HttpListener(application(site), listening, grace_s=grace_s)
        undo.push_async_callback(listener.stop)
        await listener.start()
        if site.tail is not None:
            undo.push_async_callback(site.tail.close)  # or the listener would wait for those who listen
        self.http_url = url("http", http.host, listening.getsockname()[1])

    async def _gate(self, queries: Queries, loopback: bool) -> Gate:
        """Raises CannotStart where everybody on the network could come in."""
        tokens = await asyncio.to_thread(queries.tokens)
        if not loopback and not any(token.usable(self._now()) for token in tokens):
            data, host = self.settings.data, self.settings.http.host
            place = "" if data.directory == DataSettings().directory else f" --data {data.directory}"
            raise CannotStart(
                f"cannot listen for the REST API on {host}: there is no token yet, so everybody on that "
                "network could command the charge points. Make one first: voltline token add NAME --role "
                f"admin{place}. Or keep the API on this machine: --set http.host=127.0.0.1"
            )
        clock = asyncio.get_running_loop().time
        return Gate(queries, self._writer, loopback=loopback, now=self._now, clock=clock)

    async def _close_writer(self) -> None:
        grace_s = self.settings.shutdown.grace_s
        try:
            # A locked database keeps the writer's thread waiting beyond its own time limit.
            async with asyncio.timeout(grace_s + 1):
                left = await self._writer.close(timeout_s=grace_s)
        except TimeoutError:
            left = self._writer.waiting
        if left:
            log.error("%d messages could not be stored; none of them was answered", left)

    # OCPP

    def _central_system(self) -> CentralSystem:
        settings, now = self.settings, self._now
        intake = Intake(
            self._writer,
            max_waiting=settings.data.max_waiting,
            pause=lambda: self._ocpp.pause_reading(),
            resume=self._resume_reading,
        )
        desk = Desk(
            writer=intake,
            now=now,
            registration=RegistrationRules(
                policy=settings.registration.policy,
                heartbeat_interval_s=settings.registration.heartbeat_interval_s,
                retry_interval_s=settings.registration.retry_interval_s,
            ),
            authorization=self._authorization_rules(),
            asking=self._asking,
            accepted=self._accepted,
            transfers=self._transfers,
            poster=self._poster,
            signing=settings.certificates.requests,
            quirks=self._quirks,
            metered=self._metered,
        )
        handlers = Handlers(Side.CENTRAL_SYSTEM)
        register(handlers, desk, self._watching.messages.handled)
        door = Door(
            self._writer,
            policy=settings.registration.policy,
            path=settings.ocpp.path,
            now=now,
            quirks=self._quirks,
        )
        return CentralSystem(
            handlers=handlers,
            admit=door.admit,
            options=ServerOptions(
                mode=Mode.STRICT if settings.ocpp.strict else Mode.TOLERANT,
                accept_missing_subprotocol=settings.ocpp.accept_missing_subprotocol,
                call_timeout_s=settings.ocpp.message_timeout_s,
                ping_interval_s=settings.ocpp.ping_interval_s,
                ping_timeout_s=settings.ocpp.ping_timeout_s,
                max_message_bytes=settings.ocpp.max_message_bytes,
            ),
            watch=self._watching.watch,
            on_connected=self._connected,
            on_disconnected=self._disconnected,
        )

    def _authorization_rules(self) -> AuthorizationRules:
        authorization = self.settings.authorization
        return AuthorizationRules(
            unknown_tags=authorization.unknown_tags,
            fallback=authorization.ask_fallback,
            one_transaction_per_tag=authorization.one_transaction_per_tag,
        )

    def _tag_asker(self) -> TagAsker | None:
        authorization = self.settings.authorization
        if authorization.unknown_tags is not UnknownTags.ASK:
            return None
        return TagAsker(
            authorization.ask_url,
            self._authorization_rules(),
            timeout_s=authorization.ask_timeout_s,
            remember_s=authorization.ask_remember_s,
        )

    def _resume_reading(self) -> None:
        if not self._stopping:
            self._ocpp.resume_reading()

    def _connected(self, connection: Connection) -> None:
        _log_connected(connection)
        self._watching.connected(connection)
        visit: Visit = connection.context
        if visit.strict is not None:
            connection.mode = Mode.STRICT if visit.strict else Mode.TOLERANT
        connection.ping_interval_s = self._ping_interval_s(visit)
        stored = self._writer.submit(stations.opened, visit.key, connection.remote, self._now())
        stored.add_done_callback(log_failure)
        self._runner.connected(visit.identity)
        if self._siting is not None:
            self._siting.connected(visit.identity, self.settings.procedures.after_boot)

    def _ping_interval_s(self, visit: Visit) -> float | None:
        own, usual = ping_interval_s(visit.quirks), self.settings.ocpp.ping_interval_s
        return min(own, usual) if own and usual else own

    def _accepted(self, identity: str) -> None:
        connection = self._ocpp.stations.get(folded(identity))
        if connection is not None:  # what it said of itself may be new
            connection.ping_interval_s = self._ping_interval_s(connection.context)
        if self._siting is not None:
            self._siting.booted(identity)
        self._runner.accepted(identity)

    def _disconnected(self, connection: Connection) -> None:
        visit: Visit = connection.context
        self._runner.disconnected(visit.identity)
        self._sessions.ended(connection)
        log.info("%s disconnected: %s", visit.identity, connection.closed_reason)
        replaced = folded(connection.identity) in self._ocpp.stations
        if not replaced:
            self._watching.disconnected(connection)
        if self._siting is not None and not replaced:
            self._siting.went(visit.identity)
        stored = self._writer.submit(
            stations.closed,
            visit.key,
            self._lines.heard_at(connection),
            self._now(),
            connection.closed_reason,
            replaced,
        )
        stored.add_done_callback(log_failure)

    def _close_all(self) -> None:
        for connection in list(self._ocpp.stations.values()):
            connection.close(TRY_AGAIN_LATER, "the database is out of reach; try again later")

    def _open_recorder(self, folder: DataFolder) -> Recorder:
        recording = self.settings.recording
        try:
            return Recorder(
                folder.recording, max_bytes=recording.max_file_bytes, keep=recording.max_files - 1
            )
        except OSError as error:
            raise UnusableFolder(f"{folder.recording} cannot be written: {error.strerror}") from error

    async def _open_inspection(self) -> LiveInspection | None:
        settings = self.settings.inspection
        if not settings.enabled:
            return None
        if settings.detectors or settings.thresholds or settings.own_detectors:
            try:
                await asyncio.to_thread(
                    choose, settings.only, settings.without, settings.folders, settings.settings
                )
            except (UnknownDetector, InvalidDetector, InvalidSetting) as error:
                raise CannotStart(f"the settings of the inspector, [inspection]: {error}") from error
        return LiveInspection(settings, self._writer, now=self._now)

    def _open_message_log(self, folder: DataFolder) -> MessageLog:
        kept = self.settings.messages
        try:
            return MessageLog(
                folder.messages,
                retention=Retention(days=kept.keep_days, most_bytes=kept.max_bytes),
                leave_out=kept.left_out,
            )
        except sqlite3.Error as error:
            raise UnusableFolder(f"the message log {folder.messages} cannot be used: {error}") from error


def _log_files(files: FileServer) -> None:
    for notice in files.notices:
        log.warning("%s", notice)
    for one in files.offered:
        log.info("charge points reach files by %s on port %d", one.protocol.upper(), one.port)


def _log_connected(connection: Connection) -> None:
    visit: Visit = connection.context
    log.info("%s connected from %s", visit.identity, connection.remote)
    if connection.subprotocol is None:
        log.info("%s offers no subprotocol; taken for OCPP 1.6", visit.identity)
