"""Clean traffic of simulated charge points, as their central system logs it: all works as it should.

Core, meters and cars are those of the simulator, on a clock that runs as fast as the computer. All of it
follows from a seed: makes, phases, tags, links that break and come back, what the central system asks for.
"""

from collections import deque
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
from msgspec import UNSET
from tests.planting.lines import Line
from tests.unit.station.station_lab import START, Lab, tag_info

from voltline.messages import (
    ACTIONS,
    BootNotification,
    BootNotificationResponse,
    Heartbeat,
    HeartbeatResponse,
    RegistrationStatus,
    Request,
    Response,
    StopTransaction,
    StopTransactionResponse,
    encode,
    read_request,
)
from voltline.station.core.happenings import (
    Answered,
    CablePlugged,
    CableRemoved,
    Happening,
    InstallationEnded,
    LinkDown,
    LinkUp,
    PoweredUp,
    TagPresented,
    Tick,
    TransferEnded,
    TransferResult,
    VehicleUnplugged,
)
from voltline.station.core.hardware import Outlet
from voltline.station.core.intents import (
    Answer,
    Download,
    Energize,
    Install,
    Intent,
    Keep,
    Lock,
    Offer,
    Reboot,
    Send,
    Upload,
)
from voltline.station.core.moment import Moment
from voltline.station.simulator.device import SimulatedDevice
from voltline.station.simulator.options import hardware_of
from voltline.station.simulator.templates import templates
from voltline.station.simulator.vehicle import CARS, Vehicle
from voltline.wire.frames import encode_call, encode_result

MAKES = ("ac-7", "ac-11", "ac-22", "abb-terra-ac", "ocular-lte", "dc-50", "dc-150")
"""Templates without faults of their own."""


class LoggedStation(Lab):
    """A charge point with cars and drivers, whose every frame is noted with the central system's time."""

    def __init__(self, identity: str, chance: Random, *, make: str = "") -> None:
        super().__init__()
        self.identity = identity
        self.chance = chance
        self.lines: list[Line] = []
        self.linked = False
        self.interval_s = chance.choice((300, 600, 900))
        self.transaction_id = chance.randrange(1, 10**6) * 1000
        # Its clock is off until the central system tells it the time.
        self.utc_shift = timedelta(seconds=chance.uniform(-40, 40))
        self._connection = 0
        self._calls = 0
        self._asking: dict[int, str] = {}
        self._unsent: deque[Send] = deque()
        self._sending = False
        self._jobs: list[tuple[float, Happening]] = []
        self._restart_at: float | None = None
        self._versions = 0
        options = templates()[make or chance.choice(MAKES)].options()
        self.hardware = hardware_of(options, chance)
        self.meter = SimulatedDevice(
            connectors=options.connectors, phases=options.phases, power_w=options.power_w, chance=chance
        )
        self.core = self._power()

    # ---- the log

    @property
    def time(self) -> datetime:
        """What the central system's clock shows."""
        return START + timedelta(seconds=self.now - 1000.0)

    @property
    def moment(self) -> Moment:
        return Moment(self.now, self.time + self.utc_shift)

    def _note(self, kind: str, text: str) -> None:
        self.lines.append(Line(self.time, self.identity, f"{self.identity}-{self._connection}", kind, text))

    def _message_id(self) -> str:
        self._calls += 1
        return f"{self.chance.getrandbits(64):016x}-{self._calls}"

    @property
    def is_steady(self) -> bool:
        """Whether the connection has been opened next to never within a day."""
        opened = [line for line in self.lines if line.kind == "opened"]
        return len([line for line in opened if self.time - line.at < timedelta(days=1)]) < 6

    # ---- what the core wants

    def _take(self, intents: list[Intent]) -> None:
        for intent in intents:
            self.intents.append(intent)
            match intent:
                case Keep():
                    self.storage.keep(intent.name, intent.value)
                case Send():
                    self._unsent.append(intent)
                case Answer():
                    self._note("in", encode_result(self._asking.pop(intent.token), encode(intent.response)))
                case Energize() | Lock() | Offer():
                    self.meter.perform(intent, self.moment)
                case Download(number=number) | Upload(number=number):
                    self._later(self.chance.uniform(20, 90), TransferEnded(number, TransferResult.DONE))
                case Install():
                    self._versions += 1
                    ended = InstallationEnded(f"9.{self._versions}.0")
                    self._later(self.chance.uniform(30, 120), ended)
                case Reboot():
                    self._restart_at = self.now + self.chance.uniform(1, 4)
        self._send()

    def _later(self, seconds: float, happening: Happening) -> None:
        self._jobs.append((self.now + seconds, happening))

    def _send(self) -> None:
        """One request after the other, however many the answers lead to."""
        if self._sending:
            return
        self._sending = True
        while self._unsent:
            send = self._unsent.popleft()
            if not self.linked:
                continue
            message_id = self._message_id()
            action = type(send.request).__name__
            self._note("in", encode_call(message_id, action, encode(send.request)))
            self.now += self.chance.uniform(0.02, 0.4)
            response = self.response_to(send.request)
            self._note("out", encode_result(message_id, encode(response)))
            self.do(Answered(send.number, response))
        self._sending = False

    def response_to(self, request: Request[Any]) -> Response:
        match request:
            case BootNotification():
                return BootNotificationResponse(
                    status=RegistrationStatus.ACCEPTED, current_time=self.time, interval=self.interval_s
                )
            case Heartbeat():
                return HeartbeatResponse(current_time=self.time)
            case StopTransaction():
                info = UNSET if request.id_tag is UNSET else tag_info()
                return StopTransactionResponse(id_tag_info=info)
        return super().response_to(request)

    # ---- the central system

    def order(self, action: str, **payload: Any) -> Any:
        """Send a request, given as on the wire; gives the response."""
        request = request_of(action, payload)
        message_id = self._message_id()
        self._asking[self._token + 1] = message_id
        self._note("out", encode_call(message_id, action, encode(request)))
        self.now += self.chance.uniform(0.1, 0.9)
        return self.ask(request)

    # ---- time, link and power

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            jobs = [at for at, _ in self._jobs]
            known = (
                self.core.next_deadline(),
                self.meter.next_event(),
                min(jobs, default=None),
                self._restart_at,
            )
            due = [at for at in known if at is not None and at <= until]
            if not due:
                break
            self.now = max(self.now, min(due))
            self._happen()
        self.now = max(self.now, until)
        self._happen()

    def _happen(self) -> None:
        for happening in self.meter.events(self.moment):
            self.do(happening)
        ready = [job for job in self._jobs if job[0] <= self.now]
        self._jobs = [job for job in self._jobs if job[0] > self.now]
        for _, happening in ready:
            self.do(happening)
        self.do(Tick())
        if self._restart_at is not None and self._restart_at <= self.now:
            self._restart_at = None
            self.restart()

    def connect(self) -> None:
        self._connection += 1
        self.linked = True
        self._note("opened", "")
        self.now += 0.3
        self.do(LinkUp())

    def disconnect(self) -> None:
        self.linked = False
        self._unsent.clear()
        self._note("closed", "")
        self.do(LinkDown())

    def restart(self) -> None:
        """Drop the connection, start again, come back."""
        if self.linked:
            self.disconnect()
        self._jobs.clear()
        self.now += self.chance.uniform(15, 50)
        self.do(PoweredUp())
        self.connect()

    def blackout(self, seconds: float) -> None:
        """Power fails and returns; cars stay where they are."""
        if self.linked:
            self.disconnect()
        self._jobs.clear()
        self.meter.lose_power(self.moment)
        self.lose_power(seconds)
        self.run(5)
        self.connect()

    def commission(self) -> None:
        """First start, and what the central system wants to know and sets."""
        self.do(PoweredUp())
        self.connect()
        self.run(5)
        self.order("GetConfiguration")
        self.order(
            "ChangeConfiguration", key="MeterValueSampleInterval", value=self.chance.choice(("300", "600"))
        )

    # ---- drivers

    def arrive(self, connector: int, soc: float | None = None) -> None:
        """A car comes and is plugged in."""
        direct = self.hardware.phases == 0
        battery = 0.1 if direct else 0.3
        model = self.chance.choice(CARS)
        self.meter.outlet(connector).attach(Vehicle(model, battery if soc is None else soc, 1.0), self.now)
        self.do(CablePlugged(connector))
        self.run(self.chance.uniform(2, 15))

    def present(self, tag: str, connector: int) -> None:
        self.do(TagPresented(tag, connector))
        self.run(self.chance.uniform(2, 10))

    def leave(self, connector: int) -> None:
        """The car is unplugged and drives off."""
        self.meter.outlet(connector).attach(None, self.now)
        self.do(VehicleUnplugged(connector))
        if self.hardware.outlet is Outlet.SOCKET:
            self.do(CableRemoved(connector))
        self.run(self.chance.uniform(30, 120))


def request_of(action: str, payload: dict[str, Any]) -> Request[Any]:
    """A request from its payload as on the wire."""
    reading = read_request(ACTIONS[action], msgspec.json.encode(payload))
    assert not reading.deviations and isinstance(reading.message, Request), (action, reading.deviations)
    return reading.message
