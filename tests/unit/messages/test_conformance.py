"""The declarations against the official JSON schemas, field by field.

Every place where they differ on purpose is listed in DIFFERENCES with its reason. A difference that is not
listed fails, and so does an entry of the list that no longer applies.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from voltline.messages import ACTIONS, Payload
from voltline.messages.json_schema import json_schema

PAYLOADS: dict[str, type[Payload]] = {
    payload.__name__: payload for action in ACTIONS.values() for payload in (action.request, action.response)
}

Rule = tuple[str, str]  # JSON path without indices, keyword


class Difference(NamedTuple):
    """Where and how ours is not theirs. An absent keyword is None."""

    message: str
    path: str
    keyword: str
    theirs: object
    ours: object


_AT_LEAST_ONE = "the text says 1..*, the schemas left it out; a list without a value says nothing"

DIFFERENCES: dict[Difference, str] = {
    Difference(
        "MeterValues", "$.meterValue[].sampledValue[].unit", "enum", frozenset({"Hertz"}), frozenset()
    ): (
        "no OCPP 1.6 text and no schema of the Open Charge Alliance knows Hertz; this copy added it to "
        "MeterValues alone. Frequency has no unit (OCPP 1.6, 7.31). Tolerant reading keeps the word."
    ),
    Difference("StopTransaction", "$.transactionData[].sampledValue", "minItems", None, 1): _AT_LEAST_ONE,
    Difference(
        "SetChargingProfile",
        "$.csChargingProfiles.chargingSchedule.chargingSchedulePeriod",
        "minItems",
        None,
        1,
    ): _AT_LEAST_ONE,
    Difference(
        "RemoteStartTransaction",
        "$.chargingProfile.chargingSchedule.chargingSchedulePeriod",
        "minItems",
        None,
        1,
    ): _AT_LEAST_ONE,
    Difference(
        "GetCompositeScheduleResponse",
        "$.chargingSchedule.chargingSchedulePeriod",
        "minItems",
        None,
        1,
    ): _AT_LEAST_ONE,
}

# Where the editions of the official schemas differ among themselves: what we follow, and why.
EDITIONS: list[tuple[str, str, str, object, str]] = [
    (
        "StopTransaction",
        "$.reason",
        "required",
        False,
        "required at first; optional since 2019-12 (errata 2.5)",
    ),
    ("BootNotificationResponse", "$.interval", "type", "integer", "a number at first (errata 2.3)"),
    ("UpdateFirmware", "$.retries", "type", "integer", "a number at first (errata 2.4)"),
    ("UpdateFirmware", "$.retryInterval", "type", "integer", "a number at first (errata 2.4)"),
    (
        "SendLocalList",
        "$.localAuthorizationList[].idTagInfo.expiryDate",
        "format",
        "date-time",
        "stood outside of `properties` at first, and so went unchecked (errata 2.2)",
    ),
    (
        "SendLocalList",
        "$.localAuthorizationList[].idTagInfo.parentIdTag",
        "maxLength",
        20,
        "stood outside of `properties` at first, and so went unchecked (errata 2.2)",
    ),
    (
        "MeterValues",
        "$.meterValue[].sampledValue[]",
        "additionalProperties",
        False,
        "inner objects were open at first; closed everywhere since 2019-12 (errata 3.1)",
    ),
    (
        "CertificateSigned",
        "$.certificateChain",
        "maxLength",
        10000,
        "a list `cert` of 5500 in edition 1 of the security whitepaper",
    ),
    (
        "DeleteCertificate",
        "$.certificateHashData.serialNumber",
        "maxLength",
        40,
        "20 in edition 1 of the security whitepaper",
    ),
]

_COMPARED = (
    "type",
    "maxLength",
    "format",
    "multipleOf",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "pattern",
)


def rules(schema: dict[str, Any]) -> dict[Rule, object]:
    """Every rule of a schema by path and keyword, references followed, whatever the dialect."""
    return dict(_rules(schema, schema, "$"))


def _rules(node: dict[str, Any], root: dict[str, Any], path: str) -> Iterator[tuple[Rule, object]]:
    node = _followed(node, root)
    for keyword in _COMPARED:
        if keyword in node:
            yield (path, keyword), node[keyword]
    if "enum" in node:
        yield (path, "enum"), frozenset(node["enum"])
    if node.get("type") == "object":
        # On a string, where the 2019-12 files put it too, it has no effect.
        yield (path, "additionalProperties"), node.get("additionalProperties", True)
        required, properties = set(node.get("required", ())), node.get("properties", {})
        assert required <= properties.keys(), f"{path} requires a field that it does not have"
        for name, field in properties.items():
            yield (f"{path}.{name}", "required"), name in required
            yield from _rules(field, root, f"{path}.{name}")
    if node.get("type") == "array":
        yield from _rules(node["items"], root, f"{path}[]")


def _followed(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    target = root
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {**node, **target}


def differences(message: str, official: dict[str, Any]) -> set[Difference]:
    theirs, ours = rules(official), rules(json_schema(PAYLOADS[message]))
    found = set()
    for path, keyword in theirs.keys() | ours.keys():
        their, our = theirs.get((path, keyword)), ours.get((path, keyword))
        if their == our:
            continue
        if isinstance(their, frozenset) and isinstance(our, frozenset):
            their, our = their - our, our - their  # only the words that one of them lacks
        found.add(Difference(message, path, keyword, their, our))
    return found


def official_schemas(shared_spec: Path) -> dict[str, dict[str, Any]]:
    return {
        file.stem: json.loads(file.read_text("utf-8-sig"))
        for file in (shared_spec / "schemas").glob("*.json")
    }


@pytest.mark.requirement("FRM-34", "FRM-35", "GEN-15")
def test_every_official_schema_has_its_declaration_and_the_other_way_round(shared_spec: Path) -> None:
    assert official_schemas(shared_spec).keys() == PAYLOADS.keys()
    assert len(PAYLOADS) == 78
    assert {difference.message for difference in DIFFERENCES} <= PAYLOADS.keys()


@pytest.mark.requirement("FRM-34", "FRM-35", "GEN-15")
@pytest.mark.parametrize("message", sorted(PAYLOADS))
def test_declaration_agrees_with_the_official_schema(message: str, shared_spec: Path) -> None:
    deliberate = {difference for difference in DIFFERENCES if difference.message == message}
    assert differences(message, official_schemas(shared_spec)[message]) == deliberate


@pytest.mark.parametrize(("message", "path", "keyword", "value", "why"), EDITIONS)
@pytest.mark.requirement("FRM-35")
def test_declaration_follows_the_newer_edition(
    message: str, path: str, keyword: str, value: object, why: str
) -> None:
    assert rules(json_schema(PAYLOADS[message]))[path, keyword] == value, why


@pytest.mark.requirement("MTV-29")
def test_temperature_may_be_in_celcius_or_celsius_wherever_a_value_is_sent() -> None:
    for message, path in (("MeterValues", "$.meterValue"), ("StopTransaction", "$.transactionData")):
        units = rules(json_schema(PAYLOADS[message]))[f"{path}[].sampledValue[].unit", "enum"]
        assert isinstance(units, frozenset)
        assert {"Celcius", "Celsius"} <= units
        assert "Hertz" not in units


@pytest.mark.parametrize(
    ("fault", "keyword"),
    [
        ({"properties": {"idTag": {"type": "string", "maxLength": 21}}}, "maxLength"),
        ({"properties": {"idTag": {"type": "integer", "maxLength": 20}}}, "type"),
        ({"properties": {"idTag": {"type": "string"}}}, "maxLength"),
        ({"properties": {"idTag": {"type": "string", "maxLength": 20}, "x": {"type": "string"}}}, "required"),
        ({"required": []}, "required"),
        ({"additionalProperties": True}, "additionalProperties"),
        ({"properties": {"idTag": {"type": "string", "maxLength": 20, "enum": ["A"]}}}, "enum"),
        ({"properties": {"idTag": {"type": "string", "maxLength": 20, "format": "uri"}}}, "format"),
    ],
)
def test_the_comparison_sees_a_planted_fault(fault: dict[str, Any], keyword: str) -> None:
    sound = {
        "type": "object",
        "properties": {"idTag": {"type": "string", "maxLength": 20}},
        "required": ["idTag"],
        "additionalProperties": False,
    }
    assert differences("Authorize", sound) == set()
    assert keyword in {difference.keyword for difference in differences("Authorize", sound | fault)}
