"""The JSON Schemas that are made from the declarations."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from voltline.messages import ACTIONS, Authorize, Heartbeat, MeterValues, SetChargingProfile, StartTransaction
from voltline.messages.json_schema import DIALECT, json_schema, schema_components

PAYLOADS = [payload for action in ACTIONS.values() for payload in (action.request, action.response)]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.__name__)
def test_the_schema_is_a_valid_document_of_its_own(payload: Any) -> None:
    schema = json_schema(payload)
    assert schema["$schema"] == DIALECT
    assert (schema["title"], schema["type"]) == (payload.__name__, "object")
    assert schema["additionalProperties"] is False
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    references = set(_references(schema))
    assert references == {f"#/$defs/{name}" for name in schema.get("$defs", {})}


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.__name__)
def test_every_field_and_object_says_what_it_means(payload: Any) -> None:
    schema = json_schema(payload)
    for owner in (schema, *schema.get("$defs", {}).values()):
        assert owner["title"]
        assert owner["description"]
        for name, field in owner.get("properties", {}).items():
            assert field.get("description"), f"{owner['title']}.{name}"


def test_an_empty_payload_has_no_definitions() -> None:
    schema = json_schema(Heartbeat)
    assert schema["properties"] == {}
    assert "$defs" not in schema


def test_a_number_tells_its_unit() -> None:
    assert json_schema(StartTransaction)["properties"]["meterStart"]["x-unit"] == "Wh"


def test_words_stand_in_the_order_of_the_declaration_with_their_meanings() -> None:
    reading_context = json_schema(MeterValues)["$defs"]["ReadingContext"]
    assert reading_context["type"] == "string"
    assert reading_context["enum"][0] == "Interruption.Begin"
    assert reading_context["enum"][-1] == "Other"
    assert reading_context["x-meanings"].keys() == set(reading_context["enum"])


def test_a_limit_has_at_most_one_decimal() -> None:
    periods = json_schema(SetChargingProfile)["$defs"]["ChargingSchedulePeriod"]
    assert periods["properties"]["limit"]["type"] == "number"
    assert periods["properties"]["limit"]["multipleOf"] == 0.1


def test_components_of_many_payloads_are_named_once() -> None:
    references, components = schema_components([Authorize, StartTransaction, MeterValues])
    assert references == [
        {"$ref": f"#/components/schemas/{name}"} for name in ("Authorize", "StartTransaction", "MeterValues")
    ]
    assert {"Authorize", "StartTransaction", "MeterValues", "SampledValue", "Measurand"} <= components.keys()
    everything = {"components": {"schemas": components}}
    assert set(_references(everything)) <= {f"#/components/schemas/{name}" for name in components}


def test_the_schemas_of_all_messages_fit_into_one_document() -> None:
    references, components = schema_components(PAYLOADS)
    assert len(references) == 78
    assert {payload.__name__ for payload in PAYLOADS} <= components.keys()


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []
