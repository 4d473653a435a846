"""The REST API of a Voltline central system, as far as scenarios need it."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

LONGEST_S = 60.0
MOST_AT_ONCE = 8


class NoAnswer(Exception):  # its text is shown as it stands
    """The API could not be reached; says where it was looked for."""


class Api(Protocol):
    """Asks the central system for something."""

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the JSON (or text) of the answer; `path` comes behind `/api/v1/`.

        Raises:
            NoAnswer: there was none.
        """
        ...


class RestApi:
    """The API at an address such as `http://127.0.0.1:8080`; with a token where it needs one."""

    def __init__(self, address: str, token: str | None = None) -> None:
        """Raises ValueError for what is no address of HTTP."""
        if not address.startswith(("http://", "https://")):
            raise ValueError(f"{address!r} is no address of the REST API; write http://127.0.0.1:8080")
        self._base = address.rstrip("/").removesuffix("/api/v1") + "/api/v1/"
        self._token = token
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="scenario-api")

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask, in a thread: one of these, for the others may be what the answer waits for."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, method, path, body)

    def _ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        url = self._base + quote(path.lstrip("/"), safe="/?=&%,:+.-_~")
        data = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        headers = {"Accept": "application/json"}
        if data is not None:
            kind = "application/octet-stream" if isinstance(body, str) else "application/json"
            headers["Content-Type"] = kind
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = Request(url, data, headers, method=method)  # noqa: S310 - http(s) only, see __init__
        try:
            with urlopen(request, timeout=LONGEST_S) as answer:  # noqa: S310
                return answer.status, _content(answer.read())
        except HTTPError as error:
            with error:
                return error.code, _content(error.read())
        except (URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            raise NoAnswer(
                f"no REST API answers at {self._base} ({reason}); say where it is with --api, "
                "or act yourself with --by-hand"
            ) from None


def refusal(status: int, content: Any) -> str:
    """What the API says against a request."""
    detail = content.get("detail") if isinstance(content, dict) else content
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"{status} {phrase}: {detail}".rstrip(": ")


def call_error(content: Any) -> str | None:
    """The code of the CALLERROR that the charge point answered a command with, if it did."""
    found = content.get("call_error") if isinstance(content, dict) else None
    return str(found["code"]) if isinstance(found, dict) and "code" in found else None


def _content(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return data.decode(errors="replace")
