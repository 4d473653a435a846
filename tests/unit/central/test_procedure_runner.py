"""Procedures run when the charge point is there, one at a time, and outlive its connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from voltline.central.domain.stations import Registration, StationKey
from voltline.central.procedures.runner import Runner
from voltline.central.services.ports.lines import Line, Procedure
from voltline.wire.errors import CallError, CallTimeout, NotConnected


class FakeLine:
    key = StationKey(1)
    boot_accepted = True
    last_heard_at = datetime(2026, 3, 1, tzinfo=UTC)

    def __init__(self, identity: str, registration: Registration = Registration.ACCEPTED) -> None:
        self.identity = identity
        self.registration = registration

    async def call(self, request: Any, *, timeout_s: float | None = None) -> Any:
        raise NotImplementedError


class FakeLines:
    def __init__(self) -> None:
        self.lines: dict[str, FakeLine] = {}

    def line(self, identity: str) -> Line | None:
        return self.lines.get(identity.lower())

    def __len__(self) -> int:
        return len(self.lines)


class Depot:
    """A runner, what it did, and charge points that come and go."""

    def __init__(self) -> None:
        self.lines = FakeLines()
        self.runner = Runner(self.lines, settle_s=0, boot_patience_s=0)
        self.done: list[str] = []

    def arrives(self, identity: str = "CP1", registration: Registration = Registration.ACCEPTED) -> FakeLine:
        line = self.lines.lines[identity.lower()] = FakeLine(identity, registration)
        self.runner.connected(identity)
        return line

    def leaves(self, identity: str = "CP1") -> None:
        del self.lines.lines[identity.lower()]
        self.runner.disconnected(identity)

    def noting(self, text: str, failure: Exception | None = None) -> Procedure:
        async def procedure(line: Line) -> None:
            self.done.append(text)
            if failure is not None:
                raise failure

        return procedure

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0)

    async def rest(self) -> None:
        """Let everything that can happen now happen."""
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def depot() -> AsyncIterator[Depot]:
    depot = Depot()
    yield depot
    await depot.runner.close()


async def test_procedure_waits_until_its_charge_point_is_there(depot: Depot) -> None:
    depot.runner.start("CP1", "a", depot.noting("a"))
    await depot.rest()
    assert depot.done == []
    depot.arrives("cp1")
    await depot.until(lambda: depot.done == ["a"])


async def test_procedures_of_one_charge_point_run_in_order_and_never_together(depot: Depot) -> None:
    release = asyncio.Event()

    async def slow(line: Line) -> None:
        depot.done.append("slow begins")
        await release.wait()
        depot.done.append("slow ends")

    depot.arrives()
    depot.runner.start("CP1", "slow", slow)
    depot.runner.start("CP1", "next", depot.noting("next"))
    await depot.until(lambda: bool(depot.done))
    await depot.rest()
    assert depot.done == ["slow begins"]
    assert depot.runner.waiting("CP1") == ("slow", "next")
    release.set()
    await depot.until(lambda: depot.done == ["slow begins", "slow ends", "next"])
    await depot.until(lambda: depot.runner.waiting("CP1") == ())


async def test_charge_points_do_not_wait_for_each_other(depot: Depot) -> None:
    async def stuck(line: Line) -> None:
        await asyncio.get_running_loop().create_future()

    depot.arrives("CP1")
    depot.arrives("CP2")
    depot.runner.start("CP1", "stuck", stuck)
    depot.runner.start("CP2", "b", depot.noting("b"))
    await depot.until(lambda: depot.done == ["b"])


async def test_of_two_procedures_of_one_name_the_newest_runs_in_the_place_of_the_first(depot: Depot) -> None:
    depot.runner.start("CP1", "a", depot.noting("old a"))
    depot.runner.start("CP1", "b", depot.noting("b"))
    depot.runner.start("CP1", "a", depot.noting("new a"))
    depot.arrives()
    await depot.until(lambda: len(depot.done) == 2)
    assert depot.done == ["new a", "b"]


@pytest.mark.parametrize("failure", [NotConnected("gone"), CallTimeout("silence")])
async def test_procedure_that_lost_its_charge_point_runs_again_on_the_next_connection(
    depot: Depot, failure: Exception
) -> None:
    depot.arrives()
    depot.runner.start("CP1", "a", depot.noting("failed", failure))
    await depot.until(lambda: depot.done == ["failed"])
    await depot.rest()
    assert depot.done == ["failed"]
    assert depot.runner.waiting("CP1") == ("a",)
    depot.leaves()
    depot.arrives()
    await depot.until(lambda: depot.done == ["failed", "failed"])


@pytest.mark.parametrize("failure", [CallError("InternalError", "no", {}, action="Reset"), ValueError("bug")])
async def test_procedure_that_fails_otherwise_ends_and_the_next_one_runs(
    depot: Depot, failure: Exception
) -> None:
    depot.arrives()
    depot.runner.start("CP1", "a", depot.noting("a", failure))
    depot.runner.start("CP1", "b", depot.noting("b"))
    await depot.until(lambda: depot.done == ["a", "b"])
    await depot.until(lambda: depot.runner.waiting("CP1") == ())


async def test_what_is_to_be_done_is_asked_after_each_accepted_boot_and_a_connect_without_one(
    depot: Depot,
) -> None:
    asked: list[str] = []

    def make(line: Line) -> list[tuple[str, Procedure]]:
        asked.append(line.identity)
        return [("look", depot.noting("look"))]

    depot.runner.on_accepted(make)
    depot.arrives("Depot-7")
    await depot.until(lambda: depot.done == ["look"])
    depot.runner.accepted("Depot-7")
    await depot.until(lambda: depot.done == ["look", "look"])
    assert asked == ["Depot-7", "Depot-7"]


@pytest.mark.requirement("BOO-12", "BOO-15")
async def test_before_acceptance_only_what_says_so_runs_and_nothing_after_a_rejection(depot: Depot) -> None:
    depot.runner.on_accepted(lambda line: [("made", depot.noting("made"))])
    for identity, registration in (("CP1", Registration.PENDING), ("CP2", Registration.REJECTED)):
        depot.arrives(identity, registration)
        depot.runner.start(identity, "later", depot.noting(f"{identity} later"))
        depot.runner.start(identity, "now", depot.noting(f"{identity} now"), before_acceptance=True)
    await depot.until(lambda: bool(depot.done))
    await depot.rest()
    assert depot.done == ["CP1 now"]
    depot.lines.lines["cp1"].registration = Registration.ACCEPTED
    depot.runner.accepted("CP1")
    await depot.until(lambda: depot.done == ["CP1 now", "CP1 later", "made"])


async def test_nothing_is_remembered_of_a_charge_point_that_left_with_nothing_to_do(depot: Depot) -> None:
    depot.arrives()
    depot.runner.start("CP1", "a", depot.noting("a"))
    await depot.until(lambda: depot.done == ["a"])
    depot.leaves()
    await depot.rest()
    assert depot.runner._visitors == {}
