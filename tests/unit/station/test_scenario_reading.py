"""A scenario's file is understood whole before anything runs, and each problem is told with its place."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.station.simulator.actions import VERBS
from voltline.station.simulator.scenario.library import shipped, shipped_texts
from voltline.station.simulator.scenario.reading import Scenario, read_scenario
from voltline.station.simulator.scenario.reference_page import page
from voltline.station.simulator.scenario.steps import COMMON, STEPS
from voltline.station.simulator.yaml_text import Unreadable

WRITTEN = Path(__file__).parents[3] / "docs" / "reference" / "scenarios.md"


def scenario(steps: str, head: str = "") -> Scenario:
    return read_scenario("s.yaml", f"about: a test\n{head}\nsteps:\n{steps}")


def problems(steps: str, head: str = "") -> list[str]:
    with pytest.raises(Unreadable) as raised:
        scenario(steps, head)
    return str(raised.value).splitlines()


def problem(steps: str, head: str = "") -> str:
    (only,) = problems(steps, head)
    return only


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    found = problems(
        "  - plug: {conector_id: 1}\n  - wait: {status: Chargin}\n  - jump: 1\n", "station: {conectors: 2}"
    )
    assert [one.split(": ")[0] for one in found] == [
        "s.yaml:2:11",
        "s.yaml:4:12",
        "s.yaml:5:20",
        "s.yaml:6:5",
    ]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("  - plg: 1", "s.yaml:4:5: no step is called 'plg'; did you mean 'plug'?"),
        ("  - fault: GroundFailur", "no error code is called 'GroundFailur'"),
        ("  - fault", "'fault' needs its error code"),
        ("  - wait: {status: charging}", "no word here is called 'charging'; did you mean 'Charging'?"),
        ("  - wait: {within: 3 s}", "'wait' needs a state"),
        ("  - wait: {online: true, within: soon}", "'soon' is no duration; write 2 s, 500 ms"),
        ("  - wait: {energy_wh: {atleast: 3}}", "'atleast'; did you mean 'at_least'?"),
        ("  - wait: {energy_wh: {at_least: much}}", "at_least takes a number or an instant, not 'much'"),
        ("  - sent: StartTransaktion", "did you mean 'StartTransaction'?"),
        ("  - sent: RemoteStartTransaction", "no message of a charge point is called"),
        ("  - sent: {message: Heartbeat, with: {status: x}}", "Heartbeat has no fields"),
        (
            "  - sent: {message: StartTransaction, with: {idtag: x}}",
            "no field of StartTransaction is called 'idtag'; did you mean 'idTag'?",
        ),
        (
            "  - sent: {message: StartTransaction, answer: {idTagInfo.state: x}}",
            "no field of IdTagInfo is called 'state'; did you mean 'status'?",
        ),
        (
            "  - sent: {message: StartTransaction, save: {t: answer.transactionld}}",
            "did you mean 'transactionId'?",
        ),
        ("  - sent: {message: Authorize, error: NotSuported}", "did you mean 'NotSupported'?"),
        ("  - command: {action: Reset, with: {type: Gentle}}", "Gentle"),
        ("  - command: UnlockConnector", "connectorId"),
        ("  - command: {action: UnlockConnector, with: {connectorId: -1}}", "the connector is -1"),
        ("  - tag: $nobody", "no variable is called 'nobody'"),
        ("  - tag: ${hex many}", "${hex many} stands for nothing; write ${name}"),
        ("  - {plug: 1, tag: A}", "one step does one thing, not 'plug' and 'tag'"),
        ("  - name: idle", "this step does nothing"),
        ("  - offline: 3", "'offline' takes nothing behind it"),
        ("  - repeat: {times: 0, steps: [plug]}", "0 is not a whole number from 1 to 10000"),
        ("  - repeat: {times: 2, steps: []}", "a list stands where a list of steps is expected"),
        ("  - {station: left, plug: 1}", "there is but one station"),
        ("  - wait: [", "no YAML"),
    ],
)
def test_a_problem_names_what_is_wrong_and_what_would_be_right(steps: str, told: str):
    assert told in "\n".join(problems(steps))


def test_a_problem_inside_what_is_sent_is_told_where_it_stands():
    text = "  - command:\n      action: ReserveNow\n      with:\n        connectorId: 1\n        idTag: A\n"
    text += "        reservationId: 3\n        expiryDate: tomorrow\n"
    assert problem(text).startswith("s.yaml:10:21: ")


def test_a_station_of_no_possible_make_is_told_of():
    assert "no property of a station is called 'conectors'; did you mean 'connectors'?" in problem(
        "  - plug", "station: {conectors: 3}"
    )
    assert "MeterValueSampleInterval" in problem(
        "  - plug", "station: {configuration: {MeterValueSampleInterval: soon}}"
    )
    assert "did you mean 'delta-ac-max'?" in problem("  - plug", "station: {template: delta-ac-mx}")


def test_with_several_stations_a_step_says_which_is_meant():
    head = "stations: {left: {}, right: {connectors: 2}}"
    assert "say which station with station: left or right" in problem("  - plug: 1", head)
    assert "did you mean 'right'?" in problem("  - {station: rigth, plug: 1}", head)
    read = scenario("  - {station: right, plug: 2}", head)
    assert read.stations["right"].connectors == 2
    assert read.steps[0].station == "right"


def test_variables_are_known_from_where_they_get_a_value_on():
    assert "no variable is called 't'" in problem(
        "  - command: {action: RemoteStopTransaction, with: {transactionId: $t}}\n"
        "  - sent: {message: StartTransaction, save: {t: answer.transactionId}}"
    )
    scenario(
        "  - sent: {message: StartTransaction, save: {t: answer.transactionId}}\n"
        "  - command: {action: RemoteStopTransaction, with: {transactionId: $t}}"
    )


def test_texts_stay_as_they_are_written_and_are_not_taken_for_numbers():
    (step,) = scenario("  - tag: 00000000").steps
    assert step.arguments == {"id_tag": "00000000"}
    (step,) = scenario(
        "  - command: {action: RemoteStartTransaction, with: {connectorId: 2, idTag: 0492}}"
    ).steps
    assert step.arguments["with"] == {"connectorId": 2, "idTag": "0492"}


@pytest.mark.parametrize(
    "text", ["", "- 1", "7", "steps: []", "about: x", "about: x\nsteps: {}", "about: [x]\nsteps: [plug]"]
)
def test_what_is_no_scenario_is_told_so(text: str):
    with pytest.raises(Unreadable, match=r"s\.yaml:\d+:\d+: "):
        read_scenario("s.yaml", text)


WORDS = st.sampled_from(
    [
        *STEPS,
        *VERBS,
        *COMMON,
        "about",
        "steps",
        "station",
        "stations",
        "variables",
        "message",
        "with",
        "answer",
    ]
)
TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | WORDS
    | st.sampled_from(["$x", "${hex 3}"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(TREES)
def test_no_file_makes_reading_fail_otherwise_than_with_places(tree: object):
    for text in (json.dumps(tree), "about: x\nsteps:\n  - " + json.dumps(tree)):
        try:
            read_scenario("s.yaml", text)
        except Unreadable as error:
            assert all(line.startswith("s.yaml:") for line in str(error).splitlines())


@given(st.text(max_size=60))
def test_no_text_makes_reading_fail_otherwise_than_with_places(text: str):
    try:
        read_scenario("s.yaml", text)
    except Unreadable as error:
        assert error.problems


def test_no_step_has_the_name_of_a_verb():
    assert not set(STEPS) & set(VERBS)
    assert not (set(STEPS) | set(VERBS)) & set(COMMON)


def test_every_example_of_the_reference_can_be_read():
    for kind in STEPS.values():
        text = "\n".join(f"  {line}" for line in kind.example.splitlines())
        read = scenario(text, "variables: {tag: A, other: B, group: G}")
        assert read.steps[0].kind == kind.name


def test_every_shipped_scenario_can_be_read_and_says_what_it_is_about():
    for name in shipped_texts():
        about = shipped(name).about
        assert about.endswith("."), name
        assert len(about) <= 110, name


def test_reference_page_is_up_to_date():
    assert WRITTEN.read_text(encoding="utf-8") == page(), (
        "run: python -m voltline.station.simulator.scenario.reference_page > docs/reference/scenarios.md"
    )
