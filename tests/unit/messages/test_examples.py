"""The example messages: valid to everyone who reads them."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for

from voltline.messages import ACTIONS, Payload, action_of
from voltline.messages.configuration_keys import CONFIGURATION_KEYS
from voltline.messages.examples import EXAMPLES
from voltline.messages.json_schema import json_schema
from voltline.messages.reading import Mode, encode, read_request, read_response

MESSAGES: list[Payload] = [message for pair in EXAMPLES.values() for message in pair]


def decimals(text: str | bytes) -> Any:
    """JSON with exact decimals: in binary floating point 0.3 is no multiple of 0.1."""
    return json.loads(text, parse_float=Decimal)


def faults(schema: Any, message: Payload) -> list[str]:
    validator = validator_for(schema)
    checker = validator.FORMAT_CHECKER
    return [
        f"{error.json_path}: {error.message}"
        for error in validator(schema, format_checker=checker).iter_errors(decimals(encode(message)))
    ]


def test_every_action_has_an_example_of_its_own_types() -> None:
    assert EXAMPLES.keys() == ACTIONS.keys()
    for name, (request, response) in EXAMPLES.items():
        assert action_of(request) is ACTIONS[name]
        assert type(request) is ACTIONS[name].request
        assert type(response) is ACTIONS[name].response


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("mode", Mode)
def test_an_example_is_read_back_as_it_was_without_a_deviation(name: str, mode: Mode) -> None:
    request, response = EXAMPLES[name]
    read = read_request(ACTIONS[name], encode(request), mode)
    assert (read.message, read.deviations) == (request, ())
    answer = read_response(ACTIONS[name], encode(response), mode)
    assert (answer.message, answer.deviations) == (response, ())


@pytest.mark.requirement("FRM-34")
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_an_example_is_valid_by_the_official_schema(message: Payload, shared_spec: Path) -> None:
    file = shared_spec / "schemas" / f"{type(message).__name__}.json"
    assert faults(decimals(file.read_text("utf-8-sig")), message) == []


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_an_example_is_valid_by_our_own_schema(message: Payload) -> None:
    assert faults(decimals(json.dumps(json_schema(type(message)))), message) == []


def test_the_corpus_has_every_example_as_its_frame() -> None:
    corpus = Path(__file__).parents[2] / "corpus" / "frames.jsonl"
    frames = {line["name"]: line for line in map(json.loads, corpus.read_text("utf-8").splitlines())}
    for name, (request, response) in EXAMPLES.items():
        assert frames[f"example: {name}"]["action"] == name
        assert frames[f"example: {name}"]["payload"] == json.loads(encode(request))
        assert frames[f"example: {name}Response"]["payload"] == json.loads(encode(response))


def test_configuration_keys_of_the_examples_are_what_they_say() -> None:
    change = decimals(encode(EXAMPLES["ChangeConfiguration"][0]))
    assert CONFIGURATION_KEYS[change["key"]].problem(change["value"]) is None
    answer = decimals(encode(EXAMPLES["GetConfiguration"][1]))
    for entry in answer["configurationKey"]:
        assert CONFIGURATION_KEYS[entry["key"]].problem(entry["value"]) is None
    assert all(key not in CONFIGURATION_KEYS for key in answer["unknownKey"])
