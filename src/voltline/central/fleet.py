"""The charge points: their port, their live connections, and all that works with them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime

from voltline.base.ids import folded
from voltline.central.addresses import is_public, unusable, url
from voltline.central.asking import TagAsker
from voltline.central.books import Books
from voltline.central.command_log import CommandLog
from voltline.central.counts import SessionCounts
from voltline.central.domain.authorization import AuthorizationRules, UnknownTags
from voltline.central.domain.stations import RegistrationRules
from voltline.central.door import Door
from voltline.central.files.server import FileServer
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.handlers.routes import register
from voltline.central.housekeeping import log_failure
from voltline.central.intake import Intake
from voltline.central.lines import LiveLines
from voltline.central.posting import HttpPoster
from voltline.central.procedures.charging_profiles import ProfileKeeper
from voltline.central.procedures.configuration import ConfigurationKeeper
from voltline.central.procedures.file_jobs import FileJobKeeper
from voltline.central.procedures.local_lists import LocalListKeeper
from voltline.central.procedures.runner import Runner
from voltline.central.services import certificates, commands, file_jobs, stations
from voltline.central.services.data_transfer import TransferHandlers
from voltline.central.settings import AuthorizationSettings, OcppSettings, Settings
from voltline.central.siting.board import Siting
from voltline.central.siting.world import World
from voltline.messages import MeterValues, Mode, Side
from voltline.quirks import Registry, ping_interval_s
from voltline.smart_charging.site.settings import Settings as Sharing
from voltline.transport.connection import Connection
from voltline.transport.handlers import Handlers
from voltline.transport.server import CentralSystem, ServerOptions

log = logging.getLogger(__name__)

TRY_AGAIN_LATER = 1013
"""WebSocket close code: the server cannot serve just now."""


class Fleet:
    """Put together when it is made, at work from `open` on, reached by charge points after `listen`.

    What these begin, the caller's exit stack ends.
    """

    def __init__(
        self,
        settings: Settings,
        books: Books,
        *,
        files: FileServer,
        quirks: Registry,
        transfers: TransferHandlers,
        now: Callable[[], datetime],
    ) -> None:
        clock = asyncio.get_running_loop().time
        self._settings = settings
        self._books = books
        self._quirks = quirks
        self._now = now
        self._stopping = False
        self._poster = HttpPoster()
        self._asking = _tag_asker(settings.authorization)
        self._ocpp = self._central_system(transfers)
        self.connections = self._ocpp.stations
        """The live ones, by folded identity."""
        self.sessions = SessionCounts()
        self.command_log = CommandLog(books.writer, now=now, clock=clock)
        self.lines = LiveLines(
            self.connections,
            now=now,
            clock=clock,
            writer=books.writer,
            mode=self._ocpp.options.mode,
            log=self.command_log,
        )
        self.runner = Runner(
            self.lines,
            settle_s=settings.procedures.settle_s,
            boot_patience_s=settings.procedures.boot_patience_s,
            after_boot=settings.procedures.after_boot,
        )
        self.configuration = ConfigurationKeeper(books.writer, now)
        self.local_lists = LocalListKeeper(
            books.writer,
            books.queries,
            self.runner,
            lambda: [connection.context.identity for connection in self.connections.values()],
            now,
            delay_s=settings.local_lists.delay_s,
            enabled=settings.local_lists.enabled,
        )
        self.siting = Siting(self._world(clock), self.runner, keep_days=settings.sites.keep_days)
        self.file_jobs = FileJobKeeper(
            books.writer,
            now,
            procedures=self.runner,
            offered=files.offered,
            host=settings.files.host or settings.ocpp.host,
            public_host=settings.files.public_host,
        )
        self.runner.on_accepted(self.configuration.after_boot)
        self.runner.on_accepted(ProfileKeeper(books.writer, now).after_boot)
        self.runner.on_accepted(self.local_lists.after_boot)
        self.runner.on_accepted(self.siting.making)
        self.runner.on_accepted(self.file_jobs.after_boot)

    async def open(self, undo: contextlib.AsyncExitStack) -> None:
        """Settle what the last process left unfinished, and steer the sites. Raises StorageError."""
        for left in (commands.interrupt_open, file_jobs.left_sent, certificates.left_received):
            self._books.writer.submit(left, self._now()).add_done_callback(log_failure)
        undo.push_async_callback(self._poster.close)
        if self._asking is not None:
            undo.push_async_callback(self._asking.close)
        undo.push_async_callback(self.siting.close)
        self._books.readers.append(self.siting.wake)
        await self.siting.start()
        undo.push_async_callback(self.runner.close)
        undo.callback(self.local_lists.close)

    async def listen(self, undo: contextlib.AsyncExitStack) -> str:
        """Let charge points in; gives the URL before their identity. Raises UnusableAddress."""
        ocpp = self._settings.ocpp
        try:
            port = await self._ocpp.start(ocpp.host, ocpp.port)
        except OSError as error:
            raise unusable("charge points", ocpp.host, ocpp.port, error, "--ocpp-port") from error
        undo.push_async_callback(self._stop)
        address = url("ws", ocpp.host, port) + (ocpp.path.rstrip("/") or "/ocpp")
        if is_public(ocpp.host):
            log.warning(
                "charge points connect to %s without encryption: keep this port off the internet, behind a "
                "VPN or a proxy that speaks TLS (OCPP-J 1.6, 6)",
                address,
            )
        return address

    def close_all(self) -> None:
        """Send every charge point away while the database is out of reach."""
        for connection in list(self.connections.values()):
            connection.close(TRY_AGAIN_LATER, "the database is out of reach; try again later")

    async def _stop(self) -> None:
        self._stopping = True
        await self._ocpp.stop(grace_s=self._settings.shutdown.grace_s)

    # ---- as the settings say

    def _central_system(self, transfers: TransferHandlers) -> CentralSystem:
        settings, books = self._settings, self._books
        intake = Intake(
            books.writer,
            max_waiting=settings.data.max_waiting,
            pause=lambda: self._ocpp.pause_reading(),
            resume=self._resume_reading,
        )
        desk = Desk(
            writer=intake,
            now=self._now,
            registration=RegistrationRules(
                policy=settings.registration.policy,
                heartbeat_interval_s=settings.registration.heartbeat_interval_s,
                retry_interval_s=settings.registration.retry_interval_s,
            ),
            authorization=_authorization_rules(settings.authorization),
            asking=self._asking,
            accepted=self._accepted,
            transfers=transfers,
            poster=self._poster,
            signing=settings.certificates.requests,
            quirks=self._quirks,
            metered=self._metered,
        )
        handlers = Handlers(Side.CENTRAL_SYSTEM)
        register(handlers, desk, books.watching.messages.handled)
        door = Door(
            books.writer,
            policy=settings.registration.policy,
            path=settings.ocpp.path,
            now=self._now,
            quirks=self._quirks,
        )
        return CentralSystem(
            handlers=handlers,
            admit=door.admit,
            options=_server_options(settings.ocpp),
            watch=books.watching.watch,
            on_connected=self._connected,
            on_disconnected=self._disconnected,
        )

    def _world(self, clock: Callable[[], float]) -> World:
        """What sites are steered with."""
        sites = self._settings.sites
        return World(
            lines=self.lines,
            writer=self._books.writer,
            queries=self._books.queries,
            now=self._now,
            clock=clock,
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
            call_timeout_s=min(self._settings.ocpp.message_timeout_s, sites.answer_s),
        )

    # ---- charge points come and go

    def _connected(self, connection: Connection) -> None:
        visit: Visit = connection.context
        log.info("%s connected from %s", visit.identity, connection.remote)
        if connection.subprotocol is None:
            log.info("%s offers no subprotocol; taken for OCPP 1.6", visit.identity)
        self._books.watching.connected(connection)
        if visit.strict is not None:
            connection.mode = Mode.STRICT if visit.strict else Mode.TOLERANT
        connection.ping_interval_s = self._ping_interval_s(visit)
        stored = self._books.writer.submit(stations.opened, visit.key, connection.remote, self._now())
        stored.add_done_callback(log_failure)
        self.runner.connected(visit.identity)
        self.siting.connected(visit.identity, self._settings.procedures.after_boot)

    def _accepted(self, identity: str) -> None:
        connection = self.connections.get(folded(identity))
        if connection is not None:  # what it said of itself may be new
            connection.ping_interval_s = self._ping_interval_s(connection.context)
        self.siting.booted(identity)
        self.runner.accepted(identity)

    def _metered(self, identity: str, request: MeterValues, at: datetime) -> None:
        self.siting.metered(identity, request, at)

    def _disconnected(self, connection: Connection) -> None:
        visit: Visit = connection.context
        self.runner.disconnected(visit.identity)
        self.sessions.ended(connection)
        log.info("%s disconnected: %s", visit.identity, connection.closed_reason)
        replaced = folded(connection.identity) in self.connections
        if not replaced:
            self._books.watching.disconnected(connection)
            self.siting.went(visit.identity)
        stored = self._books.writer.submit(
            stations.closed,
            visit.key,
            self.lines.heard_at(connection),
            self._now(),
            connection.closed_reason,
            replaced,
        )
        stored.add_done_callback(log_failure)

    def _ping_interval_s(self, visit: Visit) -> float | None:
        own, usual = ping_interval_s(visit.quirks), self._settings.ocpp.ping_interval_s
        return min(own, usual) if own and usual else own

    def _resume_reading(self) -> None:
        if not self._stopping:
            self._ocpp.resume_reading()


def _authorization_rules(authorization: AuthorizationSettings) -> AuthorizationRules:
    return AuthorizationRules(
        unknown_tags=authorization.unknown_tags,
        fallback=authorization.ask_fallback,
        one_transaction_per_tag=authorization.one_transaction_per_tag,
    )


def _tag_asker(authorization: AuthorizationSettings) -> TagAsker | None:
    if authorization.unknown_tags is not UnknownTags.ASK:
        return None
    return TagAsker(
        authorization.ask_url,
        _authorization_rules(authorization),
        timeout_s=authorization.ask_timeout_s,
        remember_s=authorization.ask_remember_s,
    )


def _server_options(ocpp: OcppSettings) -> ServerOptions:
    return ServerOptions(
        mode=Mode.STRICT if ocpp.strict else Mode.TOLERANT,
        accept_missing_subprotocol=ocpp.accept_missing_subprotocol,
        call_timeout_s=ocpp.message_timeout_s,
        ping_interval_s=ocpp.ping_interval_s,
        ping_timeout_s=ocpp.ping_timeout_s,
        max_message_bytes=ocpp.max_message_bytes,
    )
