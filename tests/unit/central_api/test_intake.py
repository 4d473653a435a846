"""Reading stops while too much waits, and connections close while the database is away."""

import asyncio
from typing import Any

import pytest
from tests.unit.central_api.fakes import FakeWriter, a_station

from voltline.base.ids import folded
from voltline.central.domain.stations import Registration, RegistrationPolicy
from voltline.central.door import Door
from voltline.central.intake import Intake, Outage
from voltline.transport.admission import Admitted, Handshake, Refused


def nothing(unit: Any) -> None:
    return


async def test_reading_stops_while_too_much_waits_and_goes_on_once_it_is_stored() -> None:
    writer, told = FakeWriter(), list[str]()
    intake = Intake(
        writer, max_waiting=3, pause=lambda: told.append("pause"), resume=lambda: told.append("resume")
    )
    intake.submit(nothing)
    intake.submit(nothing)
    assert told == []
    last = intake.submit(nothing)
    intake.submit(nothing)  # what was read before the pause
    assert told == ["pause"]
    writer.finish()
    await last
    await asyncio.sleep(0)  # callbacks of a future run one turn later
    assert told == ["pause", "resume"]
    for _ in range(3):
        intake.submit(nothing)
    assert told == ["pause", "resume", "pause"]


async def test_connections_are_closed_once_an_outage_lasts() -> None:
    writer, closed = FakeWriter(), list[float]()
    now = 0.0
    outage = Outage(writer, close_after_s=20, close_all=lambda: closed.append(now))
    outage.look(now)
    writer.last_error = "locked"
    for now in (1.0, 10.0, 20.9, 21.0, 22.0):
        outage.look(now)
    assert closed == [21.0, 22.0]
    writer.last_error = None
    outage.look(now := 23.0)
    writer.last_error = "locked again"
    for now in (24.0, 43.0):
        outage.look(now)
    assert closed == [21.0, 22.0]


def handshake(path: str = "/ocpp/CP1") -> Handshake:
    return Handshake(path.rpartition("/")[2], path, "127.0.0.1")


def door(writer: FakeWriter, **changes: Any) -> Door:
    options = {"policy": RegistrationPolicy.ACCEPT_ALL, "path": "", "now": lambda: None, "patience_s": 5.0}
    return Door(writer, **(options | changes))


async def admitted(writer: FakeWriter, answer: Any, **changes: Any) -> Any:
    asked = asyncio.ensure_future(door(writer, **changes).admit(handshake()))
    while not writer.submitted:
        await asyncio.sleep(0)
    writer.finish(answer)
    return await asked


async def test_registered_spelling_and_registration_go_with_the_connection() -> None:
    decision = await admitted(FakeWriter(), a_station("cp1", Registration.PENDING))
    assert isinstance(decision, Admitted)
    visit: Any = decision.context
    assert (visit.identity, visit.accepted) == ("cp1", False)
    assert folded("CP1") == folded(visit.identity)


@pytest.mark.requirement("WSC-09")
async def test_charge_point_that_is_not_registered_is_refused_with_404() -> None:
    decision = await admitted(FakeWriter(), None, policy=RegistrationPolicy.KNOWN_ONLY)
    assert isinstance(decision, Refused)
    assert decision.status == 404


async def test_nobody_is_let_in_while_the_database_is_away() -> None:
    writer = FakeWriter()
    writer.last_error = "locked"
    decision = await door(writer).admit(handshake())
    assert isinstance(decision, Refused)
    assert (decision.status, decision.retry_after_s) == (503, 30)
    assert writer.submitted == []


async def test_a_database_that_does_not_decide_in_time_is_503_and_not_asked_twice() -> None:
    writer = FakeWriter()
    decision = await door(writer, patience_s=0.0).admit(handshake())
    assert isinstance(decision, Refused)
    assert decision.status == 503
    (future, _, _) = writer.submitted[0]
    assert not future.cancelled()


@pytest.mark.parametrize(
    ("path", "let_in"),
    [("/a/b/CP1", True), ("/a/b/CP1/", True), ("/a/b/CP1?x=/y", True), ("/a/CP1", False), ("/CP1", False)],
)
async def test_only_the_path_that_is_set_leads_in(path: str, let_in: bool) -> None:
    writer = FakeWriter()
    asked = asyncio.ensure_future(door(writer, path="/a/b/", patience_s=0.0).admit(handshake(path)))
    decision = await asked
    assert isinstance(decision, Refused)
    assert decision.status == (503 if let_in else 404)
