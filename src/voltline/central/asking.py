"""Asks another system by HTTP whether an id tag may charge that nobody registered here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

import aiohttp
import msgspec

from voltline.central.domain.authorization import (
    Authorization,
    AuthorizationRules,
    DecidedBy,
    Verdict,
    tag_key,
    unasked,
)

log = logging.getLogger(__name__)

_LONGEST_ANSWER = 65_536
_MOST_REMEMBERED = 10_000
_LONGEST_TAG = 20


class _Question(msgspec.Struct, rename="camel"):
    id_tag: str
    charge_point: str
    connector: int | None


class _Answer(msgspec.Struct, rename="camel"):
    status: Verdict
    expiry_date: datetime | None = None
    parent_id_tag: str | None = None


_answer = msgspec.json.Decoder(_Answer)


class TagAsker:
    """See `services.ports.asking.Asking`. Its questions wait for no other; `close` ends it.

    The address is sent POST `{"idTag", "chargePoint", "connector"}` and answers 200 with
    `{"status", "expiryDate", "parentIdTag"}`, where `status` is a word of AuthorizationStatus and the
    others may be absent. An answer is remembered for `remember_s` seconds, and given at once to those who ask
    for the same tag meanwhile. What was not answered is not remembered.
    """

    def __init__(
        self,
        url: str,
        rules: AuthorizationRules,
        *,
        timeout_s: float,
        remember_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._rules = rules
        self._timeout_s = timeout_s
        self._remember_s = remember_s
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[float, Authorization]] = OrderedDict()
        self._asking: dict[tuple[str, str], asyncio.Task[Authorization]] = {}
        self._session: aiohttp.ClientSession | None = None

    async def told(self, id_tag: str, identity: str, connector_id: int | None) -> Authorization:
        key = tag_key(id_tag)
        found = self._remembered.get(key)
        if found is not None and found[0] > self._clock():
            return found[1]
        asking = self._asking.get((key, identity))
        if asking is None:
            asking = asyncio.create_task(self._ask(id_tag, identity, connector_id), name=f"asking {identity}")
            self._asking[key, identity] = asking
            asking.add_done_callback(lambda _: self._asking.pop((key, identity), None))
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """End the questions that are still open."""
        open_ones = list(self._asking.values())
        for task in open_ones:
            task.cancel()
        if open_ones:
            await asyncio.wait(open_ones)
        if self._session is not None:
            await self._session.close()

    async def _ask(self, id_tag: str, identity: str, connector_id: int | None) -> Authorization:
        question = _Question(id_tag, identity, connector_id)
        try:
            async with asyncio.timeout(self._timeout_s):
                told = _authorization(await self._exchange(msgspec.json.encode(question)))
        except TimeoutError:
            return self._unanswered(identity, f"no answer within {self._timeout_s:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return self._unanswered(identity, str(error) or type(error).__name__)
        except (msgspec.MsgspecError, UnicodeError, ValueError) as error:
            return self._unanswered(identity, f"the answer cannot be used: {error}")
        self._remember(tag_key(id_tag), told)
        return told

    async def _exchange(self, question: bytes) -> bytes:
        if self._session is None:
            # One slow answer must not keep other charge points waiting for a connection.
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        async with self._session.post(
            self._url, data=question, headers=headers, allow_redirects=False
        ) as response:
            if response.status != 200:
                raise ValueError(f"status {response.status} instead of 200")
            body = await response.content.read(_LONGEST_ANSWER)
            while len(body) < _LONGEST_ANSWER and (more := await response.content.read(_LONGEST_ANSWER)):
                body += more
            return body

    def _unanswered(self, identity: str, problem: str) -> Authorization:
        told = unasked(self._rules, problem[:500])
        log.warning(
            "%s: nobody could be asked about an id tag, so it is %s: %s", identity, told.status, problem
        )
        return told

    def _remember(self, key: str, told: Authorization) -> None:
        self._remembered[key] = self._clock() + self._remember_s, told
        self._remembered.move_to_end(key)
        while len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def _authorization(body: bytes) -> Authorization:
    """Raises MsgspecError or ValueError for an answer that is none."""
    answer = _answer.decode(body)
    if answer.status is Verdict.CONCURRENT_TX:
        raise ValueError("ConcurrentTx is not for others to say")
    if answer.expiry_date is not None and answer.expiry_date.tzinfo is None:
        raise ValueError("expiryDate has no time zone")
    parent = answer.parent_id_tag
    if parent is not None and not 0 < len(parent) <= _LONGEST_TAG:
        raise ValueError("parentIdTag must have 1 to 20 characters")
    return Authorization(
        status=answer.status,
        parent_id_tag=parent,
        expires_at=answer.expiry_date,
        known=False,
        decided_by=DecidedBy.ASKED,
    )
