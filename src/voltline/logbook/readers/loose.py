"""JSON from what Python's `repr`, Node.js's `util.inspect`, Ruby or Elixir print of an array."""

import re

import msgspec

__all__ = ["as_json"]

_TOKEN = re.compile(
    r"""'(?P<single>(?:[^'\\]|\\.)*+)'|"(?P<double>(?:[^"\\]|\\.)*+)"|`(?P<back>(?:[^`\\]|\\.)*+)`"""
    r"|(?P<key>[A-Za-z_$][\w$]*+)(?=\s*+:)|(?P<word>[A-Za-z_$][\w$.]*+)|(?P<bracket>[\[\](){}])"
    r"|(?P<sign>=>|%(?=\{))",
    re.DOTALL,
)
_WORDS = {
    "None": "null",
    "True": "true",
    "False": "false",
    "undefined": "null",
    "Decimal": "",
    "NaN": "null",
    "nil": "null",
}
_JSON = frozenset(("null", "true", "false"))
_SIGNS = {"=>": ":", "%": ""}
_OPEN = "[({"
_ESCAPE = re.compile(r"""\\(?P<hex>x[0-9a-fA-F]{2})|\\(?P<quote>['`])""")


def as_json(text: str) -> tuple[str, int] | None:
    """The first array of `text` as JSON, and where in `text` it ends; None where it does not end."""
    written: list[str] = []
    depth = 0
    position = 0
    for token in _TOKEN.finditer(text):
        written.append(text[position : token.start()])
        position = token.end()
        written.append(_json(token))
        bracket = token["bracket"]
        if bracket is not None:
            depth += 1 if bracket in _OPEN else -1
            if depth == 0:
                return "".join(written), position
    return None


def _json(token: re.Match[str]) -> str:
    kind = token.lastgroup
    said = token[0]
    if kind == "key":
        return f'"{said}"'
    if kind == "word":
        return _WORDS.get(said, said if said in _JSON else f'"{said}"')
    if kind == "sign":
        return _SIGNS[said]
    if kind == "bracket":
        return {"(": "[", ")": "]"}.get(said, said)
    inside = _ESCAPE.sub(lambda e: f"\\u00{e['hex'][1:]}" if e["hex"] else e["quote"], token[kind or 0])
    if kind != "double":
        inside = inside.replace('\\"', '"').replace('"', '\\"')
    try:
        return msgspec.json.encode(msgspec.json.decode(f'"{inside}"')).decode()
    except (msgspec.MsgspecError, ValueError):
        return f'"{inside}"'
