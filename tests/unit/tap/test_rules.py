"""Rules take the frames they are about, as often as they say, and no others."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from voltline.inspection.records import Direction
from voltline.station.simulator.yaml_text import Unreadable
from voltline.tap.rules import Judge, Verdict
from voltline.tap.rules_file import read_rules

UP, DOWN = Direction.FROM_STATION, Direction.FROM_CENTRAL


def call(action: str, payload: Any = None, message_id: str = "1") -> str:
    return json.dumps([2, message_id, action, payload or {}])


def judge(text: str, station: str = "CP1") -> Judge:
    return Judge(read_rules("rules.yaml", text), station)


def only(verdict: Verdict | None) -> Verdict:
    assert verdict is not None
    return verdict


def test_a_dropped_frame_does_not_go_on() -> None:
    rules = judge("rules: [{name: lose, action: MeterValues, do: drop}]")
    assert rules.judge(UP, call("Heartbeat")) is None
    assert only(rules.judge(UP, call("MeterValues"))) == Verdict("lose", "dropped", ())


def test_an_answer_has_the_action_of_its_call() -> None:
    rules = judge("rules: [{type: result, action: StartTransaction, do: drop}]")
    assert rules.judge(UP, call("StartTransaction", message_id="7")) is None
    assert rules.judge(UP, call("Heartbeat", message_id="8")) is None
    assert rules.judge(DOWN, '[3,"8",{}]') is None
    assert only(rules.judge(DOWN, '[3,"7",{}]')).onward == ()


def test_the_same_message_id_of_both_sides_is_two_calls() -> None:
    rules = judge("rules: [{type: result, action: Reset, do: drop}]")
    rules.judge(UP, call("Heartbeat", message_id="1"))
    rules.judge(DOWN, call("Reset", message_id="1"))
    assert rules.judge(DOWN, '[3,"1",{}]') is None
    assert rules.judge(UP, '[3,"1",{"status":"Accepted"}]') is not None


@pytest.mark.parametrize(
    ("how_often", "taken"),
    [
        ("every: 3", [3, 6, 9]),
        ("first: 2", [1, 2]),
        ("skip: 7", [8, 9, 10]),
        ("skip: 2, every: 2, first: 3", [4, 6, 8]),
        ("probability: 0", []),
    ],
)
def test_a_rule_applies_as_often_as_it_says(how_often: str, taken: list[int]) -> None:
    rules = judge(f"rules: [{{action: Heartbeat, do: drop, {how_often}}}]")
    verdicts = [rules.judge(UP, call("Heartbeat")) for _ in range(10)]
    assert [number for number, one in enumerate(verdicts, 1) if one is not None] == taken


def test_frames_are_counted_for_each_charge_point() -> None:
    rules = read_rules("rules.yaml", "rules: [{do: drop, first: 1}]")
    for station in ("CP1", "CP2"):
        one = Judge(rules, station)
        assert one.judge(UP, call("Heartbeat")) is not None
        assert one.judge(UP, call("Heartbeat")) is None


def test_chance_with_a_seed_falls_the_same_way_again() -> None:
    text = "{seed: 7, rules: [{do: drop, probability: 0.5}]}"
    runs = [[judge(text).judge(UP, call("Heartbeat")) is None for _ in range(1)] for _ in range(5)]
    assert all(run == runs[0] for run in runs)
    rules = judge(text)
    dropped = sum(rules.judge(UP, call("Heartbeat")) is not None for _ in range(1000))
    assert 400 < dropped < 600


def test_a_rule_is_about_its_charge_points_and_its_direction() -> None:
    text = 'rules: [{station: "CP-*", direction: from_central, do: drop}]'
    assert not judge(text, "OTHER").concerned
    rules = judge(text, "CP-7")
    assert rules.judge(UP, call("Heartbeat")) is None
    assert rules.judge(DOWN, call("Reset")) is not None


def test_values_are_put_in_and_taken_away() -> None:
    rules = judge(
        "rules: [{do: {change: {set: {$.idTag: OTHER, $.new.deep: 5, '$.list[*].n': 0},"
        " remove: [$.gone, '$.list[0].x']}}}]"
    )
    before = {"idTag": "TAG", "gone": 1, "list": [{"n": 1, "x": 2}, {"n": 3}]}
    verdict = only(rules.judge(UP, call("Authorize", before)))
    assert json.loads(verdict.onward[0] or "")[3] == {
        "idTag": "OTHER",
        "list": [{"n": 0}, {"n": 0}],
        "new": {"deep": 5},
    }
    assert verdict.did == "changed"


def test_a_change_that_changes_nothing_is_not_claimed() -> None:
    rules = judge("rules: [{do: {change: {set: {$.idTag: TAG}, remove: [$.none]}}}]")
    assert rules.judge(UP, call("Authorize", {"idTag": "TAG"})) is None
    assert rules.judge(UP, "no frame at all") is None


def test_a_call_is_answered_instead() -> None:
    rules = judge(
        "rules:\n- {action: Authorize, do: {answer: {idTagInfo: {status: Blocked}}}}\n"
        "- {action: DataTransfer, do: {error: {code: InternalError, description: no}}}\n"
    )
    accepted = only(rules.judge(UP, call("Authorize", message_id="9")))
    assert (accepted.onward, accepted.back) == ((), '[3,"9",{"idTagInfo":{"status":"Blocked"}}]')
    refused = only(rules.judge(UP, call("DataTransfer", message_id="10")))
    assert refused.back == '[4,"10","InternalError","no",{}]'


def test_a_frame_is_delayed_or_sent_again() -> None:
    assert only(judge("rules: [{do: {delay: 5}}]").judge(UP, call("Heartbeat"))).after_s == 5
    between = only(judge("rules: [{do: {delay: 0.5-2}}]").judge(UP, call("Heartbeat"))).after_s
    assert 0.5 <= between <= 2
    again = only(judge("rules: [{do: {duplicate: 2}}]").judge(UP, call("Heartbeat")))
    assert (again.onward, again.did) == ((None, None, None), "sent 3 times")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rules: []", "1:8: rules: has to be a list of rules"),
        ("{}", "1:1: rules: has to be a list of rules"),
        ("rules: [{action: Heartbeat}]", "1:9: the rule has no do:"),
        ("rules: [{action: Hartbeat, do: drop}]", "did you mean 'Heartbeat'?"),
        ("rules: [{do: dorp}]", "did you mean 'drop'?"),
        ("rules: [{do: {delay: -1}}]", "1:22: delay: is seconds"),
        ("rules: [{do: {delay: 5-2}}]", "1:22: delay: is seconds"),
        ("rules: [{do: drop, every: 0}]", "1:27: a number from 1 to 1000000 is expected, not '0'"),
        ("rules: [{do: drop, probability: 2}]", "a number from 0 to 1 is expected"),
        ("rules: [{do: drop, direction: up}]", "no direction is called 'up'"),
        ("rules: [{do: drop, type: answer}]", "there are call, error, result"),
        ("rules: [{do: {change: {set: {idTag: x}}}}]", "'idTag' is no path in a payload"),
        ("rules: [{do: {change: {}}}]", "the change changes nothing"),
        ("rules: [{do: {answer: 5}}]", "the payload of an answer is a mapping"),
        ("rules: [{type: result, do: {answer: {}}}]", "only a call can be answered instead"),
        ("rules: [{do: {error: {description: x}}}]", "an error has a code:"),
        ("rules: [{do: drop, stations: x}]", "did you mean 'station'?"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(text: str, complaint: str) -> None:
    with pytest.raises(Unreadable) as failed:
        read_rules("rules.yaml", text)
    assert complaint in str(failed.value)
    assert str(failed.value).startswith("rules.yaml:1:")


def test_the_rules_of_the_manual_can_be_used() -> None:
    page = (Path(__file__).parents[3] / "docs" / "howto" / "tap.md").read_text()
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(read_rules("tap.md", example).rules) == 5
