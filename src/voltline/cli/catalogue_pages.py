"""What the catalogue prints of an action, a data type or a key: made from their declarations."""

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from voltline.cli.layout import heading, paragraph, table
from voltline.messages import ACTIONS, CONFIGURATION_KEYS, Action, FeatureProfile, Payload, Side, encode
from voltline.messages.configuration_keys import Access, ConfigurationKey
from voltline.messages.examples import EXAMPLES
from voltline.messages.json_schema import json_schema

Schema = Mapping[str, Any]

_SENT = {
    frozenset({Side.CHARGE_POINT}): ("CP -> CS", "from charge point to central system"),
    frozenset({Side.CENTRAL_SYSTEM}): ("CS -> CP", "from central system to charge point"),
    frozenset(Side): ("CP <-> CS", "both ways"),
}
_ACCESS = {Access.READ: "read-only", Access.READ_WRITE: "read and write", Access.WRITE: "write-only"}
_BEFORE_REFERENCE = re.compile(r"(?<=[.?]) (?=OCPP 1\.6, |Security whitepaper, )")
_ONE_LINE = 100
_MESSAGE_ID = "19223201"


def actions_page(width: int | None) -> Iterator[str]:
    """Every action by feature profile, with who sends it and what it says."""
    yield from paragraph(
        f"The {len(ACTIONS)} actions of OCPP 1.6 and its security whitepaper (profile Security).", width
    )
    longest = max(map(len, ACTIONS))
    for profile in FeatureProfile:
        yield ""
        yield heading(str(profile))
        rows = [
            (action.name.ljust(longest), _SENT[action.sent_by][0].ljust(9), _summary(action))
            for action in ACTIONS.values()
            if action.profile is profile
        ]
        yield from table(rows, width)
    yield ""
    yield from paragraph("CP: charge point, CS: central system. The request goes along the arrow.", width)
    yield from paragraph("More: voltline catalogue StartTransaction, voltline catalogue --keys", width)


def action_page(action: Action[Any, Any], width: int | None) -> Iterator[str]:
    """An action: both messages field by field, their data types, and an example frame each way."""
    schemas = [json_schema(action.request), json_schema(action.response)]
    yield f"{heading(action.name)}, {_SENT[action.sent_by][1]}, profile {action.profile}"
    for title, schema in zip(("Request", "Response"), schemas, strict=True):
        yield ""
        yield from _message(title, schema, width)
    yield from _words_of(schemas, width)
    yield ""
    yield "* required; a field with [] is a list"
    yield ""
    yield from _examples(action)


def message_page(payload: type[Payload], width: int | None) -> Iterator[str]:
    """One message, or one data type that is an object: its fields and the words that they may say."""
    schema = json_schema(payload)
    yield from _message(payload.__name__, schema, width)
    yield from _words_of([schema], width)


def enumeration_page(schema: Schema, width: int | None) -> Iterator[str]:
    """An enumeration: its words and what they mean. `schema` has the keywords of json_schema.py."""
    yield heading(str(schema["title"]))
    yield from _description(schema, width)
    yield from _words(schema, width)


def _summary(action: Action[Any, Any]) -> str:
    return _BEFORE_REFERENCE.split(inspect.getdoc(action.request) or "")[0]


def _description(schema: Schema, width: int | None) -> Iterator[str]:
    for text in inspect.cleandoc(schema.get("description", "")).split("\n\n"):
        yield from paragraph(" ".join(text.split()), width, indent=2)


def _message(title: str, schema: Schema, width: int | None) -> Iterator[str]:
    yield heading(title)
    yield from _description(schema, width)
    rows = list(_field_rows(schema, schema.get("$defs", {}), depth=0))
    yield ""
    if rows:
        yield from table(rows, width)
    else:
        yield "  (no fields: {})"


def _field_rows(schema: Schema, definitions: Schema, depth: int) -> Iterator[tuple[str, str, str, str]]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        inner = definitions.get(_referred(field.get("items", field)), {})
        label = "  " * depth + name + ("[]" if field.get("type") == "array" else "")
        yield label, "*" if name in required else " ", _type(field), field.get("description", "")
        if inner.get("type") == "object":
            yield from _field_rows(inner, definitions, depth + 1)


def _referred(field: Schema) -> str:
    return str(field.get("$ref", "")).rpartition("/")[2]


def _type(field: Schema) -> str:
    match field:
        case {"$ref": _}:
            return _referred(field)
        case {"type": "array", "items": item}:
            return _type(item) + (f", {field['minItems']} or more" if "minItems" in field else "")
        case {"type": "string", "format": "date-time"}:
            return "timestamp"
        case {"type": "string", "format": "uri"}:
            return "URI"
        case {"type": "string"}:
            return f"text, at most {field['maxLength']}" if "maxLength" in field else "text"
        case {"type": "number"}:
            text = "decimal" + (f" ({field['multipleOf']})" if "multipleOf" in field else "")
        case _:
            text = str(field.get("type", "any"))
    return f"{text}, {field['x-unit']}" if "x-unit" in field else text


def _words_of(schemas: Iterable[Schema], width: int | None) -> Iterator[str]:
    """The enumerations in the schemas, each once."""
    definitions = {name: one for schema in schemas for name, one in schema.get("$defs", {}).items()}
    for definition in definitions.values():
        if "enum" in definition:
            yield ""
            yield from enumeration_page(definition, width)


def _words(schema: Schema, width: int | None) -> Iterator[str]:
    meanings = schema.get("x-meanings", {})
    yield ""
    yield from table([(word, meanings.get(word, "")) for word in schema["enum"]], width, indent=4)


def _examples(action: Action[Any, Any]) -> Iterator[str]:
    request, response = EXAMPLES[action.name]
    yield heading("Example request")
    yield from _frame([2, _MESSAGE_ID, action.name], request)
    yield heading("Example response")
    yield from _frame([3, _MESSAGE_ID], response)


def _frame(head: list[Any], payload: Payload) -> Iterator[str]:
    """One frame: a line where it is short, else indented; valid JSON either way."""
    body = encode(payload)
    start = json.dumps(head, separators=(",", ":"))[:-1]
    line = f"{start},{body.decode()}]"
    if len(line) > _ONE_LINE:
        line = f"{start},{msgspec.json.format(body, indent=2).decode()}]"
    yield from (f"  {part}" for part in line.splitlines())


def keys_page(width: int | None) -> Iterator[str]:
    """Every standard configuration key by feature profile."""
    yield from paragraph(f"The {len(CONFIGURATION_KEYS)} standard configuration keys of OCPP 1.6.", width)
    longest = max(map(len, CONFIGURATION_KEYS))
    for profile in dict.fromkeys(key.profile for key in CONFIGURATION_KEYS.values()):
        yield ""
        yield heading(str(profile))
        rows = [
            (
                key.name.ljust(longest),
                "*" if key.required else " ",
                key.access.ljust(2),
                _key_type(key),
                key.meaning,
            )
            for key in CONFIGURATION_KEYS.values()
            if key.profile is profile
        ]
        yield from table(rows, width)
    yield ""
    yield from paragraph(
        "* required where the profile is supported. R: read-only, RW: read and write, W: write-only. "
        "csl: a list with commas.",
        width,
    )
    yield from paragraph("More: voltline catalogue HeartbeatInterval", width)


def key_page(key: ConfigurationKey, width: int | None) -> Iterator[str]:
    """One configuration key with everything that is known of it."""
    yield f"{heading(key.name)}, configuration key, profile {key.profile}"
    yield from paragraph(key.meaning, width, indent=2)
    yield ""
    limits = [f"at least {key.minimum}"] * (key.minimum is not None)
    limits += [f"at most {key.maximum}"] * (key.maximum is not None)
    default = key.default and f"{key.default} ({'given by OCPP' if key.default_is_given else 'a suggestion'})"
    facts = {
        "type": ", ".join([_key_type(key), *limits]),
        "access": _ACCESS[key.access] + (", or read-only" if key.may_be_read_only else ""),
        "required": "where the profile is supported" if key.required else "no",
        "default": default,
        "one of": ", ".join(key.allowed),
        "form": None if key.allowed else key.pattern,
        "most items": key.longest_list and f"see {key.longest_list}",
        "note": key.note,
        "source": key.source,
    }
    yield from table([(name, fact) for name, fact in facts.items() if fact], width)


def _key_type(key: ConfigurationKey) -> str:
    return key.type if key.unit is None else f"{key.type}, {key.unit}"
