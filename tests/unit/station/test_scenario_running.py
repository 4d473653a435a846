"""A scenario passes when all came out as expected; otherwise it says what did not, and what came instead."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from tests.system.small_central import IDENTITY, SmallCentral

from voltline.messages import ChangeAvailability, Reset, ResetType, StartTransaction, StopTransaction
from voltline.station.simulator.scenario.context import Surroundings, Watcher
from voltline.station.simulator.scenario.reading import read_scenario
from voltline.station.simulator.scenario.report import json_report
from voltline.station.simulator.scenario.running import Outcome, run
from voltline.transport.client import ClientOptions

HASTE = ClientOptions(first_wait_s=0.05, longest_wait_s=0.2)


@pytest.fixture
async def central() -> AsyncIterator[SmallCentral]:
    async with SmallCentral() as central:
        yield central


class Notes(Watcher):
    """What was said and done."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def began(self, step, text):
        self.lines.append(text)

    def said(self, text):
        self.lines.append(f">> {text}")


class FakeApi:
    """Remembers what it was asked, and gives the answers it was made with."""

    def __init__(self, *answers):
        self.asked = []
        self._answers = list(answers)

    async def ask(self, method, path, body=None):
        self.asked.append((method, path, body))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


async def outcome(central: SmallCentral, steps: str, head: str = "", **where) -> Outcome:
    text = f"about: a test\nwithin: 5 s\n{head}\nsteps:\n  - wait: {{online: true}}\n{steps}"
    watcher = where.pop("watcher", None)
    identity = where.pop("identity", IDENTITY)
    surroundings = Surroundings(endpoint=central.url, identity=identity, client=HASTE, **where)
    return await run(read_scenario("s.yaml", text), surroundings, watcher)


async def passes(central: SmallCentral, steps: str, head: str = "", **where) -> Outcome:
    result = await outcome(central, steps, head, **where)
    assert result.failure is None, (
        result.failure.step.place,
        result.failure.expected,
        result.failure.instead,
    )
    return result


async def fails(central: SmallCentral, steps: str, head: str = "", **where) -> tuple[int, str, str]:
    result = await outcome(central, steps, head, **where)
    assert result.failure is not None
    return result.failure.step.place.line, result.failure.expected, result.failure.instead


CHARGE = "  - start: $tag\n  - sent: {message: StartTransaction, save: {t: answer.transactionId}}\n"
TAG = "variables: {tag: CARD-1}"


async def test_a_session_is_driven_and_its_values_are_saved(central):
    await passes(central, CHARGE + "  - wait: {status: Charging, transaction_id: $t, id_tag: $tag}\n", TAG)
    assert central.of(StartTransaction)[0].id_tag == "CARD-1"


async def test_a_state_that_does_not_come_is_a_failure_that_says_how_it_stands(central):
    line, expected, instead = await fails(central, "  - wait: {status: Charging, within: 100 ms}\n")
    assert line == 6
    assert expected == "status = Charging within 0.1 s"
    assert instead == "status is Available, not Charging"


async def test_a_message_that_says_something_else_is_told_with_the_field_that_differs(central):
    steps = "  - start: $tag\n  - sent: {message: StartTransaction, with: {idTag: CARD-2}, within: 300 ms}\n"
    line, expected, instead = await fails(central, steps, TAG)
    assert line == 7
    assert "StartTransaction with idTag = CARD-2 within 0.3 s" in expected
    assert instead == "StartTransaction: idTag is CARD-1, not CARD-2"


async def test_a_message_that_never_comes_is_told_with_those_that_did(central):
    steps = "  - start: $tag\n  - wait: {status: Charging}\n"
    steps += "  - sent: {message: StopTransaction, within: 100 ms}\n"
    _, _, instead = await fails(central, steps, TAG)
    assert "StartTransaction" in instead


async def test_what_one_step_has_found_the_next_does_not_find_again(central):
    found = "  - sent: {message: StartTransaction, within: 200 ms}\n"
    line, _, _ = await fails(central, "  - start: $tag\n" + found + found, TAG)
    assert line == 8


async def test_messages_before_the_last_action_are_found_from_the_start_only(central):
    boot = "  - plug\n  - sent: {message: BootNotification, within: 100 ms"
    await passes(central, boot + ", since: start}\n")
    line, _, _ = await fails(central, boot + "}\n")
    assert line == 7


async def test_a_message_that_must_not_come_is_a_failure_when_it_does(central):
    steps = "  - start: $tag\n  - not_sent: {message: StartTransaction, for: 3 s}\n"
    line, expected, instead = await fails(central, steps, TAG)
    assert (line, expected) == (7, "no StartTransaction")
    assert "idTag=CARD-1" in instead


async def test_what_cannot_be_done_fails_at_its_step_and_says_why(central):
    line, _, instead = await fails(central, "  - plug\n  - plug\n")
    assert line == 7
    assert "a vehicle is plugged into connector 1 already" in instead
    line, _, instead = await fails(central, "  - wait: {connector_id: 3, status: Available}\n")
    assert (line, instead) == (6, "the station has no connector 3")


async def test_a_fault_of_the_central_system_is_told_as_such(central):
    central.blocked.add("CARD-1")
    _, _, instead = await fails(
        central,
        "  - start: $tag\n"
        "  - sent: {message: Authorize, answer: {idTagInfo.status: Accepted}, within: 200 ms}\n",
        TAG,
    )
    assert instead == "Authorize: answer.idTagInfo.status is Blocked, not Accepted"


async def test_chance_is_the_same_for_the_same_seed(central):
    head = 'variables: {tags: "${hex 8}"}'
    steps = "".join(
        "  - chance: {percent: 50, steps: [say: heads], otherwise: [{say: '${between 1 999}'}]}\n"
        for _ in range(8)
    )
    told = []
    for seed in (1, 1, 2):
        notes = Notes()
        await passes(central, steps, head, seed=seed, watcher=notes)
        told.append([line for line in notes.lines if line.startswith(">>")])
    assert told[0] == told[1] != told[2]


async def test_steps_are_repeated_with_the_number_of_the_round(central):
    notes = Notes()
    await passes(central, "  - repeat: {times: 3, steps: [say: round $round]}\n", watcher=notes)
    assert [line for line in notes.lines if line.startswith(">>")] == [f">> round {n}" for n in (1, 2, 3)]


async def test_branches_run_together_and_a_failing_one_ends_the_others(central):
    steps = "  - together:\n      - [pause: 30 s]\n      - [expect: {status: Charging}]\n"
    result = await outcome(central, steps)
    assert result.failure is not None
    assert (result.failure.step.place.line, result.failure.step.kind) == (8, "expect")
    assert result.took_s < 10


async def test_several_stations_have_identities_and_messages_of_their_own(central):
    head = "stations: {left: {}, right: {connectors: 2}}"
    steps = (
        "  - {station: right, wait: {online: true}}\n"
        "  - {station: right, start: {id_tag: R, connector_id: 2}}\n"
        "  - {station: right, sent: {message: StartTransaction, with: {connectorId: 2}}}\n"
        "  - {station: left, not_sent: {message: StartTransaction, since: start}}\n"
    )
    text = f"about: a test\n{head}\nsteps:\n  - {{station: left, wait: {{online: true}}}}\n{steps}"
    where = Surroundings(endpoint=central.url, identity="S", client=HASTE)
    result = await run(read_scenario("s.yaml", text), where)
    assert result.failure is None
    assert {who for who, one in central.requests if isinstance(one, StartTransaction)} == {"S-right"}


async def test_by_hand_a_command_is_asked_for_and_waited_for(central):
    notes = Notes()

    class Hand(Notes):
        def said(self, text):
            notes.said(text)
            tasks.append(asyncio.ensure_future(central.ask(Reset(type=ResetType.SOFT))))

    tasks: list = []
    steps = "  - command: {action: Reset, with: {type: Soft}, answer: {status: Accepted}}\n"
    await passes(central, steps, watcher=Hand())
    assert notes.lines == [f">> send {IDENTITY} now: Reset type=Soft"]
    await asyncio.gather(*tasks)


async def test_commands_go_to_the_api_and_their_answers_are_compared(central):
    api = FakeApi((200, {"status": "Rejected"}))
    steps = "  - command: {action: Reset, with: {type: Hard}, answer: {status: Accepted}}\n"
    _, expected, instead = await fails(central, steps, api=api)
    assert api.asked == [("POST", f"charge-points/{IDENTITY}/commands/Reset", {"type": "Hard"})]
    assert expected == "an answer to Reset with status = Accepted"
    assert instead == "answer.status is Rejected, not Accepted"


async def test_an_error_that_is_expected_passes_and_another_does_not(central):
    refusal = (502, {"detail": "no", "call_error": {"code": "NotSupported"}})
    steps = "  - command: {action: ClearCache, error: %s}\n"
    await passes(central, steps % "NotSupported", api=FakeApi(refusal))
    _, _, instead = await fails(central, steps % "InternalError", api=FakeApi(refusal))
    assert instead == "it answered NotSupported"
    _, _, instead = await fails(central, steps % "InternalError", api=FakeApi((200, {"status": "Accepted"})))
    assert instead == "it answered status=Accepted"


async def test_what_the_api_refuses_is_told_in_its_words(central):
    api = FakeApi((409, {"detail": "Charge point 'CP1' is not connected."}))
    _, _, instead = await fails(central, "  - command: ClearCache\n", api=api)
    assert instead == "409 Conflict: Charge point 'CP1' is not connected."


async def test_the_api_is_asked_again_until_the_answer_fits(central):
    api = FakeApi((200, {"state": "waiting"}), (200, {"state": "done", "id": 7}))
    steps = "  - request: {path: jobs/1, answer: {state: done}, save: {n: id}}\n  - say: $n\n"
    notes = Notes()
    await passes(central, steps, api=api, watcher=notes)
    assert notes.lines[-1] == ">> 7"


async def test_a_command_of_anybody_is_seen_when_it_comes(central):
    async def ask():
        await central.until(lambda: bool(central.requests))
        await central.ask(ChangeAvailability(connector_id=1, type="Inoperative"))

    asking = asyncio.ensure_future(ask())
    await passes(
        central, "  - received: {message: ChangeAvailability, with: {connectorId: 1}, since: start}\n"
    )
    await asking


async def test_time_runs_as_fast_as_is_said(central):
    steps = "  - start: $tag\n  - wait: {status: Charging}\n  - pause: 10 min\n  - stop\n"
    steps += "  - sent: {message: StopTransaction, save: {stop: meterStop}}\n"
    result = await passes(central, steps, TAG, speed=600.0)
    assert result.took_s < 10
    start, stop = central.of(StartTransaction)[0], central.of(StopTransaction)[0]
    assert stop.meter_stop - start.meter_start > 500


async def test_stations_end_their_transactions_when_all_is_well(central):
    await passes(central, CHARGE, TAG)
    assert central.of(StopTransaction)


async def test_the_report_has_every_step_and_every_message(central):
    text = (
        f"about: a test\n{TAG}\nsteps:\n  - wait: {{online: true}}\n"
        + CHARGE
        + "  - expect: {status: Faulted}\n"
    )
    scenario = read_scenario("s.yaml", text)
    result = await run(scenario, Surroundings(endpoint=central.url, identity=IDENTITY, client=HASTE))
    report = json.loads(json_report(scenario, result, seed=3))
    assert report["passed"] is False
    assert report["failure"]["line"] == 7
    assert report["failure"]["instead"].startswith("status is ")
    assert [step["line"] for step in report["steps"]] == [4, 5, 6]
    start = next(one for one in report["exchanges"] if one["action"] == "StartTransaction")
    assert start["request"]["idTag"] == "CARD-1"
    assert start["answer"]["idTagInfo"]["status"] == "Accepted"


async def test_by_hand_what_only_the_api_knows_is_left_out_or_told(central):
    notes = Notes()
    steps = (
        "  - request: {method: POST, path: jobs, save: {job: id}, by_hand: have $id update its firmware}\n"
        "  - request: {path: jobs/$job, answer: {state: done}}\n"
    )
    await passes(central, steps, watcher=notes)
    assert [line for line in notes.lines if line.startswith(">>")] == [
        f">> now have {IDENTITY} update its firmware"
    ]


async def test_a_command_that_is_not_answered_in_time_is_a_failure(central):
    class Silent:
        async def ask(self, method, path, body=None):
            await asyncio.Event().wait()

    _, expected, instead = await fails(
        central, "  - command: {action: ClearCache, within: 100 ms}\n", api=Silent()
    )
    assert (expected, instead) == ("an answer to ClearCache within 0.1 s", "there was none")
