"""Sending the commands of jobs about files, and asking how far those are that went on before."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import socket
import string
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import cast
from urllib.parse import quote

from voltline.base.ids import folded
from voltline.central.domain.file_jobs import (
    Access,
    FileJob,
    FileJobKind,
    Protocol,
    chosen_protocol,
    protocols_of,
)
from voltline.central.domain.files import safe_name
from voltline.central.domain.stations import StationKey
from voltline.central.services import file_jobs
from voltline.central.services.ports import UnitOfWork, Writer
from voltline.central.services.ports.files import Offered
from voltline.central.services.ports.lines import Line, Lines, Procedure, Procedures
from voltline.messages import (
    UNSET,
    ExtendedMessageTrigger,
    ExtendedTriggerMessage,
    Firmware,
    GetDiagnostics,
    GetLog,
    LogParameters,
    LogType,
    MessageTrigger,
    Request,
    Response,
    SignedUpdateFirmware,
    TriggerMessage,
    UpdateFirmware,
)
from voltline.wire.errors import CallError, CallTimeout, LocalProtocolError, NotConnected, RemoteProtocolError

log = logging.getLogger(__name__)

NAME = "file jobs"
ASKING = "how far file jobs are"
SUPPORTED_PROTOCOLS = "SupportedFileTransferProtocols"

FileCommand = UpdateFirmware | SignedUpdateFirmware | GetDiagnostics | GetLog

_ALPHABET = string.ascii_lowercase + string.digits
_NEVER_AGAIN = frozenset({"NotSupported", "NotImplemented"})


class FileJobKeeper:
    """Procedures of jobs about files. Answers are stored as they come (`services.outcomes`)."""

    def __init__(
        self,
        writer: Writer,
        now: Callable[[], datetime],
        *,
        procedures: Procedures,
        offered: Sequence[Offered],
        host: str,
        public_host: str = "",
    ) -> None:
        """`host` is what the file server listens on; `public_host` what charge points are told instead."""
        self._writer = writer
        self._now = now
        self._procedures = procedures
        self._offered = offered
        self._host = host
        self._public_host = public_host

    def after_boot(self, line: Line) -> Iterable[tuple[str, Procedure]]:
        """See `Runner.on_accepted`."""
        yield ASKING, self.ask_how_far
        yield NAME, self.send_what_waits

    def start(self, identity: str) -> None:
        """Send what waits for this charge point as soon as it is connected and accepted."""
        self._procedures.start(identity, NAME, self.send_what_waits)

    async def look_for_due(self, lines: Lines) -> None:
        """End what has taken too long; have commands sent whose time has come."""
        for identity in await self._writer.submit(file_jobs.expire, self._now()):
            if lines.line(identity) is not None:
                self.start(identity)

    async def send_what_waits(self, line: Line) -> None:
        """Send the commands that wait for this charge point, in the order in which they were asked for."""
        for job in await self._writer.submit(file_jobs.waiting, line.key, self._now()):
            await self._send(line, job)

    async def _send(self, line: Line, job: FileJob) -> None:
        access = None if job.order.location else _new_access()
        location = job.order.location
        if access is not None:
            location = await self._own_location(line, job, access)
            if location is None:
                await self._writer.submit(_not_offered, job.id, self._now())
                return
        assert location is not None
        shown = file_jobs.shown(location)
        if access is not None:
            shown = shown.replace(access.password, "***")
        begun = await self._writer.submit(file_jobs.begin, job.id, location, shown, access, self._now())
        if begun is None:
            return
        try:
            await line.call(cast("Request[Response]", _command(begun, location)))
        except NotConnected as error:
            await self._writer.submit(file_jobs.undelivered, job.id, str(error), self._now())
            raise
        except CallTimeout:
            await self._writer.submit(
                file_jobs.unanswered, job.id, "the charge point did not answer the command", self._now()
            )
        except CallError as error:
            reason = f"{error.code}: {error.description}" if error.description else str(error.code)
            final = str(error.code) in _NEVER_AGAIN
            await self._refused(job, reason, final=final)
        except RemoteProtocolError as error:
            await self._refused(job, error.text)
        except LocalProtocolError as error:
            await self._refused(job, str(error), final=True)

    async def _refused(self, job: FileJob, reason: str, *, final: bool = False) -> None:
        await self._writer.submit(_refused, job.id, reason, self._now(), final)

    async def _own_location(self, line: Line, job: FileJob, access: Access) -> str | None:
        """The address of our file server for this job; None: it does not offer what was asked for."""
        supported, name = await self._writer.submit(_supported, line.key, job)
        protocols = [one.protocol for one in self._offered]
        protocol = chosen_protocol(job.order.protocol, supported, protocols)
        if protocol is None:
            return None
        port = next(one.port for one in self._offered if one.protocol is protocol)
        return location_of(protocol, self._host_for(line), port, access, name)

    def _host_for(self, line: Line) -> str:
        """The address of this machine as that charge point reaches it."""
        if self._public_host:
            return self._public_host
        if not _is_any(self._host):
            return self._host
        return _route_to(line.remote) or socket.gethostname()

    async def ask_how_far(self, line: Line) -> None:
        """Have it tell how far the jobs are that it began before this connection."""
        going_on = await self._writer.submit(file_jobs.told_nothing, line.key)
        for kind in dict.fromkeys(job.kind for job in going_on):
            try:
                answer = await line.call(cast("Request[Response]", _TRIGGERS[kind]))
                log.info("%s is asked how far its %s is: %s", line.identity, kind, answer)
            except (CallError, RemoteProtocolError) as error:
                log.info("%s cannot be asked how far its %s is: %s", line.identity, kind, error)


_TRIGGERS: dict[FileJobKind, TriggerMessage | ExtendedTriggerMessage] = {
    FileJobKind.FIRMWARE_UPDATE: TriggerMessage(
        requested_message=MessageTrigger.FIRMWARE_STATUS_NOTIFICATION
    ),
    FileJobKind.SIGNED_FIRMWARE_UPDATE: ExtendedTriggerMessage(
        requested_message=ExtendedMessageTrigger.FIRMWARE_STATUS_NOTIFICATION
    ),
    FileJobKind.DIAGNOSTICS: TriggerMessage(requested_message=MessageTrigger.DIAGNOSTICS_STATUS_NOTIFICATION),
    FileJobKind.LOG: ExtendedTriggerMessage(requested_message=ExtendedMessageTrigger.LOG_STATUS_NOTIFICATION),
}


def location_of(protocol: Protocol, host: str, port: int, access: Access, name: str | None) -> str:
    """What a charge point is told; `name` None: the folder that it is to upload to."""
    host = f"[{host}]" if ":" in host else host
    tail = quote(name or "")
    if protocol is Protocol.FTP:
        return f"ftp://{access.user}:{access.password}@{host}:{port}/{tail}"
    return f"http://{host}:{port}/{access.user}-{access.password}/{tail}"


def _new_access() -> Access:
    # Letters and digits only, for some charge points do not decode what is percent-encoded.
    def words(count: int) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(count))

    return Access(user=words(12), password=words(24))


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _route_to(remote: str) -> str | None:
    """The address from which this machine would send to that one; nothing is sent."""
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return str(probe.getsockname()[0])
    except (ValueError, OSError):
        return None


def _supported(unit: UnitOfWork, station: StationKey, job: FileJob) -> tuple[frozenset[str], str | None]:
    """The protocols that a charge point says it knows, and the name of the firmware."""
    known = unit.configuration.known(station).get(folded(SUPPORTED_PROTOCOLS))
    file = None if job.file_id is None else unit.files.get(job.file_id)
    name = None if file is None else safe_name(file.name, "firmware.bin")
    return protocols_of(None if known is None else known.value), name


def _refused(unit: UnitOfWork, job_id: int, reason: str, at: datetime, final: bool) -> None:
    file_jobs.refused(unit, job_id, reason, at, final=final)


def _not_offered(unit: UnitOfWork, job_id: int, at: datetime) -> None:
    file_jobs.impossible(unit, job_id, "the file server does not offer this protocol", at)


def _command(job: FileJob, location: str) -> FileCommand:
    order = job.order
    assert job.request_id is not None
    retries = UNSET if order.retries is None else order.retries
    retry_interval = UNSET if order.retry_interval_s is None else order.retry_interval_s
    since = UNSET if order.since is None else order.since
    until = UNSET if order.until is None else order.until
    retrieve_at = order.retrieve_at or job.created_at
    match job.kind:
        case FileJobKind.FIRMWARE_UPDATE:
            return UpdateFirmware(
                location=location, retrieve_date=retrieve_at, retries=retries, retry_interval=retry_interval
            )
        case FileJobKind.SIGNED_FIRMWARE_UPDATE:
            firmware = Firmware(
                location=location,
                retrieve_date_time=retrieve_at,
                install_date_time=UNSET if order.install_at is None else order.install_at,
                signing_certificate=order.signing_certificate or "",
                signature=order.signature or "",
            )
            return SignedUpdateFirmware(
                request_id=job.request_id, firmware=firmware, retries=retries, retry_interval=retry_interval
            )
        case FileJobKind.DIAGNOSTICS:
            return GetDiagnostics(
                location=location,
                start_time=since,
                stop_time=until,
                retries=retries,
                retry_interval=retry_interval,
            )
        case FileJobKind.LOG:
            return GetLog(
                log_type=LogType(order.log_type or LogType.DIAGNOSTICS_LOG),
                request_id=job.request_id,
                log=LogParameters(remote_location=location, oldest_timestamp=since, latest_timestamp=until),
                retries=retries,
                retry_interval=retry_interval,
            )
