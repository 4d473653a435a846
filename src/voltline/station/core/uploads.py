"""Diagnostics and logs on their way out: GetDiagnostics (OCPP 1.6, 4.4, 5.9), GetLog (whitepaper, N01).

Both bring one file made of a log; they differ in how they are answered and what is told of them. One of each
kind may run side by side; a newer order of the same kind takes the place of an older one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from voltline.messages import (
    DiagnosticsStatus,
    DiagnosticsStatusNotification,
    GetDiagnostics,
    GetDiagnosticsResponse,
    GetLog,
    GetLogResponse,
    LogStatus,
    LogStatusNotification,
    LogType,
    Request,
    UploadLogStatus,
)
from voltline.station.core.bench import Bench
from voltline.station.core.happenings import TransferEnded, TransferResult
from voltline.station.core.intents import Matter, Upload
from voltline.station.core.outbox import Leave, Outbox
from voltline.station.core.registration import Registration
from voltline.station.core.status_feed import StatusFeed
from voltline.station.core.timers import Timer
from voltline.station.core.transfers import OWN_RETRIES, OWN_RETRY_INTERVAL_S, Transfers

R = TypeVar("R", bound=Request[Any])

LOG_FAILURES = {
    TransferResult.FAILED: UploadLogStatus.UPLOAD_FAILURE,
    TransferResult.DENIED: UploadLogStatus.PERMISSION_DENIED,
    TransferResult.NOT_SUPPORTED: UploadLogStatus.NOT_SUPPORTED_OPERATION,
    TransferResult.BAD_MESSAGE: UploadLogStatus.BAD_MESSAGE,
}
"""As precise as possible (N01.FR.10)."""


class Logbook(Protocol):
    """What the station has written down; the device keeps it."""

    def has_entries(self, log: LogType, since: datetime | None, until: datetime | None) -> bool:
        """Whether there is anything between these times; None is no limit."""
        ...


class EmptyLogbook:
    """Of a station that writes nothing down."""

    def has_entries(self, log: LogType, since: datetime | None, until: datetime | None) -> bool:
        """Never."""
        return False


class Order(msgspec.Struct):
    """One upload that was ordered. `tries` counts the attempts that have begun."""

    log: LogType
    location: str
    file_name: str
    since: datetime | None
    until: datetime | None
    retries: int
    retry_interval_s: float
    request_id: int | None = None
    tries: int = 0


class _Record(msgspec.Struct, Generic[R]):
    order: Order | None
    untold: list[R]


class Lane(Generic[R]):
    """Uploads of one kind, at most one at a time. What is told of them comes from `status_of`.

    `status_of(order, result)`: the notification for a result; for no result that it is under way; for no
    order that nothing is.
    """

    __slots__ = (
        "_bench",
        "_feed",
        "_name",
        "_order",
        "_outbox",
        "_status_of",
        "_timer",
        "_transfer",
        "_transfers",
    )

    def __init__(
        self,
        bench: Bench,
        outbox: Outbox,
        registration: Registration,
        transfers: Transfers,
        *,
        name: str,
        timer: Timer,
        kind: type[R],
        status_of: Callable[[Order | None, TransferResult | None], R],
    ) -> None:
        self._bench = bench
        self._outbox = outbox
        self._transfers = transfers
        self._name = name
        self._timer = timer
        self._status_of = status_of
        self._transfer = 0
        self._feed: StatusFeed[R] = StatusFeed(outbox, registration, self._keep)
        record: _Record[R] | None = bench.memory.recall(name, _Record[kind])  # type: ignore[valid-type]
        self._order = None if record is None else record.order
        self._feed.recall([] if record is None else record.untold)

    @property
    def busy(self) -> bool:
        """Whether an upload is under way, or waits for its next attempt."""
        return self._order is not None

    def begin(self, order: Order) -> bool:
        """Begin after the answer; True if an earlier one was broken off for it, of which no more is told."""
        replaced = self.busy
        self._transfers.cancel(self._transfer)
        self._bench.timers.cancel(self._timer)
        self._order = order
        self._feed.tell(self._status_of(order, None))
        self._attempt(resume=False)
        return replaced

    def powered_up(self) -> None:
        """Begin again with what the reboot, or the loss of power, broke off."""
        if self._order is not None:
            self._order.tries -= 1
            self._attempt(resume=False)

    def timer_passed(self) -> None:
        """The wait before the next attempt is over."""
        if self._order is not None:
            self._attempt(resume=True)

    def came_online(self) -> None:
        """Tell what could not be told."""
        self._feed.go_on()

    def trigger(self) -> None:
        """Tell how far it is, Idle if nothing goes on."""
        self._outbox.post(self._status_of(self._order, None), leave=Leave.TRIGGERED)

    def _attempt(self, *, resume: bool) -> None:
        order = self._order
        assert order is not None
        order.tries += 1
        self._keep()
        upload = Upload(0, order.location, order.file_name, order.log, order.since, order.until, resume)
        self._transfer = self._transfers.upload(upload, subject=self._name, ended=self._ended)

    def _ended(self, ended: TransferEnded) -> None:
        order = self._order
        assert order is not None
        if ended.result is TransferResult.DONE:
            self._bench.tell(Matter.FILES, f"{self._name}: {order.file_name} is uploaded")
        else:
            problem = f"{self._name}: not uploaded, {ended.result.value}: {ended.text}".rstrip(": ")
            # `retries` counts the attempts after the first one (errata 3.50).
            if order.tries <= order.retries and ended.result is not TransferResult.NOT_SUPPORTED:
                wait_s = order.retry_interval_s
                self._bench.wait(self._timer, wait_s)
                self._bench.tell(
                    Matter.FILES, f"{problem}; attempt {order.tries + 1} follows in {wait_s:g} s"
                )
                return
            self._bench.tell(Matter.FILES, problem)
        self._order = None
        self._feed.tell(self._status_of(order, ended.result))
        self._keep()

    def _keep(self) -> None:
        untold = self._feed.untold
        nothing = self._order is None and not untold
        self._bench.memory.keep(self._name, None if nothing else _Record(self._order, untold))


class Uploads:
    """Both kinds, and their answers."""

    __slots__ = ("_bench", "_logbook", "diagnostics", "log")

    def __init__(
        self,
        bench: Bench,
        outbox: Outbox,
        registration: Registration,
        transfers: Transfers,
        logbook: Logbook | None,
    ) -> None:
        self._bench = bench
        self._logbook = logbook or EmptyLogbook()
        self.diagnostics: Lane[DiagnosticsStatusNotification] = Lane(
            bench,
            outbox,
            registration,
            transfers,
            name="diagnostics",
            timer=Timer.DIAGNOSTICS,
            kind=DiagnosticsStatusNotification,
            status_of=_diagnostics_status,
        )
        self.log: Lane[LogStatusNotification] = Lane(
            bench,
            outbox,
            registration,
            transfers,
            name="log",
            timer=Timer.LOG,
            kind=LogStatusNotification,
            status_of=_log_status,
        )

    def get_diagnostics(self, request: GetDiagnostics) -> GetDiagnosticsResponse:
        """Name the file that will come, or none if nothing was written down at that time (OCPP 1.6, 5.9)."""
        since, until = _given(request.start_time), _given(request.stop_time)
        if not self._logbook.has_entries(LogType.DIAGNOSTICS_LOG, since, until):
            return GetDiagnosticsResponse()
        order = Order(
            log=LogType.DIAGNOSTICS_LOG,
            location=request.location,
            file_name=self._file_name(LogType.DIAGNOSTICS_LOG),
            since=since,
            until=until,
            retries=_retries(request.retries),
            retry_interval_s=_interval_s(request.retry_interval),
        )
        self.diagnostics.begin(order)
        return GetDiagnosticsResponse(file_name=order.file_name)

    def get_log(self, request: GetLog) -> GetLogResponse:
        """Accept and name the file, or reject where there is nothing to bring (N01.FR.01)."""
        since = _given(request.log.oldest_timestamp)
        until = _given(request.log.latest_timestamp)
        if not self._logbook.has_entries(request.log_type, since, until):
            return GetLogResponse(status=LogStatus.REJECTED)
        order = Order(
            log=request.log_type,
            location=request.log.remote_location,
            file_name=self._file_name(request.log_type),
            since=since,
            until=until,
            retries=_retries(request.retries),
            retry_interval_s=_interval_s(request.retry_interval),
            request_id=request.request_id,
        )
        replaced = self.log.begin(order)
        status = LogStatus.ACCEPTED_CANCELED if replaced else LogStatus.ACCEPTED
        return GetLogResponse(status=status, filename=order.file_name)

    def powered_up(self) -> None:
        """Begin again with what was broken off."""
        self.diagnostics.powered_up()
        self.log.powered_up()

    def came_online(self) -> None:
        """Tell what could not be told."""
        self.diagnostics.came_online()
        self.log.came_online()

    def _file_name(self, log: LogType) -> str:
        moment = f"{self._bench.timestamp:%Y%m%dT%H%M%SZ}"
        return f"security-{moment}.log" if log == LogType.SECURITY_LOG else f"diagnostics-{moment}.zip"


def _diagnostics_status(order: Order | None, result: TransferResult | None) -> DiagnosticsStatusNotification:
    if order is None:
        status = DiagnosticsStatus.IDLE
    elif result is None:
        status = DiagnosticsStatus.UPLOADING
    else:
        done = result is TransferResult.DONE
        status = DiagnosticsStatus.UPLOADED if done else DiagnosticsStatus.UPLOAD_FAILED
    return DiagnosticsStatusNotification(status=status)


def _log_status(order: Order | None, result: TransferResult | None) -> LogStatusNotification:
    if order is None or order.request_id is None:
        return LogStatusNotification(status=UploadLogStatus.IDLE)
    if result is None:
        status = UploadLogStatus.UPLOADING
    else:
        status = LOG_FAILURES.get(result, UploadLogStatus.UPLOADED)
    return LogStatusNotification(status=status, request_id=order.request_id)


def _given(moment: Any) -> datetime | None:
    return moment if isinstance(moment, datetime) else None


def _retries(retries: Any) -> int:
    return max(0, retries) if isinstance(retries, int) else OWN_RETRIES


def _interval_s(interval: Any) -> float:
    return float(max(0, interval)) if isinstance(interval, int) else OWN_RETRY_INTERVAL_S
