"""What `voltline station` prints of an exchange, a notice or the state of a station: one line each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from voltline.messages import MeterValue, Payload, Phase, SampledValue
from voltline.station.core.happenings import Answered, Failed
from voltline.station.core.intents import Answer, Notice, Refuse
from voltline.station.core.transfers import progress_bar
from voltline.station.device.listener import Exchange
from voltline.station.device.logbook import discreet
from voltline.station.simulator.view import ConnectorView, StationView

LONGEST_VALUE = 60

_UNITS = {"Wh": "Wh", "W": "W", "A": "A", "V": "V", "Percent": "%"}


def exchange_line(exchange: Exchange) -> str:
    """The request, an arrow in its direction, and what became of it.

    `-> Heartbeat | currentTime=08:00:01 (2 ms)`: the station's own request and its answer.
    `<- Reset type=Soft | status=Accepted`: a request of the central system and the station's answer.
    """
    arrow = "->" if exchange.own else "<-"
    request = f"{arrow} {type(exchange.request).__name__} {words(exchange.request)}".rstrip()
    return f"{request} | {_outcome(exchange)}"


def is_trouble(exchange: Exchange) -> bool:
    """Whether the request was refused, went unanswered, or was answered unreadably."""
    return not isinstance(exchange.outcome, Answered | Answer)


def notice_line(notice: Notice) -> str:
    """A notice, with its connector where it has one."""
    where = f"connector {notice.connector_id}: " if notice.connector_id else ""
    return f"{where}{notice.text}"


def view_lines(view: StationView) -> Iterator[str]:
    """The state of a station: a line for itself, one for each connector."""
    link = "connected" if view.linked else "not connected"
    queued = f", {view.queued} transaction messages waiting" if view.queued else ""
    yield f"{view.identity}: {link}, {view.standing.value}{queued}"
    for transfer in view.transfers:
        yield f"  {transfer.subject}  {progress_bar(transfer.done_bytes, transfer.total_bytes)}"
    for connector in view.connectors:
        yield f"  connector {connector.connector_id}  {_connector(connector)}"


def words(payload: Payload) -> str:
    """The fields of a message as `name=value`, readings in short, long texts cut."""
    parts = []
    for field in msgspec.structs.fields(payload):
        value = getattr(payload, field.name)
        if value is not msgspec.UNSET:
            parts.append(f"{field.encode_name}={_text(value)}")
    return " ".join(parts)


def _outcome(exchange: Exchange) -> str:
    match exchange.outcome:
        case Answered(response=response):
            answer = words(response) or "ok"
            return f"{answer} ({exchange.took_s * 1000:.0f} ms)"
        case Answer(response=response):
            return words(response) or "ok"
        case Failed(failure=failure, text=text):
            return f"{failure.value}: {text}" if text else failure.value
        case Refuse(code=code, text=text):
            return f"CALLERROR {code}: {text}"
    return "left unanswered, the station is not accepted"


def _text(value: Any) -> str:
    match value:
        case datetime():
            return value.strftime("%H:%M:%S")
        case MeterValue():
            return f"[{value.timestamp:%H:%M:%S} {', '.join(_readings(value.sampled_value))}]"
        case Payload():
            return f"{{{words(value)}}}"
        case list():
            return _list(value)
        case str():
            value = discreet(value)
            return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}..."
        case _:
            return str(value)


def _list(values: list[Any]) -> str:
    if len(values) > 4:
        return f"[{len(values)} items]"
    return "[" + ", ".join(_text(value).strip("[]") for value in values) + "]"


def _readings(sampled: list[SampledValue]) -> Iterator[str]:
    """The values with their units; the phases of one measurand are put together."""
    phases: dict[str, list[str]] = {}
    for one in sampled:
        measurand = str(one.measurand)
        if isinstance(one.phase, Phase):
            phases.setdefault(measurand, []).append(one.value)
    told: set[str] = set()
    for one in sampled:
        measurand = str(one.measurand)
        unit = _UNITS.get(str(one.unit), str(one.unit) if isinstance(one.unit, str) else measurand)
        if measurand in phases:
            if measurand not in told:
                yield f"{'/'.join(phases[measurand])} {unit}"
        else:
            yield f"{one.value} {unit}"
        told.add(measurand)


def _connector(view: ConnectorView) -> str:
    parts = [f"{view.status:<13}"]
    if view.error_code != "NoError":
        parts.append(str(view.error_code))
    if view.id_tag is not None:
        number = "not yet answered" if view.transaction_id is None else str(view.transaction_id)
        parts.append(f"transaction {number} of {view.id_tag}")
    elif view.reserved_for is not None:
        parts.append(f"for {view.reserved_for}")
    if view.id_tag is not None or view.energy_wh:
        parts.append(f"{view.energy_wh / 1000:.3f} kWh")
    if view.plugged:
        parts.append(f"{view.power_w / 1000:.1f} kW")
    if view.soc_percent is not None:
        parts.append(f"car at {view.soc_percent:.0f} %")
    parts.append(f"meter {view.register_wh} Wh")
    return "  ".join(parts)
