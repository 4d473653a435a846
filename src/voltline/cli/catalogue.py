"""`voltline catalogue`: OCPP 1.6 looked up, from the declarations that the library itself works with."""

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from voltline import messages
from voltline.cli import catalogue_pages as pages
from voltline.cli.layout import output_width
from voltline.messages import ACTIONS, CONFIGURATION_KEYS, Action, Enumeration, Payload, Request, Response
from voltline.messages.configuration_keys import ConfigurationKey
from voltline.messages.json_schema import json_schema, schema_components


class Unanswerable(TyperException):
    """The catalogue was asked for something that it does not have."""

    exit_code = 2


Entry = Action[Any, Any] | type[Payload] | type[Enumeration] | ConfigurationKey


def _completions(incomplete: str) -> list[str]:
    return [name for name in _entries() if name.casefold().startswith(incomplete.casefold())]


def catalogue(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="An action (StartTransaction), one message of it (StartTransaction.conf), a data type "
            "(IdTagInfo, Measurand) or a configuration key (HeartbeatInterval). Case does not matter.",
            autocompletion=_completions,
        ),
    ] = None,
    keys: Annotated[bool, typer.Option("--keys", help="List the configuration keys.")] = False,
    schema: Annotated[
        bool,
        typer.Option(
            "--json-schema",
            help="Print JSON Schema: of an action both messages as {request, response}, of a message or data "
            "type its own, without NAME all messages by name.",
        ),
    ] = False,
) -> None:
    """Look up OCPP 1.6: actions, messages field by field, data types, configuration keys.

    Without NAME it lists the actions. On a terminal lines are wrapped; in a pipe each field is one line.
    """
    if keys and (name is not None or schema):
        raise Unanswerable("--keys lists all keys; it goes without NAME and --json-schema")
    entry = None if name is None else _found(name)
    if schema:
        typer.echo(json.dumps(_schema(entry), indent=2, ensure_ascii=False))
    elif keys:
        _print(pages.keys_page)
    else:
        _print(pages.actions_page if entry is None else _page(entry))


def _print(page: Callable[[int | None], Iterator[str]]) -> None:
    typer.echo("\n".join(page(output_width())))


def _page(entry: Entry) -> Callable[[int | None], Iterator[str]]:
    match entry:
        case Action():
            return lambda width: pages.action_page(entry, width)
        case ConfigurationKey():
            return lambda width: pages.key_page(entry, width)
        case _ if issubclass(entry, Payload):
            return lambda width: pages.message_page(entry, width)
        case _:
            return lambda width: pages.enumeration_page(_enumeration_schema(entry), width)


def _schema(entry: Entry | None) -> Mapping[str, Any]:
    match entry:
        case None:
            both = (message for action in ACTIONS.values() for message in (action.request, action.response))
            return {message.__name__: json_schema(message) for message in both}
        case Action():
            return {"request": json_schema(entry.request), "response": json_schema(entry.response)}
        case ConfigurationKey():
            raise Unanswerable(f"{entry.name} is a configuration key; only messages have a JSON Schema")
        case _ if issubclass(entry, Payload):
            return json_schema(entry)
        case _:
            return _enumeration_schema(entry)


def _enumeration_schema(enumeration: type[Enumeration]) -> Mapping[str, Any]:
    _, components = schema_components(
        [message for action in ACTIONS.values() for message in (action.request, action.response)]
    )
    return components[enumeration.__name__]


def _entries() -> dict[str, Entry]:
    """Everything that can be looked up, by its name as it is best written."""
    entries: dict[str, Entry] = dict(ACTIONS)
    for action in ACTIONS.values():
        entries[f"{action.name}.req"] = action.request
        entries[f"{action.name}.conf"] = action.response
    for name in messages.__all__:
        declared = getattr(messages, name)
        if isinstance(declared, type) and issubclass(declared, Payload | Enumeration):
            entries.setdefault(name, declared)
    for base in (Payload, Request, Response, Enumeration):
        del entries[base.__name__]
    return entries | dict(CONFIGURATION_KEYS)


def _found(name: str) -> Entry:
    by_folded = {known.casefold(): (known, entry) for known, entry in _entries().items()}
    if match := by_folded.get(name.casefold()):
        return match[1]
    whole = [folded for folded in by_folded if "." in name or not folded.endswith((".req", ".conf"))]
    close = difflib.get_close_matches(name.casefold(), whole, n=4, cutoff=0.7)
    containing = [folded for folded in whole if len(name) > 2 and name.casefold() in folded]
    suggestions = [by_folded[folded][0] for folded in dict.fromkeys([*close, *containing])][:6]
    hint = (
        f"Did you mean {', '.join(suggestions)}?"
        if suggestions
        else "'voltline catalogue' lists the actions."
    )
    raise Unanswerable(f"no action, data type or configuration key is called {name!r}. {hint}")
