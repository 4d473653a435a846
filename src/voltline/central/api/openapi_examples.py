"""Examples for the OpenAPI description, made from the schemas so that they always fit them.

A schema's own example goes first, then what a field of that name usually holds, then what the schema allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_REF = "#/components/schemas/"
_TIME = "2026-03-01T12:00:00Z"
_DEEPEST = 8

_BY_NAME: Mapping[str, Any] = {
    "action": "Reset",
    "answer": {"status": "Accepted"},
    "asked_by": "billing",
    "authorization_status": "Accepted",
    "certificate": "-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n",
    "charge_box_serial_number": "BOX-0001",
    "charge_point": "CP1",
    "charge_point_serial_number": "SN-0001",
    "code": "NotSupported",
    "created_by": "admin",
    "detail": "There is no such thing.",
    "duration_ms": 12.5,
    "energy_wh": 12340,
    "error_code": "NoError",
    "example": '{"connectorId":1}',
    "expiry_date": "2027-03-01T12:00:00Z",
    "firmware_version": "1.4.2",
    "format": "Raw",
    "id_tag": "04A2B6C81F5E80",
    "identity": "CP1",
    "key": "HeartbeatInterval",
    "kind": "charge-point.booted",
    "location": "Outlet",
    "measurand": "Energy.Active.Import.Register",
    "message_id": "58f3ae7a965c49e2-24",
    "meter_start_wh": 1000,
    "meter_stop_wh": 13340,
    "model": "Wallbox 22",
    "name": "Depot 7",
    "notes": "by the north gate",
    "next_cursor": "MTAw",
    "parent_id_tag": "FLEET",
    "payload": {"type": "Soft"},
    "remote": "192.0.2.7",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "status": "Accepted",
    "stop_reason": "Local",
    "subject": {"registration": "Accepted"},
    "text": '[2,"24","Heartbeat",{}]',
    "unit": "Wh",
    "value": "13340",
    "vendor": "Acme",
    "vendor_id": "com.example",
    "version": "1.4.2",
}
_BODIES: Mapping[str, Any] = {
    "addChargePoint": {"identity": "CP1", "registration": "Accepted", "name": "Depot 7"},
    "addDataTransferRule": {"vendor_id": "com.example", "message_id": "ping", "status": "Accepted"},
    "addIdTag": {"id_tag": "04E91C5A123456", "parent_id_tag": "FLEET", "notes": "the blue van"},
    "addReservation": {
        "charge_point": "CP1",
        "connector_id": 1,
        "id_tag": "04E91C5A123456",
        "duration_s": 900,
    },
    "addToken": {"name": "billing", "role": "viewer", "valid_days": 365},
    "adoptIdTag": {"parent_id_tag": "FLEET", "notes": "the blue van"},
    "bringCertificate": {
        "certificate_chain": "-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"
    },
    "closeFinding": {"note": "the new firmware mends it"},
    "closeTransaction": {"note": "the charge point was replaced"},
    "discardQuarantined": {"note": "a test"},
    "dismissCertificateRequest": {"reason": "it was not expected"},
    "editChargePoint": {"name": "Depot 7", "notes": "by the north gate"},
    "editIdTag": {"blocked": True},
    "editLocalList": {"enabled": True},
    "getDiagnostics": {"since": "2026-03-01T00:00:00Z"},
    "getLog": {"log_type": "DiagnosticsLog"},
    "muteFinding": {"until": "2026-06-01T00:00:00Z", "note": "the maker works on it"},
    "putIdTag": {"parent_id_tag": "FLEET", "expires_at": "2027-03-01T12:00:00Z", "max_transactions": 1},
    "reboot": {"type": "soft"},
    "replaceDataTransferRule": {"vendor_id": "com.example", "url": "http://127.0.0.1:7000/ocpp"},
    "setLimit": {"amperes": 10, "connector": 1},
    "startCharging": {"id_tag": "04E91C5A123456", "connector": 1},
    "stopCharging": {"connector": 1},
    "transferData": {"vendor_id": "com.example", "message_id": "ping", "data": "hello"},
    "updateFirmware": {"file_id": 1},
}
"""By operation, where the schema cannot tell what makes sense together."""
_PARAMETERS: Mapping[str, Any] = {
    "identity": "CP1",
    "id_tag": "04A2B6C81F5E80",
    "connector_id": 1,
    "job_id": "0195f2a0c3f04b1c8a7d3e2f1a0b9c8d",
    "name": "billing",
}


def describe_examples(document: dict[str, Any]) -> None:
    """Add an example to every body, answer and path parameter that has none."""
    made = _Making(document["components"]["schemas"])
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path" and "example" not in parameter and "examples" not in parameter:
                parameter["example"] = made.parameter(parameter["name"], parameter["schema"])
        content = _without_example(operation.get("requestBody", {}))
        if content is not None:
            given = _BODIES.get(operation["operationId"])
            content["example"] = made.body(content["schema"]) if given is None else given
        for status, answer in operation["responses"].items():
            content = _without_example(answer) if status.startswith("2") else None
            if content is not None:
                content["example"] = made.example(content.get("schema", {}))


def _without_example(described: Mapping[str, Any]) -> dict[str, Any] | None:
    """The JSON of a body or an answer that has no example yet; None: there is none such."""
    content: dict[str, Any] | None = described.get("content", {}).get("application/json")
    return None if content is None or "example" in content or "examples" in content else content


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "responses" in operation:
                yield operation


class _Making:
    """Makes examples of schemas that refer to these."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def parameter(self, name: str, schema: Mapping[str, Any]) -> Any:
        value = _PARAMETERS.get(name)
        kind = self._resolved(schema).get("type")
        if (kind == "integer") != isinstance(value, int):
            value = None
        return self.example(schema) if value is None else value

    def body(self, schema: Mapping[str, Any]) -> Any:
        """What a client would send: what is required, and what the schema itself has an example of."""
        schema = self._resolved(schema)
        required = set(schema.get("required", ()))
        return {
            name: self.example(inner, name, 1)
            for name, inner in schema.get("properties", {}).items()
            if name in required or "examples" in self._resolved(inner)
        }

    def example(self, schema: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
        """Something that fits the schema; `name`: of the field that it is for."""
        schema = self._resolved(schema)
        if schema.get("examples"):
            return schema["examples"][0]
        for word in ("const", "example"):
            if word in schema:
                return schema[word]
        options = [one for key in ("oneOf", "anyOf") for one in schema.get(key, ())]
        if options:
            best = [one for one in options if self._resolved(one).get("type") != "null"]
            return self.example(best[0] if best else options[0], name, depth)
        if "enum" in schema:
            usual = _BY_NAME.get(name)
            return usual if usual in schema["enum"] else schema["enum"][0]
        return self._of_kind(schema, name, depth)

    def _of_kind(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        usual = _BY_NAME.get(name)
        match kind:
            case "object":
                if "properties" not in schema and isinstance(usual, dict):
                    return usual
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return self._text(schema, usual, name)
            case "integer" | "number":
                return _number(schema, usual)
            case "boolean":
                return schema.get("default", True)
        return usual

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        required = set(schema.get("required", ()))
        return {
            name: self.example(inner, name, depth + 1)
            for name, inner in properties.items()
            if depth < _DEEPEST or name in required
        }

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        if depth >= _DEEPEST and not least:
            return []
        return [self.example(schema.get("items", {}), name, depth + 1)] * max(least, 1)

    @staticmethod
    def _text(schema: Mapping[str, Any], usual: Any, name: str) -> str:
        if schema.get("format") == "date-time" or name.endswith("_at"):
            return _TIME
        text = usual if isinstance(usual, str) else str(schema.get("default") or "text")
        return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), "x")

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            more = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._schemas[schema["$ref"].removeprefix(_REF)], **more}
        for part in schema.get("allOf", ()):
            schema = {
                **self._resolved(part),
                **{key: value for key, value in schema.items() if key != "allOf"},
            }
        return schema


def _number(schema: Mapping[str, Any], usual: Any) -> float:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    value: float = usual if isinstance(usual, int | float) and not isinstance(usual, bool) else 1
    if isinstance(schema.get("default"), int | float):
        value = schema["default"]
    if least is not None and value < least:
        value = least
    if most is not None and value > most:
        value = most
    return int(value) if schema.get("type") == "integer" else value
