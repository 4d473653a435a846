"""The file server by HTTP: `/{user}-{password}/{name}` is fetched with GET, brought with PUT or POST.

Range requests resume a download (RFC 9110, 14). An upload is a PUT, a POST of the file itself, or a POST of a
form (multipart/form-data), whose first file is taken.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from voltline.central.domain.files import safe_name
from voltline.central.files.porter import Pass, Porter
from voltline.central.files.shelf import Shelf
from voltline.central.services.ports import StorageUnavailable
from voltline.central.services.ports.files import NoSpace, TooLarge

log = logging.getLogger(__name__)

_CHUNK = 65_536
_RANGE = re.compile(r"bytes \d+-(\d+)/(\d+)")
_RETRY_AFTER_S = "30"


class HttpFiles:
    """The handlers, as an aiohttp application."""

    def __init__(self, porter: Porter, shelf: Shelf) -> None:
        self._porter = porter
        self._shelf = shelf

    def application(self) -> web.Application:
        application = web.Application(client_max_size=0, middlewares=[_plainly])
        for path in ("/{access}", "/{access}/{name:.*}"):
            application.router.add_get(path, self._fetch)
            application.router.add_put(path, self._bring)
            application.router.add_post(path, self._bring)
        return application

    async def _pass(self, request: web.Request) -> Pass:
        """Raises 404 for whoever has no access, whatever the reason."""
        user, _, password = request.match_info["access"].partition("-")
        try:
            found = await asyncio.to_thread(self._porter.admit, user, password)
        except StorageUnavailable:
            raise _unavailable() from None
        if found is None:
            raise web.HTTPNotFound(text="There is nothing here, or not any more.\n")
        return found

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        found = await self._pass(request)
        if found.file is None:
            raise web.HTTPMethodNotAllowed(
                request.method, ["PUT", "POST"], text="A file is brought here with PUT or POST.\n"
            )
        path = self._shelf.path(found.file)
        if not path.is_file():
            log.error("the file %s of job %d is not on the disk", path, found.job.id)
            raise web.HTTPNotFound(text="The file is gone.\n")
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f'attachment; filename="{path.name}"',
            "Cache-Control": "no-store",
            "X-Checksum-Sha256": found.file.sha256,
        }

        def sent() -> None:
            log.info("%s has fetched %s by HTTP", found.job.identity, path.name)
            self._porter.fetched(found.user, "HTTP")

        return _Download(path, headers, sent)

    async def _bring(self, request: web.Request) -> web.StreamResponse:
        found = await self._pass(request)
        if found.file is not None:
            raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"], text="A file is fetched here.\n")
        if "Content-Range" in request.headers:
            raise web.HTTPBadRequest(text="Bring the whole file at once.\n")
        limits = self._shelf.limits
        if request.content_length is not None and request.content_length > limits.max_bytes + _CHUNK:
            raise _too_large(f"files may have {limits.max_bytes} bytes at most")
        name, chunks = await _upload(request, found)
        safe = safe_name(name, "upload.bin")
        if not limits.allows(safe):
            raise web.HTTPUnsupportedMediaType(
                text=f"Files of this type are not taken: {', '.join(sorted(limits.types))}.\n"
            )
        if not self._shelf.has_room(found.user, safe):
            raise web.HTTPForbidden(text=f"{limits.max_files} files are here already.\n")
        path = self._shelf.job_folder(found.user) / safe
        try:
            content = await self._shelf.receive(path, name, chunks)
        except NoSpace as error:
            log.error("%s could not bring %s: %s", found.job.identity, safe, error)
            raise web.HTTPInsufficientStorage(text="There is no more room for files.\n") from error
        except TooLarge as error:
            raise _too_large(str(error)) from error
        except (ValueError, web.RequestPayloadError, ConnectionError) as error:
            raise web.HTTPBadRequest(text=f"The file did not come whole: {error}\n") from error
        if not await self._porter.arrived(found.user, content):
            raise _unavailable()
        log.info("%s has brought %s by HTTP: %d bytes", found.job.identity, safe, content.size_bytes)
        told = {"name": content.name, "size_bytes": content.size_bytes, "sha256": content.sha256}
        return web.json_response(told, status=201)


async def _upload(request: web.Request, found: Pass) -> tuple[str, AsyncIterator[bytes]]:
    """What the file is called, and its bytes."""
    named = request.match_info.get("name", "").strip("/")
    default = named or found.job.file_name or "upload.bin"
    if request.content_type != "multipart/form-data":
        return default, request.content.iter_chunked(_CHUNK)
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.filename:
                return named or part.filename, _part_chunks(part)
    except (ValueError, AssertionError, RuntimeError) as error:
        raise web.HTTPBadRequest(text=f"The form cannot be read: {error}\n") from error
    raise web.HTTPBadRequest(text="There is no file in the form.\n")


async def _part_chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK):
        yield bytes(chunk)


class _Download(web.FileResponse):
    """A file; `sent` is called when its last byte was."""

    def __init__(self, path: Path, headers: dict[str, str], sent: Callable[[], None]) -> None:
        super().__init__(path, headers=headers)
        self._sent = sent

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Sends it."""
        writer = await super().prepare(request)
        if request.method == "GET" and _reached_end(self):
            self._sent()
        return writer


def _reached_end(response: web.FileResponse) -> bool:
    if response.status == 200:
        return True
    sent = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return response.status == 206 and sent is not None and int(sent[1]) + 1 == int(sent[2])


def _too_large(text: str) -> web.HTTPException:
    return web.HTTPRequestEntityTooLarge(max_size=0, actual_size=0, text=f"{text}.\n")


def _unavailable() -> web.HTTPException:
    return web.HTTPServiceUnavailable(
        text="This cannot be noted just now; try again.\n", headers={"Retry-After": _RETRY_AFTER_S}
    )


@web.middleware
async def _plainly(request: web.Request, handler: Any) -> web.StreamResponse:
    """Nothing that is answered here is ever run or kept by a browser."""
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPException as refusal:
        refusal.headers["X-Content-Type-Options"] = "nosniff"
        raise
    if not response.prepared:
        response.headers["X-Content-Type-Options"] = "nosniff"
    return response
