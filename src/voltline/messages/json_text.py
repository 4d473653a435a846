"""JSON as strangers write it, read without harm.

The standard library's parser does the work, with what it lets pass closed off: nesting that ends in
RecursionError, keys given twice, NaN and Infinity, numbers of a million digits, halves of surrogate
pairs. Nothing is lost on the way: numbers keep the digits they were written with, and every value
of a repeated key is kept.
"""

import json
import re
from typing import Final

from voltline.messages.deviation import DeviationKind, shown

MAX_DEPTH: Final = 32
"""Objects and lists within each other. The deepest OCPP 1.6 payload has 7 levels."""

MAX_SIZE: Final = 1024 * 1024
"""Bytes of one JSON text."""


class JsonError(ValueError):
    """The text cannot be read as JSON. `kind` is not_json, too_large or too_deep."""

    def __init__(self, kind: DeviationKind, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


class Number:
    """A JSON number as it was written. Equal when written equally.

    `NaN`, `Infinity` and `-Infinity`, which JSON does not have, arrive here too.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return type(other) is Number and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Number({self.text})"

    def whole(self) -> int | None:
        """The number when it was written without fraction and exponent and fits 64 bits, else None."""
        if len(self.text) > 20 or not self.text.removeprefix("-").isdigit():
            return None
        value = int(self.text)
        return value if MIN_INTEGER <= value <= MAX_INTEGER else None


MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**63 - 1


class Members(dict[str, object]):
    """A JSON object. `repeated` holds, for each key given more than once, all its values in order.

    The dict itself has the last one, as with most parsers.
    """

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.repeated: dict[str, list[object]] = {}
        if len(self) != len(pairs):
            for key, value in pairs:
                self.repeated.setdefault(key, []).append(value)
            self.repeated = {key: values for key, values in self.repeated.items() if len(values) > 1}


class Text:
    """What a JSON text said: its value and what was wrong with it but could be mended."""

    __slots__ = ("faults", "value")

    def __init__(self, value: object, faults: list[str]) -> None:
        self.value = value
        self.faults = faults


def parse(raw: bytes, *, max_size: int = MAX_SIZE, max_depth: int = MAX_DEPTH) -> Text:
    """Parse one JSON text.

    Values are Members, list, str, Number, bool and None. Strings may hold lone surrogates: written as
    such (`\\ud800`), or standing for bytes that are not UTF-8.

    Raises JsonError, and nothing else, whatever the bytes are.
    """
    if len(raw) > max_size:
        raise JsonError(
            DeviationKind.TOO_LARGE, f"the text has {len(raw)} bytes; at most {max_size} are read"
        )
    faults: list[str] = []
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
        faults.append("a byte order mark stands before the text; it is passed over")
    text = raw.decode("utf-8", "surrogateescape")
    _refuse_depth(text, max_depth)
    try:
        return Text(_strict.decode(text), faults)
    except json.JSONDecodeError as fault:
        if not fault.msg.startswith("Invalid control character"):
            raise _not_json(text, fault) from fault
    faults.append("a control character stands in a string as it is; JSON wants it written as \\u00XX")
    try:
        return Text(_lenient.decode(text), faults)
    except json.JSONDecodeError as fault:
        raise _not_json(text, fault) from fault


def _not_json(text: str, fault: json.JSONDecodeError) -> JsonError:
    if not text.strip():
        said = "the text is empty; a JSON object was expected"
    elif fault.pos >= len(text.rstrip()) or fault.msg.startswith("Unterminated string"):
        said = f"the text ends in the middle of the JSON, after {len(text)} characters: {fault.msg}"
    else:
        near = shown(text[max(0, fault.pos - 10) : fault.pos + 20])
        said = f"the text is not JSON: {fault.msg} at character {fault.pos}, near {near}"
    return JsonError(DeviationKind.NOT_JSON, said)


# A string, closed or not, is one match, so that brackets in it do not count and no text takes more than
# one pass: the group is possessive.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def _refuse_depth(text: str, max_depth: int) -> None:
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > max_depth:
                said = (
                    f"more than {max_depth} objects and lists within each other, at character {match.start()}"
                )
                raise JsonError(DeviationKind.TOO_DEEP, said)
        elif match[0] in "]}":
            depth -= 1


def _decoder(*, strict: bool) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=Members,
        parse_float=Number,
        parse_int=Number,
        parse_constant=Number,
        strict=strict,
    )


_strict = _decoder(strict=True)
_lenient = _decoder(strict=False)
