"""A simulated station as an HTTP API: its state, the verbs of the prompt, and a stream of all that happens.

`GET /` lists the addresses. Errors are application/problem+json (RFC 9457) and say what to do instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec

from voltline.station.core.happenings import Happening, ImpossibleHappening, Tick
from voltline.station.core.intents import Notice
from voltline.station.device.listener import Listener
from voltline.station.simulator.actions import VERBS, Misunderstood, Verb
from voltline.station.simulator.control_openapi import openapi
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.view import StationView
from voltline.transport.json_server import JsonServer, Member, Reply, problem

KEPT_FRAMES = 200

EVENTS = {
    "state": "the whole state, whenever anything but meter, power and charge of the battery has changed",
    "frame": "a frame as it is on the wire: `sent`, `text`",
    "happening": "what the core of the station has taken in: `happening` and its `detail`",
    "notice": "what the station tells the people before it: `matter`, `text`, `connector_id`",
    "link": "the connection stands or is gone: `up`, `text`",
}
"""What `/events` streams, by the word in `event`."""

_ADDRESSES = {
    "GET /state": "the station as it is now",
    "GET /frames": f"the last {KEPT_FRAMES} frames, oldest first",
    "GET /verbs": "what can be done to it, with the JSON Schema of the arguments",
    "POST /verbs/{verb}": "do it; arguments as a JSON object",
    "POST /quit": "end transactions and leave",
    "GET /openapi.json": "all of this as an OpenAPI description",
    "WebSocket /events": "all that happens; takes verbs too",
}


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    """A verb that comes by WebSocket."""

    verb: str
    arguments: dict[str, Any] = {}
    id: int | str | None = None
    """Comes back in the answer."""


class Control(Listener):
    """The control API of one station, as what it hears of it and as what it answers.

    listeners = Listeners()
    station = SimulatedStation(endpoint, "CP1", listener=listeners)
    control = Control(station)
    listeners.add(control)
    async with station, control.server(port=8090):
        ...
    """

    def __init__(self, station: SimulatedStation, quit_asked: Callable[[], None] | None = None) -> None:
        """`quit_asked` ends the station; without it nobody can by this API."""
        self._station = station
        self._quit_asked = quit_asked
        self._members: dict[Member, frozenset[str]] = {}
        self._frames: deque[dict[str, Any]] = deque(maxlen=KEPT_FRAMES)
        self._shown: StationView | None = None
        self._forget: Callable[[], None] | None = None

    def server(self, host: str = "127.0.0.1", port: int = 0) -> JsonServer:
        """A server for this API, not yet listening; `port` 0 takes a free one.

        There is no password: whoever reaches the address may do everything. It is meant for the machine
        itself and for networks of tests.
        """
        return JsonServer(self, host, port)

    # ---- requests

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        match method, path:
            case "GET" | "HEAD", "/":
                return _json({"station": self._station.identity, "addresses": _ADDRESSES})
            case "GET" | "HEAD", "/state":
                return _json(self._station.view())
            case "GET" | "HEAD", "/frames":
                return _json(list(self._frames))
            case "GET" | "HEAD", "/verbs":
                return _json([_described(verb) for verb in VERBS.values()])
            case "GET" | "HEAD", "/openapi.json":
                return _json(openapi(VERBS))
            case "POST", "/quit":
                return self._quit()
            case "POST", _ if path.startswith("/verbs/"):
                return self._order(path.removeprefix("/verbs/"), body)
        return _nothing_at(method, path)

    def _order(self, name: str, body: bytes) -> Reply:
        try:
            arguments = msgspec.json.decode(body) if body.strip() else {}
        except msgspec.DecodeError as error:
            return problem(HTTPStatus.BAD_REQUEST, "no-json", f"The body is no JSON: {error}")
        if not isinstance(arguments, dict):
            text = 'The body is no JSON object; expected the arguments, as in {"connector_id": 1}.'
            return problem(HTTPStatus.BAD_REQUEST, "no-object", text)
        refusal = self._perform(name, arguments)
        return refusal or _json({"done": name, "state": self._station.view()})

    def _quit(self) -> Reply:
        if self._quit_asked is None:
            text = "This station is part of another program, which ends it."
            return problem(HTTPStatus.CONFLICT, "not-ours", text)
        self._quit_asked()
        return _json({"done": "quit"}, HTTPStatus.ACCEPTED)

    def _perform(self, name: str, arguments: Mapping[str, object]) -> Reply | None:
        verb = VERBS.get(name)
        if verb is None:
            text = f"No verb is called {name!r}; there are {', '.join(VERBS)}."
            return problem(HTTPStatus.NOT_FOUND, "unknown-verb", text)
        try:
            self._station.perform(verb.read(arguments))
        except Misunderstood as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-arguments", str(error))
        except ImpossibleHappening as error:
            return problem(HTTPStatus.CONFLICT, "impossible-now", str(error))
        return None

    # ---- the stream

    def joined(self, path: str, query: Mapping[str, str], member: Member) -> Callable[[str], None] | Reply:
        if path != "/events":
            return _nothing_at("WebSocket", path)
        wanted = frozenset(query["only"].split(",")) if "only" in query else frozenset(EVENTS)
        if unknown := sorted(wanted - set(EVENTS)):
            text = f"There are no events {unknown[0]!r}; 'only' takes {', '.join(EVENTS)}, joined by commas."
            return problem(HTTPStatus.BAD_REQUEST, "unknown-events", text)
        if not self._members:
            self._shown = None
            self._forget = self._station.on_change(self._changed)
        self._members[member] = wanted
        if "state" in wanted:
            member.tell(_text({"at": _now(), "event": "state", "state": self._station.view()}))
        return lambda text: self._heard(member, text)

    def left(self, member: Member) -> None:
        self._members.pop(member, None)
        if not self._members and self._forget is not None:
            self._forget()
            self._forget = None

    def _heard(self, member: Member, text: str) -> None:
        number: int | str | None = None
        try:
            order = msgspec.json.decode(text, type=_Order)
            number = order.id
            refusal = self._perform(order.verb, order.arguments)
        except msgspec.DecodeError as error:
            expected = '{"id": 1, "verb": "plug", "arguments": {"connector_id": 1}}'
            refusal = problem(HTTPStatus.BAD_REQUEST, "no-order", f"{error}; expected {expected}")
        if refusal is None:
            member.tell(_text({"at": _now(), "event": "done", "id": number}))
        else:
            said = msgspec.Raw(refusal.body)
            member.tell(_text({"at": _now(), "event": "refused", "id": number, "problem": said}))

    def _tell(self, event: str, facts: Mapping[str, Any]) -> None:
        interested = [member for member, wanted in self._members.items() if event in wanted]
        if interested:
            text = _text({"at": _now(), "event": event, **facts})
            for member in interested:
                member.tell(text)

    # ---- what is heard of the station

    def framed(self, sent: bool, text: str) -> None:
        self._frames.append({"at": _now(), "sent": sent, "text": text})
        self._tell("frame", {"sent": sent, "text": text})

    def happened(self, happening: Happening) -> None:
        if self._members and not isinstance(happening, Tick):
            detail = msgspec.to_builtins(happening, enc_hook=str)
            self._tell("happening", {"happening": type(happening).__name__, "detail": detail})

    def noticed(self, notice: Notice) -> None:
        facts = {"matter": notice.matter, "text": notice.text, "connector_id": notice.connector_id}
        self._tell("notice", facts)

    def linked(self, up: bool, text: str) -> None:
        self._tell("link", {"up": up, "text": text})

    def _changed(self) -> None:
        view = self._station.view()
        still = view.without_measures()
        if still != self._shown:
            self._shown = still
            self._tell("state", {"state": view})


def _described(verb: Verb) -> dict[str, Any]:
    return {"verb": verb.name, "help": verb.help, "arguments": verb.schema()}


def _nothing_at(method: str, path: str) -> Reply:
    methods = [one.split()[0] for one in _ADDRESSES if one.split()[1] == path]
    if path.startswith("/verbs/"):
        methods = ["POST"]
    if methods:
        text = f"{method} is not possible at {path}; use {' or '.join(methods)}."
        allowed = ", ".join("GET" if one == "WebSocket" else one for one in methods)
        return problem(HTTPStatus.METHOD_NOT_ALLOWED, "wrong-method", text, Allow=allowed)
    text = f"There is nothing at {path}; there are {', '.join(_ADDRESSES)}."
    return problem(HTTPStatus.NOT_FOUND, "not-found", text)


def _json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(status=status, body=msgspec.json.encode(value))


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _now() -> datetime:
    return datetime.now(UTC)
