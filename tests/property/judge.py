"""Frames of a charge point judged by JSON schemas: the official ones where they are, our own elsewhere.

jsonschema, which knows nothing of our code, does the judging.
"""

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from voltline.messages import ACTIONS, ErrorCode
from voltline.messages.json_schema import json_schema

SCHEMAS = Path(__file__).resolve().parents[2].parent / "shared" / "spec" / "schemas"

_FORMATS = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    # RFC 3339 asks for the zone.
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or ":" in value


class Judge:
    """Takes the frames of one station in order; knows which request each answer belongs to.

    Raises AssertionError for a frame that breaks a schema or the rules of OCPP-J 1.6, chapter 4.
    """

    def __init__(self) -> None:
        self.judged: Counter[str] = Counter()
        """Frames by what they are: `StartTransaction`, `Reset answer`, `Reset refused`."""

    @property
    def frames(self) -> int:
        return self.judged.total()

    def call(self, text: str) -> None:
        """A CALL of the station."""
        kind, message_id, action, payload = self._taken_apart(text, 4)
        assert kind == 2, text
        assert isinstance(message_id, str) and 0 < len(message_id) <= 36, text
        self._judge(action, payload, text)
        self.judged[action] += 1

    def result(self, action: str, text: str) -> None:
        """The station's CALLRESULT to a request of the central system."""
        kind, _, payload = self._taken_apart(text, 3)
        assert kind == 3, text
        self._judge(f"{action}Response", payload, text)
        self.judged[f"{action} answer"] += 1

    def error(self, action: str, text: str) -> None:
        """The station's CALLERROR to a request of the central system."""
        kind, _, code, description, details = self._taken_apart(text, 5)
        assert kind == 4, text
        assert code in {str(one) for one in ErrorCode}, text
        assert isinstance(description, str) and len(description) <= 255, text
        assert isinstance(details, dict), text
        self.judged[f"{action} refused"] += 1

    def _taken_apart(self, text: str, elements: int) -> list[Any]:
        frame = json.loads(text, parse_float=Decimal)  # by which multiples of 0.1 are exact
        assert isinstance(frame, list) and len(frame) == elements, text
        return frame

    def _judge(self, name: str, payload: Any, text: str) -> None:
        for error in _validator(name, official()).iter_errors(payload):
            raise AssertionError(f"{name}, {error.json_path}: {error.message}\n{text}")


def official() -> bool:
    """Whether the official schemas are at hand."""
    return SCHEMAS.is_dir()


@cache
def _validator(name: str, by_official: bool) -> Any:
    if by_official:
        schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8-sig"), parse_float=Decimal)
    else:
        action = ACTIONS[name.removesuffix("Response")]
        own = json_schema(action.response if name.endswith("Response") else action.request)
        schema = json.loads(json.dumps(own), parse_float=Decimal)
    made = jsonschema.validators.validator_for(schema)
    return made(schema, format_checker=_FORMATS)
