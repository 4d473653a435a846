"""A charge point's core on a walk that chance leads: every frame that it would send is handed to a judge.

Its hardware is the simulated one, so that meters tell all they can. Its central system asks for everything
that OCPP 1.6 knows, answers now and then with an error or not at all, and its power and its link come and go.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
from tests.property.judge import Judge
from tests.strategies import LAWFUL
from tests.unit.station.station_lab import Lab

from voltline.messages import (
    ACTIONS,
    ChargePointErrorCode,
    FeatureProfile,
    Measurand,
    Reason,
    RegistrationStatus,
    Request,
    Response,
    Side,
    action_of,
    encode,
)
from voltline.messages.configuration_keys import CONFIGURATION_KEYS
from voltline.messages.shapes import (
    DecimalNumber,
    Field,
    Instant,
    Items,
    Object,
    Shape,
    Text,
    TrueOrFalse,
    WholeNumber,
    Word,
    shape_of,
)
from voltline.station.core.happenings import (
    Asked,
    CablePlugged,
    CableRemoved,
    DataSent,
    Failed,
    Failure,
    FaultCleared,
    FaultRaised,
    Happening,
    ImpossibleHappening,
    InstallationEnded,
    PoweredUp,
    RebootFailed,
    SettingChanged,
    StopPressed,
    SwitchedOff,
    TagPresented,
    TransferEnded,
    TransferProgressed,
    TransferResult,
    VehicleReady,
    VehicleUnplugged,
    WatchdogFired,
)
from voltline.station.core.hardware import ALL_PROFILES, Outlet
from voltline.station.core.intents import (
    Answer,
    Download,
    Energize,
    Install,
    Intent,
    Lock,
    Offer,
    PowerOff,
    Reboot,
    Refuse,
    Send,
    Upload,
)
from voltline.station.simulator.device import SimulatedDevice
from voltline.station.simulator.meter import MEASURANDS
from voltline.station.simulator.vehicle import some_car
from voltline.wire.frames import encode_call, encode_error, encode_result

TAGS = ("A", "B", "GROUP-1", "GROUP-2", "blocked", "04E3F89A2C3C80", "x" * 20)
ASKED = tuple(action for action in ACTIONS.values() if Side.CENTRAL_SYSTEM in action.sent_by)
MEASURED = (
    "",
    "Energy.Active.Import.Register",
    "Voltage,Current.Import.L1,SoC,Power.Active.Import",
    ",".join(Measurand),
)


class FrameWalk(Lab):
    """One station on its way. `step` lets one thing happen."""

    def __init__(self, seed: int, judge: Judge) -> None:
        self.chance = chance = Random(seed)
        self.judge = judge
        self._asking: dict[int, str] = {}
        self._unanswered: deque[Send] = deque()
        self._transfers: list[int] = []
        self._installing = False
        self._down: Reboot | PowerOff | None = None
        phases = chance.choice((0, 1, 3, 3))
        connectors = chance.choice((1, 2, 2, 4))
        profiles = ALL_PROFILES if chance.random() < 0.8 else (FeatureProfile.CORE,)
        super().__init__(
            connectors=connectors,
            phases=phases,
            outlet=chance.choice(tuple(Outlet)),
            measurands=MEASURANDS,
            profiles=profiles,
            reserves_any=chance.random() < 0.8,
            status_delay_s=chance.choice((0.0, 0.0, 2.0)),
        )
        self.meter = SimulatedDevice(connectors=connectors, phases=phases, power_w=11_000.0, chance=chance)
        self.core = self._power()
        self.linked = True
        self.boot()

    # ---- what the station does

    def _take(self, intents: list[Intent]) -> None:
        for intent in intents:
            match intent:
                case Send(number=number, request=request):
                    name = action_of(request).name
                    self.judge.call(encode_call(str(number), name, encode(request)))
                case Answer(token=token, response=response):
                    text = encode_result(str(token), encode(response))
                    self.judge.result(self._asking.pop(token), text)
                case Refuse(token=token, code=code, text=text):
                    self.judge.error(self._asking.pop(token), encode_error(str(token), code, text))
                case Energize() | Lock() | Offer():
                    self.meter.perform(intent, self.moment)
                case Download(number=number) | Upload(number=number):
                    self._transfers.append(number)
                case Install():
                    self._installing = True
                case Reboot() | PowerOff():
                    self._down = intent
        super()._take(intents)
        self.forget()

    def answer(self, send: Send) -> None:
        # One after the other, however many requests the answers lead to.
        self._unanswered.append(send)
        if len(self._unanswered) > 1:
            return
        while self._unanswered:
            send = self._unanswered[0]
            if self.chance.random() < 0.03:
                failure = self.chance.choice((Failure.REFUSED, Failure.UNREADABLE, Failure.TIMEOUT))
                self.do(Failed(send.number, failure, "by chance"))
            else:
                super().answer(send)
            self._unanswered.popleft()

    def response_to(self, request: Request[Any]) -> Response:
        # Registration is left to the lab, or little would ever be sent.
        self.boot_status = (
            RegistrationStatus.ACCEPTED
            if self.chance.random() < 0.8
            else self.chance.choice(tuple(RegistrationStatus))
        )
        self.interval_s = self.chance.choice((0, 60, 300))
        expected = super().response_to(request)
        if action_of(request).name in ("BootNotification", "Heartbeat") or self.chance.random() < 0.6:
            return expected
        made: Response = self._made(shape_of(action_of(request).response))
        if hasattr(made, "transaction_id"):
            return msgspec.structs.replace(made, transaction_id=self.transaction_id)
        return made

    # ---- what happens to it

    def step(self) -> None:
        """Let something happen, by chance."""
        self.chance.choice(_STEPS)(self)
        for happening in self.meter.events(self.moment):
            self.try_to(happening)
        if self._down is not None and self.chance.random() < 0.8:
            self._go_down()

    def try_to(self, happening: Happening) -> None:
        with suppress(ImpossibleHappening):
            self.do(happening)

    def _go_down(self) -> None:
        if isinstance(self._down, Reboot) and self.chance.random() < 0.1:
            self._down = None
            self.try_to(RebootFailed())
            return
        self._down = None
        self._transfers.clear()
        if self.linked:
            self.disconnect()
        self.do(PoweredUp())
        if self.linked:
            self.connect()

    def _connector(self) -> int:
        return self.chance.randint(1, self.hardware.connectors)

    def _connector_or_station(self) -> int:
        return self.chance.randint(0, self.hardware.connectors)

    def plug_in(self) -> None:
        connector = self._connector()
        with suppress(ImpossibleHappening):
            self.do(CablePlugged(connector))
            self.meter.outlet(connector).attach(some_car(self.chance), self.now)

    def unplug_by_chance(self) -> None:
        connector = self._connector()
        with suppress(ImpossibleHappening):
            self.do(VehicleUnplugged(connector))
            self.meter.outlet(connector).attach(None, self.now)
        self.try_to(CableRemoved(connector))

    def start(self) -> None:
        self.plug_in()
        self.present()

    def vehicle(self) -> None:
        self.try_to(VehicleReady(self._connector(), self.chance.random() < 0.6))

    def present(self) -> None:
        self.try_to(TagPresented(self.chance.choice(TAGS), self.chance.choice((None, self._connector()))))

    def stop(self) -> None:
        self.try_to(StopPressed(self._connector(), self.chance.choice(tuple(Reason))))

    def fault(self) -> None:
        self.try_to(
            FaultRaised(
                connector_id=self._connector_or_station(),
                error_code=self.chance.choice(tuple(ChargePointErrorCode)),
                blocking=self.chance.random() < 0.5,
                info=self.chance.choice(("", "hot", "é" * 50)),
            )
        )

    def repair(self) -> None:
        for connector in range(self.hardware.connectors + 1):
            self.try_to(FaultCleared(connector))

    def wait(self) -> None:
        self.run(self.chance.choice((0.5, 3, 3, 20, 61, 130, 400, 900)))

    def lose_or_regain_link(self) -> None:
        self.linked = not self.linked
        if self.linked:
            self.connect()
        else:
            self.disconnect()

    def regain_link(self) -> None:
        if not self.linked:
            self.lose_or_regain_link()

    def lose_power_by_chance(self) -> None:
        self._down = None
        self._transfers.clear()
        self._installing = False
        self.lose_power(self.chance.choice((1.0, 30.0, 4000.0)))
        self.meter.lose_power(self.moment)
        if self.linked:
            self.connect()

    def restart_by_itself(self) -> None:
        self.try_to(self.chance.choice((WatchdogFired(), SwitchedOff())))

    def hold_answers(self) -> None:
        """What the station sends goes unanswered while something else happens."""
        with self.held():
            for _ in range(2):
                self.chance.choice((FrameWalk.present, FrameWalk.ask, FrameWalk.wait, FrameWalk.stop))(self)

    def transfer(self) -> None:
        if self._transfers:
            number = self.chance.choice(self._transfers)
            if self.chance.random() < 0.3:
                self.try_to(TransferProgressed(number, 1000, 2000))
                return
            self._transfers.remove(number)
            done = self.chance.random() < 0.6
            result = TransferResult.DONE if done else self.chance.choice(tuple(TransferResult))
            self.try_to(TransferEnded(number, result, "" if done else "by chance"))
        elif self._installing:
            self._installing = False
            ended = (
                InstallationEnded("2.0.1") if self.chance.random() < 0.7 else InstallationEnded("", "broken")
            )
            self.try_to(ended)

    def say_something(self) -> None:
        self.try_to(
            DataSent("com.example", self.chance.choice((None, "note")), self.chance.choice((None, "é")))
        )

    def configure(self) -> None:
        pool = (
            "MeterValuesSampledData",
            "StopTxnSampledData",
            "MeterValuesAlignedData",
            "StopTxnAlignedData",
        )
        if self.chance.random() < 0.5:
            self.try_to(SettingChanged(self.chance.choice(pool), self.chance.choice(MEASURED)))
        else:
            key = self.chance.choice(
                ("MeterValueSampleInterval", "ClockAlignedDataInterval", "HeartbeatInterval")
            )
            self.try_to(SettingChanged(key, self.chance.choice(("0", "30", "60", "900"))))

    def ask(self) -> None:
        """A request of the central system: any of the 26, with whatever it may say."""
        if not self.linked:
            return
        action = self.chance.choice(ASKED)
        request = self._made(shape_of(action.request))
        self._token += 1
        self._asking[self._token] = action.name
        self.do(Asked(self._token, request))

    # ---- messages by chance

    def _made(self, shape: Object) -> Any:
        fields = {
            field.name: self._value(field)
            for field in shape.fields
            if field.required or self.chance.random() < 0.5
        }
        built = shape.type(**fields)
        lawful = LAWFUL.get(shape.type)
        return built if lawful is None else lawful(built)

    def _value(self, field: Field) -> Any:
        sensible = _SENSIBLE.get(field.name)
        if sensible is not None and self.chance.random() < 0.9:
            if isinstance(field.shape, Items):
                return [sensible(self) for _ in range(self.chance.randint(1, 4))]
            return sensible(self)
        return self._any(field.shape)

    def _any(self, shape: Shape) -> Any:
        chance = self.chance
        match shape:
            case WholeNumber():
                return chance.choice((0, 1, 2, 60, 600, 86_400, 2**31 - 1))
            case DecimalNumber():
                return chance.choice((0.0, 0.1, 6.0, 16.1, 32.0, 11_000.0))
            case TrueOrFalse():
                return chance.random() < 0.5
            case Text():
                letters = "abcXYZ019-*. " if shape.ascii_only else 'aé"\\/漢🔌 \t\x7f'
                longest = min(shape.max_length or 60, 600)
                length = chance.choice((1, 5, longest))
                return "".join(chance.choice(letters) for _ in range(length)).strip() or "x"
            case Instant():
                return self.moment.utc.replace(microsecond=0) + timedelta(seconds=chance.randint(-4000, 4000))
            case Word():
                return chance.choice(tuple(shape.enumeration))
            case Items():
                least = shape.min_length
                return [self._any(shape.item) for _ in range(chance.randint(least, max(least, 4)))]
            case Object():
                return self._made(shape)


_STEPS: tuple[Callable[[FrameWalk], None], ...] = (
    *(FrameWalk.ask,) * 14,
    *(FrameWalk.wait,) * 6,
    *(FrameWalk.start,) * 4,
    *(FrameWalk.regain_link,) * 2,
    *(FrameWalk.present,) * 2,
    *(FrameWalk.unplug_by_chance,) * 2,
    *(FrameWalk.transfer,) * 3,
    *(FrameWalk.configure,) * 2,
    *(FrameWalk.repair,) * 2,
    FrameWalk.plug_in,
    FrameWalk.vehicle,
    FrameWalk.stop,
    FrameWalk.fault,
    FrameWalk.lose_or_regain_link,
    FrameWalk.lose_power_by_chance,
    FrameWalk.hold_answers,
    FrameWalk.say_something,
    FrameWalk.restart_by_itself,
)
"""What may happen, as often as it stands here."""

_KEYS = (*CONFIGURATION_KEYS, "NoSuchKey")
_VALUES = ("true", "false", "0", "30", "900", "-1", "x", "", *MEASURED)

_SENSIBLE: dict[str, Callable[[FrameWalk], Any]] = {
    "connector_id": lambda walk: walk.chance.randint(0, walk.hardware.connectors + 1),
    "id_tag": lambda walk: walk.chance.choice(TAGS),
    "parent_id_tag": lambda walk: walk.chance.choice(("GROUP", "A")),
    "transaction_id": lambda walk: walk.transaction_id - walk.chance.randint(0, 2),
    "reservation_id": lambda walk: walk.chance.randint(0, 3),
    "charging_profile_id": lambda walk: walk.chance.randint(1, 4),
    "stack_level": lambda walk: walk.chance.randint(0, 9),
    "number_phases": lambda walk: walk.chance.choice((1, 3)),
    "list_version": lambda walk: walk.chance.randint(-1, 5),
    "start_period": lambda walk: walk.chance.choice((0, 60)),
    "duration": lambda walk: walk.chance.choice((60, 3600, 86_400)),
    "retries": lambda walk: walk.chance.randint(0, 2),
    "retry_interval": lambda walk: walk.chance.choice((0, 5, 60)),
    "location": lambda _: "ftp://files.example/firmware.bin",
    "remote_location": lambda _: "https://files.example/logs/",
    "key": lambda walk: walk.chance.choice(_KEYS),
    "value": lambda walk: walk.chance.choice(_VALUES),
}
"""What a field says mostly, so that the station can do something with it."""
