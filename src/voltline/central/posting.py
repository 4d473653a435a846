"""Asks URLs that operators named, by HTTP."""

from __future__ import annotations

import asyncio

import aiohttp

from voltline.central.services.ports.data_transfer import NoAnswer

_LONGEST_ANSWER = 1024 * 1024


class HttpPoster:
    """See `services.ports.data_transfer.Poster`. `close` ends it."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, timeout_s: float) -> bytes:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._exchange(url, body)
        except TimeoutError:
            raise NoAnswer(f"no answer within {timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NoAnswer((str(error) or type(error).__name__)[:500]) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, url: str, body: bytes) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            if not 200 <= response.status < 300:
                raise NoAnswer(f"it answered with status {response.status}")
            answer = bytearray()
            async for chunk in response.content.iter_chunked(65_536):
                answer += chunk
                if len(answer) > _LONGEST_ANSWER:
                    raise NoAnswer(f"its answer is longer than {_LONGEST_ANSWER} bytes")
            return bytes(answer)
