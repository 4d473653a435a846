"""JSON Schema of every message, made from the declarations: the same limits, words and meanings.

Beside the standard keywords a field may have `x-unit` (the unit of its number), and an enumeration
`x-meanings` (what each of its words says).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect

from voltline.messages.action import Payload
from voltline.messages.types import Enumeration

__all__ = ["DIALECT", "json_schema", "schema_components"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DEFINITIONS = "#/$defs/{name}"


def json_schema(payload: type[Payload]) -> dict[str, Any]:
    """The schema of one payload as a document of its own; the objects and enumerations in it are `$defs`."""
    _, definitions = schema_components([payload], ref_template=_DEFINITIONS)
    root = definitions.pop(payload.__name__)
    return {"$schema": DIALECT, **root} | ({"$defs": definitions} if definitions else {})


def schema_components(
    payloads: Iterable[type[Payload]], *, ref_template: str = "#/components/schemas/{name}"
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The schemas of many payloads for one document, such as an OpenAPI description.

    Returns a reference to each payload, in order, and what they refer to by name: the payloads, and the
    objects and enumerations in them, each once. `{name}` in `ref_template` stands for the name.
    """
    types = list(payloads)
    references, components = msgspec.json.schema_components(types, ref_template=ref_template)
    for enumeration in _enumerations(inspect.multi_type_info(types)):
        component = components[enumeration.__name__]
        component["type"] = "string"
        # In the order of the declaration, which is that of the specification; msgspec sorts them.
        component["enum"] = [member.value for member in enumeration]
        if meanings := {member.value: member.meaning for member in enumeration if member.meaning}:
            component["x-meanings"] = meanings
    return list(references), components


def _enumerations(types: Iterable[inspect.Type]) -> Iterator[type[Enumeration]]:
    """Every enumeration inside `types`, some of them more than once."""
    for node in types:
        match node:
            case inspect.EnumType(cls=cls) if issubclass(cls, Enumeration):
                yield cls
            case inspect.Metadata(type=inner) | inspect.ListType(item_type=inner):
                yield from _enumerations([inner])
            case inspect.StructType(fields=fields):
                yield from _enumerations(field.type for field in fields)
            case _:
                pass
