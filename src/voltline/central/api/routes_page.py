"""The page docs/reference/rest-api-routes.md, made from the OpenAPI description.

python -m voltline.central.api.routes_page > docs/reference/rest-api-routes.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from voltline.central.api.application import described

_HEAD = """\
# Routes of the REST API

All that `voltline openapi` describes, by subject; how to use it is in [REST API](rest-api.md). Role is what a
token needs at least. This page is made by `python -m voltline.central.api.routes_page`.
"""


def page() -> str:
    """The whole page."""
    document = json.loads(described())
    by_tag: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            by_tag.setdefault(operation["tags"][0], []).append(_row(path, method, operation))
    return "\n".join([_HEAD, *_sections(by_tag)])


def _sections(by_tag: dict[str, list[str]]) -> Iterator[str]:
    for tag, rows in sorted(by_tag.items()):
        yield f"## {tag}\n"
        yield "| route | does | role |"
        yield "|---|---|---|"
        yield from rows
        yield ""


def _row(path: str, method: str, operation: dict[str, Any]) -> str:
    role = operation["security"][0]["token"][0] if operation["security"] else "anybody"
    found = (one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
    names = [name for name in found if name != "format"]
    asked = f" (`{'`, `'.join(names)}`)" if names and "/commands/" not in path else ""
    return f"| `{method.upper()} {path}` | {operation['summary']}{asked} | {role} |"


if __name__ == "__main__":
    sys.stdout.write(page())
