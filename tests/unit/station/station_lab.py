"""A charge point core on the bench: the test turns its time, and is its central system and its drivers."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from voltline.messages import (
    UNSET,
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    BootNotification,
    BootNotificationResponse,
    ChangeConfiguration,
    ChargePointErrorCode,
    ChargePointStatus,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    LogType,
    Measurand,
    MeterValues,
    MeterValuesResponse,
    Mode,
    Phase,
    RegistrationStatus,
    Request,
    Response,
    StartTransaction,
    StartTransactionResponse,
    StatusNotification,
    StatusNotificationResponse,
    StopTransaction,
    StopTransactionResponse,
    UnitOfMeasure,
    action_of,
    encode,
    read_request,
)
from voltline.station.core.charge_point import ChargePoint
from voltline.station.core.happenings import (
    Answered,
    Asked,
    CablePlugged,
    CableRemoved,
    Failed,
    Failure,
    FaultRaised,
    Happening,
    LinkDown,
    LinkUp,
    LockTried,
    PoweredUp,
    TagPresented,
    Tick,
    VehicleUnplugged,
)
from voltline.station.core.hardware import Hardware, Measured
from voltline.station.core.intents import (
    Answer,
    AwaitLock,
    Energize,
    Intent,
    Keep,
    Lock,
    Reboot,
    Refuse,
    Send,
    StaySilent,
)
from voltline.station.core.moment import Moment
from voltline.station.device.storage import MemoryStorage

R = TypeVar("R", bound=Request[Any])

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
TAG = "04A1B2C3D4"
OTHER_TAG = "99887766"


class FixedMeter:
    """A meter that shows what the test says: `wh` by connector, 230 V, 16 A on three phases, and `extra`."""

    def __init__(self) -> None:
        self.wh: dict[int, int] = {}
        self.extra: list[Measured] = []

    def energy_wh(self, connector_id: int, now: Moment) -> int:
        return self.wh.get(connector_id, 1000)

    def measured(
        self, connector_id: int, now: Moment, wanted: AbstractSet[str] = frozenset()
    ) -> list[Measured]:
        phases = (Phase.L1, Phase.L2, Phase.L3)
        return [
            Measured(
                Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
                self.energy_wh(connector_id, now),
                UnitOfMeasure.WH,
                decimals=0,
            ),
            *(Measured(Measurand.CURRENT_IMPORT, 16.0, UnitOfMeasure.A, phase) for phase in phases),
            *(Measured(Measurand.VOLTAGE, 230.0, UnitOfMeasure.V, Phase(f"{phase}-N")) for phase in phases),
            *self.extra,
        ]


class LabLogbook:
    """Says that it has been written in at these times."""

    def __init__(self) -> None:
        self.written = {log: [START] for log in LogType}

    def has_entries(self, log: LogType, since: datetime | None, until: datetime | None) -> bool:
        return any((since or at) <= at <= (until or at) for at in self.written[log])


def hardware(**changes: Any) -> Hardware:
    """The make of the station in the lab: two connectors with sockets, three phases."""
    boot = BootNotification(charge_point_vendor="Voltline", charge_point_model="Lab")
    measurands = frozenset(
        {Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Measurand.CURRENT_IMPORT, Measurand.VOLTAGE}
    )
    return Hardware(**({"boot": boot, "connectors": 2, "measurands": measurands} | changes))


class Lab:
    """Drives one core. Requests of the station are answered by `answers` unless they are held back."""

    def __init__(self, **changes: Any) -> None:
        self.now = 1000.0
        self.utc_shift = timedelta()
        self.meter = self._meter()
        self.storage = MemoryStorage()
        self.hardware = hardware(**changes)
        self.logbook = LabLogbook()
        self.core = self._power()
        self.sent: list[Request[Any]] = []
        self.intents: list[Intent] = []
        self.holding = False
        self.waiting: list[Send] = []
        self.boot_status = RegistrationStatus.ACCEPTED
        self.interval_s = 300
        self.tags: dict[str, IdTagInfo] = {}
        self.start_tags: dict[str, IdTagInfo] = {}
        self.transaction_id = 0
        self.failures: list[type[Request[Any]]] = []
        self.data_transfer_response = DataTransferResponse(status=DataTransferStatus.ACCEPTED)
        self.jammed: set[int] = set()
        """Connectors whose lock does not let go; it shows when that is asked of it."""
        self._token = 0

    def _meter(self) -> FixedMeter:
        return FixedMeter()

    # ---- time and happenings

    @property
    def moment(self) -> Moment:
        return Moment(self.now, START + timedelta(seconds=self.now - 1000.0) + self.utc_shift)

    def _power(self) -> ChargePoint:
        return ChargePoint(self.hardware, self.meter, self.moment, self.storage.load(), self.logbook)

    def do(self, happening: Happening) -> list[Intent]:
        """Let something happen, and answer whatever the station sends because of it."""
        intents = self.core.handle(happening, self.moment)
        self._take(intents)
        return intents

    def run(self, seconds: float) -> None:
        """Let time pass, waking the station at each of its deadlines."""
        until = self.now + seconds
        while (deadline := self.core.next_deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.do(Tick())
        self.now = until
        self.do(Tick())

    def _take(self, intents: list[Intent]) -> None:
        for intent in intents:
            self.intents.append(intent)
            if isinstance(intent, Keep):
                self.storage.keep(intent.name, intent.value)
            if isinstance(intent, Send):
                self.sent.append(intent.request)
                assert_valid(intent.request)
                if self.holding:
                    self.waiting.append(intent)
                else:
                    self.answer(intent)

    # ---- the central system

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave what the station sends unanswered within this block, then answer it."""
        self.holding = True
        yield
        self.holding = False
        while self.waiting:
            self.answer(self.waiting.pop(0))

    def leave_start_unanswered(self) -> None:
        """Begin a transaction whose StartTransaction is under way; everything is held from now on."""
        self.holding = True
        self.plug()
        self.answer(self.waiting.pop())  # Preparing
        self.tag()
        self.answer(self.waiting.pop())  # Authorize
        assert self.names()[-1] == "StartTransaction"

    def answer(self, send: Send) -> None:
        if type(send.request) in self.failures:
            self.do(Failed(send.number, Failure.REFUSED, "InternalError"))
        else:
            self.do(Answered(send.number, self.response_to(send.request)))

    def response_to(self, request: Request[Any]) -> Response:
        current_time = self.moment.utc
        match request:
            case BootNotification():
                return BootNotificationResponse(
                    status=self.boot_status, current_time=current_time, interval=self.interval_s
                )
            case Heartbeat():
                return HeartbeatResponse(current_time=current_time)
            case Authorize():
                return AuthorizeResponse(id_tag_info=self.tags.get(request.id_tag, tag_info()))
            case StartTransaction():
                self.transaction_id += 1
                info = self.start_tags.get(request.id_tag, tag_info())
                return StartTransactionResponse(id_tag_info=info, transaction_id=self.transaction_id)
            case StopTransaction():
                return StopTransactionResponse()
            case MeterValues():
                return MeterValuesResponse()
            case StatusNotification():
                return StatusNotificationResponse()
            case DataTransfer():
                return self.data_transfer_response
        kind = action_of(request).response
        if not msgspec.structs.fields(kind):
            return kind()
        raise AssertionError(f"the station sent {request}")

    def ask(self, request: Request[Any]) -> Any:
        """Send the station a request; give its response, or the refusal, or the silence."""
        self._token += 1
        intents = self.do(Asked(self._token, request))
        if (tried := next((one for one in intents if isinstance(one, AwaitLock)), None)) is not None:
            if tried.connector_id in self.jammed:
                code = ChargePointErrorCode.CONNECTOR_LOCK_FAILURE
                self.do(FaultRaised(connector_id=tried.connector_id, error_code=code))
            intents = self.do(LockTried(tried.token, tried.connector_id))
        for intent in intents:
            if isinstance(intent, Answer) and intent.token == self._token:
                return intent.response
            if isinstance(intent, Refuse | StaySilent) and intent.token == self._token:
                return intent
        raise AssertionError(f"{request} was not answered")

    def set(self, key: str, value: str) -> str:
        """ChangeConfiguration; gives the status."""
        return str(self.ask(ChangeConfiguration(key=key, value=value)).status)

    # ---- the drivers

    def boot(self) -> "Lab":
        """Power, connection and acceptance."""
        self.do(PoweredUp())
        self.do(LinkUp())
        return self

    def plug(self, connector_id: int = 1) -> None:
        self.do(CablePlugged(connector_id))

    def unplug(self, connector_id: int = 1) -> None:
        self.do(VehicleUnplugged(connector_id))
        self.do(CableRemoved(connector_id))

    def tag(self, id_tag: str = TAG, connector_id: int | None = None) -> None:
        self.do(TagPresented(id_tag, connector_id))

    def charge(self, connector_id: int = 1, id_tag: str = TAG) -> None:
        """Plug in and present a tag."""
        self.plug(connector_id)
        self.tag(id_tag, connector_id)

    def disconnect(self) -> None:
        self.waiting.clear()
        self.do(LinkDown())

    def connect(self) -> None:
        self.do(LinkUp())

    def lose_power(self, outage_s: float = 0.0) -> None:
        """The core is gone and a new one starts over what the old one kept, without a link."""
        self.waiting.clear()
        self.now += outage_s
        self.core = self._power()
        self.do(PoweredUp())

    # ---- what came of it

    def requests(self, kind: type[R]) -> list[R]:
        """Everything of this kind that the station has sent, in order."""
        return [request for request in self.sent if isinstance(request, kind)]

    def last(self, kind: type[R]) -> R:
        found = self.requests(kind)
        assert found, f"no {kind.__name__} was sent, only {self.names()}"
        return found[-1]

    def names(self) -> list[str]:
        return [type(request).__name__ for request in self.sent]

    def statuses(self, connector_id: int = 1) -> list[str]:
        """The statuses reported of one connector, in order."""
        return [
            str(one.status) for one in self.requests(StatusNotification) if one.connector_id == connector_id
        ]

    def status(self, connector_id: int = 1) -> ChargePointStatus:
        return self.core.connectors.any(connector_id).shown

    def forget(self) -> None:
        """Forget what was sent so far."""
        self.sent.clear()
        self.intents.clear()

    @property
    def rebooted(self) -> Reboot | None:
        return next((one for one in self.intents if isinstance(one, Reboot)), None)

    def energized(self, connector_id: int = 1) -> bool:
        return self._last_on(Energize, connector_id)

    def locked(self, connector_id: int = 1) -> bool:
        return self._last_on(Lock, connector_id)

    def _last_on(self, kind: type[Energize] | type[Lock], connector_id: int) -> bool:
        found = [one.on for one in self.intents if isinstance(one, kind) and one.connector_id == connector_id]
        return bool(found) and found[-1]


def tag_info(
    status: AuthorizationStatus = AuthorizationStatus.ACCEPTED,
    parent: str | None = None,
    expires: datetime | None = None,
) -> IdTagInfo:
    return IdTagInfo(
        status=status,
        parent_id_tag=UNSET if parent is None else parent,
        expiry_date=UNSET if expires is None else expires,
    )


def assert_valid(request: Request[Any]) -> None:
    """What a station sends must pass the strict reader."""
    reading = read_request(action_of(request), encode(request), Mode.STRICT)
    assert not reading.deviations, f"{request}: {reading.deviations}"
