"""Configuration is kept up by procedures, from the first question to the reboot that a value needs."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from voltline.central.domain.configuration import DesiredState
from voltline.central.domain.stations import Registration
from voltline.central.procedures.configuration import ConfigurationKeeper
from voltline.central.services import configuration, transactions
from voltline.central.services.outcomes import OUTCOMES
from voltline.central.services.ports.lines import Procedure
from voltline.messages import (
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ConfigurationStatus,
    ErrorCode,
    GetConfiguration,
    GetConfigurationResponse,
    KeyValue,
    Reset,
    ResetResponse,
    ResetStatus,
)
from voltline.wire.errors import CallError, CallTimeout, RemoteProtocolError

from .conftest import Storage
from .saying import ANYONE, at, start, stop


class DirectWriter:
    """Stores everything at once."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.waiting = 0
        self.healthy = True
        self.last_error = None

    def submit(self, work: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_result(self.storage.do(work, *args))
        return future


class FakeLine:
    """A charge point that answers what it is told to, or raises it; outcomes are stored."""

    registration = Registration.ACCEPTED
    boot_accepted = True
    last_heard_at = at(0)

    def __init__(self, storage: Storage, now: Callable[[], datetime]) -> None:
        self.storage = storage
        self.now = now
        self.identity = "CP1"
        self.key = storage.station()
        self.calls: list[Any] = []
        self.answers: dict[type, Any] = {GetConfiguration: told("A")}

    async def call(self, request: Any, *, timeout_s: float | None = None) -> Any:
        self.calls.append(request)
        answer = self.answers[type(request)]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if type(request) in OUTCOMES:
            self.storage.do(OUTCOMES[type(request)], self.key, request, answer, self.now())
        return answer


def told(*keys: str) -> GetConfigurationResponse:
    return GetConfigurationResponse(
        configuration_key=[KeyValue(key=key, readonly=False, value="0") for key in keys]
    )


class Bench:
    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.second = 0
        self.line = FakeLine(storage, self.now)
        self.keeper = ConfigurationKeeper(DirectWriter(storage), self.now)
        self.started: list[tuple[str, str, Procedure]] = []

    def now(self) -> datetime:
        self.second += 1
        return at(self.second)

    def start(
        self, identity: str, name: str, procedure: Procedure, *, before_acceptance: bool = False
    ) -> None:
        self.started.append((identity, name, procedure))

    def wish(self, reboot: bool = False, **values: str) -> None:
        self.storage.do(configuration.desire, self.line.key, values, reboot, self.now())

    @property
    def wishes(self) -> dict[str, tuple[DesiredState, str | None]]:
        found = self.storage.queries.desired_configuration(self.line.key)
        return {one.key: (one.state, one.reason) for one in found}


@pytest.fixture
def bench(storage: Storage) -> Bench:
    return Bench(storage)


@pytest.mark.requirement("CFG-08")
async def test_a_part_that_is_too_large_is_asked_for_in_halves(bench: Bench) -> None:
    def answer(request: GetConfiguration) -> Any:
        names = request.key or []
        assert isinstance(names, list)
        return (
            told(*names) if len(names) == 1 else CallError("InternalError", "", {}, action="GetConfiguration")
        )

    bench.line.answers[GetConfiguration] = answer
    await bench.keeper.read(bench.line)
    known = {one.key for one in bench.storage.queries.configuration(bench.line.key)}
    assert {"HeartbeatInterval", "NumberOfConnectors"} <= known
    assert bench.storage.queries.configuration_facts(bench.line.key).problem == "InternalError"


async def test_an_answer_that_cannot_be_used_is_a_problem_told_and_not_the_end(bench: Bench) -> None:
    broken = RemoteProtocolError(ErrorCode.FORMATION_VIOLATION, "no list")
    bench.line.answers[GetConfiguration] = broken
    await bench.keeper.read(bench.line)
    facts = bench.storage.queries.configuration_facts(bench.line.key)
    assert (facts.read_at, facts.problem) == (None, "no list")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (
            CallError("InternalError", "no memory", {}, action="ChangeConfiguration"),
            "InternalError: no memory",
        ),
        (RemoteProtocolError(ErrorCode.PROTOCOL_ERROR, "no status"), "no status"),
    ],
)
async def test_a_value_that_failed_keeps_its_reason_and_the_next_one_is_sent(
    bench: Bench, failure: Exception, reason: str
) -> None:
    accepted = ChangeConfigurationResponse(status=ConfigurationStatus.ACCEPTED)
    bench.line.answers[ChangeConfiguration] = lambda request: failure if request.key == "A" else accepted
    bench.wish(A="1", B="2")
    await bench.keeper.bring_up_to_date(bench.line)
    assert bench.wishes == {"A": (DesiredState.FAILED, reason), "B": (DesiredState.SET, None)}


async def test_a_value_that_was_never_answered_stays_due(bench: Bench) -> None:
    bench.line.answers[ChangeConfiguration] = CallTimeout("silence")
    bench.wish(A="1")
    with pytest.raises(CallTimeout):  # by which the runner knows to come back
        await bench.keeper.bring_up_to_date(bench.line)
    assert bench.wishes == {"A": (DesiredState.PENDING, None)}


@pytest.mark.requirement("CFG-03")
async def test_a_reboot_waits_for_the_transaction_and_is_made_up_for_after_it(bench: Bench) -> None:
    needs_one = ChangeConfigurationResponse(status=ConfigurationStatus.REBOOT_REQUIRED)
    bench.line.answers[ChangeConfiguration] = needs_one
    bench.line.answers[Reset] = ResetResponse(status=ResetStatus.ACCEPTED)
    do, key = bench.storage.do, bench.line.key
    begun = do(transactions.begin, key, start(), at(0), ANYONE)
    bench.wish(reboot=True, A="1")
    await bench.keeper.bring_up_to_date(bench.line)
    await bench.keeper.look_for_idle(bench)
    assert bench.started == []
    do(transactions.end, key, stop(begun.transaction_id), at(3600), ANYONE)
    await bench.keeper.look_for_idle(bench)
    ((identity, _, procedure),) = bench.started
    assert identity == "CP1"
    await procedure(bench.line)
    assert [type(call) for call in bench.line.calls] == [GetConfiguration, ChangeConfiguration, Reset]
    await bench.keeper.look_for_idle(bench)
    assert len(bench.started) == 1


async def test_a_reboot_that_is_refused_is_tried_again_later(bench: Bench) -> None:
    needs_one = ChangeConfigurationResponse(status=ConfigurationStatus.REBOOT_REQUIRED)
    bench.line.answers[ChangeConfiguration] = needs_one
    bench.line.answers[Reset] = ResetResponse(status=ResetStatus.REJECTED)
    bench.wish(reboot=True, A="1")
    await bench.keeper.bring_up_to_date(bench.line)
    await bench.keeper.look_for_idle(bench)
    assert len(bench.started) == 1
