"""`voltline explain`: what a finding, an action, an error code or a configuration key means."""

import difflib
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer
from typer.exceptions import TyperException

from voltline.cli import catalogue_pages as pages
from voltline.cli.layout import heading, output_width, paragraph, table
from voltline.inspection.detector import Detector
from voltline.inspection.registry import InvalidDetector, all_detectors
from voltline.messages import ACTIONS, CONFIGURATION_KEYS, ChargePointErrorCode, ErrorCode

# What the message of OCPP-J 1.6, 4.2.3, table 7 means for whoever got it.
ERROR_CODES = {
    ErrorCode.NOT_IMPLEMENTED: "The receiver does not know the action. Harmless for an optional one; asking "
    "again is of no use.",
    ErrorCode.NOT_SUPPORTED: "The receiver knows the action and does not do it, often because its feature "
    "profile is not supported: see SupportedFeatureProfiles. Asking again is of no use.",
    ErrorCode.INTERNAL_ERROR: "Something broke inside the receiver while it worked on the request. Its log "
    "says what; the same request may succeed later.",
    ErrorCode.PROTOCOL_ERROR: "The payload is incomplete for this action: a required field is missing.",
    ErrorCode.SECURITY_ERROR: "A matter of security kept the receiver from completing the action; also the "
    "answer to a request before the BootNotification was accepted (errata OCPP-J, 3.10).",
    ErrorCode.FORMATION_VIOLATION: "The payload is not well-formed for the action: no JSON, or not its "
    "structure. Spelt so in OCPP 1.6 (errata OCPP-J, 5.1).",
    ErrorCode.PROPERTY_CONSTRAINT_VIOLATION: "A value that the field's rules forbid: too long, not in the "
    "list, a connector that does not exist.",
    ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION: "A field is there too seldom or too often. Spelt with one r in "
    "OCPP 1.6 (errata OCPP-J, 5.2); a peer that knows only that spelling may trip over the right one.",
    ErrorCode.TYPE_CONSTRAINT_VIOLATION: "A field has the wrong JSON type, for example a number as a string.",
    ErrorCode.GENERIC_ERROR: "Anything that no other code says; the description may tell more.",
}


class Unexplained(TyperException):
    """Nothing of that name is known, or the detectors cannot be loaded."""

    exit_code = 2


def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A finding (R01), an action (StartTransaction), an error code (InternalError, "
            "GroundFailure) or a configuration key (HeartbeatInterval). Case does not matter.",
        ),
    ],
) -> None:
    """Explain a finding of the inspector, an action, an error code or a configuration key, with sections."""
    width = output_width()
    try:
        lines = _explained(name.strip(), width)
    except InvalidDetector as fault:
        raise Unexplained(str(fault)) from None
    if lines is None:
        near = difflib.get_close_matches(name, _names(), 3, 0.6)
        hint = f"; near are {', '.join(near)}" if near else "; voltline inspect --list shows the findings"
        raise Unexplained(f"nothing is known of {name!r}{hint}")
    for line in lines:
        typer.echo(line)


def _explained(name: str, width: int | None) -> Iterator[str] | None:
    wanted = name.casefold()
    for detector in all_detectors():
        if wanted in (detector.id.casefold(), detector.title.casefold()):
            return _detector(detector, width)
    for action in ACTIONS.values():
        if action.name.casefold() == wanted:
            return _action(action, width)
    code = ErrorCode.read(next((one for one in _error_codes() if one.casefold() == wanted), ""))
    if code is not None:
        return _call_error(code, width)
    for own in ChargePointErrorCode:
        if own.casefold() == wanted:
            return _charge_point_error(own, width)
    if name in CONFIGURATION_KEYS:
        return pages.key_page(CONFIGURATION_KEYS[name], width)
    return None


def _names() -> list[str]:
    return [
        *(detector.id for detector in all_detectors()),
        *ACTIONS,
        *_error_codes(),
        *ChargePointErrorCode,
        *CONFIGURATION_KEYS,
    ]


def _error_codes() -> list[str]:
    return [*ErrorCode, "FormatViolation", "OccurrenceConstraintViolation"]


def _detector(detector: type[Detector], width: int | None) -> Iterator[str]:
    yield f"{heading(f'{detector.id} {detector.title}')}, {detector.severity}"
    yield from paragraph(detector.explanation, width)
    yield ""
    rows = [("Who should act", str(detector.who)), ("What to do", detector.next_step)]
    if detector.basis:
        rows.append(("Basis", "; ".join(detector.basis)))
    yield from table(rows, width, 0)
    thresholds = list(_thresholds(detector))
    if thresholds:
        yield ""
        yield heading("Thresholds")
        yield from table(thresholds, width)
        yield ""
        name = thresholds[0][0]
        value = getattr(detector.settings, name)
        yield from paragraph(f"Change one: voltline inspect --set {detector.id}.{name}={value} FILE", width)


def _thresholds(detector: type[Detector]) -> Iterator[tuple[str, str, str]]:
    kind = type(detector.settings)
    schema = msgspec.json.schema(kind)
    described = schema.get("$defs", {}).get(kind.__name__, schema).get("properties", {})
    for name, value in msgspec.structs.asdict(detector.settings).items():
        field: dict[str, Any] = described.get(name, {})
        unit = field.get("x-unit", "")
        yield name, f"{value} {unit}".rstrip(), field.get("description", "")


def _action(action: Any, width: int | None) -> Iterator[str]:
    yield from pages.action_page(action, width)
    about = [
        (one.id, one.title)
        for one in all_detectors()
        if isinstance(one.actions, frozenset) and action.name in one.actions
    ]
    if about:
        yield ""
        yield heading("Findings about it")
        yield from table(about, width)


def _call_error(code: ErrorCode, width: int | None) -> Iterator[str]:
    yield f"{heading(code.value)}, error code of a CALLERROR"
    yield from paragraph(ERROR_CODES[code], width)
    yield from paragraph("Basis: OCPP-J 1.6, 4.2.3", width)


def _charge_point_error(code: ChargePointErrorCode, width: int | None) -> Iterator[str]:
    yield f"{heading(code.value)}, error code of a StatusNotification"
    yield from paragraph(code.meaning or "No error.", width)
    yield from paragraph("Basis: OCPP 1.6, 7.6", width)
