"""Bringing the local lists of charge points up to date, and clearing their caches (S 5.4, 5.10, 5.15)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from voltline.central.domain.local_lists import (
    KEYS,
    Capacity,
    ListEntry,
    ListState,
    LocalList,
    Update,
    updates,
)
from voltline.central.services import local_lists
from voltline.central.services.ports import Queries, Writer
from voltline.central.services.ports.lines import Line, Procedure, Procedures
from voltline.messages import (
    UNSET,
    AuthorizationData,
    AuthorizationStatus,
    ClearCache,
    GetConfiguration,
    GetLocalListVersion,
    IdTagInfo,
    SendLocalList,
    UpdateStatus,
    UpdateType,
)
from voltline.wire.errors import CallError, LocalProtocolError, RemoteProtocolError

log = logging.getLogger(__name__)

LIST = "local list"
CACHE = "authorization cache"
_FRESH_S = 5.0
_MOST_GROUPS = 20
_NOT_DONE = ("NotImplemented", "NotSupported")
_ACCEPTED = AuthorizationStatus.ACCEPTED


class LocalListKeeper:
    """Procedures of local lists and caches, and when they are due. For the event loop's thread."""

    def __init__(
        self,
        writer: Writer,
        queries: Queries,
        procedures: Procedures,
        connected: Callable[[], Iterable[str]],
        now: Callable[[], datetime],
        *,
        delay_s: float,
        enabled: bool = True,
    ) -> None:
        """`connected` gives the identities of who is connected now."""
        self._writer = writer
        self._queries = queries
        self._procedures = procedures
        self._connected = connected
        self._now = now
        self._delay_s = delay_s
        self._enabled = enabled
        self._timer: asyncio.TimerHandle | None = None
        self._revoked = False
        self._looking = asyncio.Lock()
        self._looks = 0
        self._usable: dict[tuple[str, ...] | None, tuple[float, tuple[ListEntry, ...]]] = {}
        """What lists should hold, by groups: found once for many charge points, and when."""

    # ---- when

    def after_boot(self, line: Line) -> Iterable[tuple[str, Procedure]]:
        """See `Runner.on_accepted`."""
        if self._enabled:
            yield CACHE, self.clear_cache
            yield LIST, self.check

    def tags_changed(self, *, revoked: bool) -> None:
        """Id tags are not what they were: charge points that are connected are told soon, others when they
        come back. `revoked`: what they remember may be wrong."""
        self._revoked = self._revoked or revoked
        self._forget()
        if self._enabled and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay_s, self._push)

    def start(self, identity: str) -> None:
        """Bring the list of one charge point up to date as soon as possible."""
        self._forget()
        self._procedures.start(identity, LIST, self.check)

    def _forget(self) -> None:
        self._usable.clear()
        self._looks += 1

    def close(self) -> None:
        """Start nothing more; charge points are told when they connect to the next process."""
        if self._timer is not None:
            self._timer.cancel()

    def _push(self) -> None:
        self._timer = None
        revoked, self._revoked = self._revoked, False
        for identity in self._connected():
            if revoked:
                self._procedures.start(identity, CACHE, self.clear_cache)
            self._procedures.start(identity, LIST, self.sync)

    # ---- what

    async def clear_cache(self, line: Line) -> None:
        """Have the charge point forget what it was told of tags, where a tag was revoked since (CAC-11)."""
        due = await self._writer.submit(local_lists.cache_due, line.key)
        if due is None:
            return
        try:
            answer = str((await line.call(ClearCache())).status)
        except CallError as error:
            answer = _text(error)
        except RemoteProtocolError as error:
            answer = error.text
        log.info("%s is asked to clear its cache: %s", line.identity, answer)
        await self._writer.submit(local_lists.cache_cleared, line.key, due, answer, self._now())

    async def check(self, line: Line) -> None:
        """Ask for the version of its list, and send what is missing."""
        await self._bring_up_to_date(line, ask_version=True)

    async def sync(self, line: Line) -> None:
        """Send what is missing, by what is known of its list."""
        await self._bring_up_to_date(line, ask_version=False)

    async def _bring_up_to_date(self, line: Line, *, ask_version: bool) -> None:
        known, capacity = await self._writer.submit(local_lists.what_it_says, line.key)
        if not capacity.told and known.enabled and known.state is not ListState.NOT_SUPPORTED:
            capacity = await self._ask_capacity(line)
        if not await self._is_kept(line, known, capacity):
            return
        wanted, left_out = await self._wanted(known, capacity)
        if known.state is ListState.UNTOUCHED and not wanted:
            return  # nobody has registered a tag: the list may be somebody else's
        if ask_version or not known.known:
            asked = await self._ask_version(line)
            if asked is None:
                return
            known = asked
        held = await asyncio.to_thread(self._held, line, known)
        if await self._send(line, known, wanted, held, left_out, capacity) is False:
            # LST-19. What it has now is anybody's guess, and so is the version.
            asked = await self._ask_version(line)
            if asked is not None:
                await self._send(line, asked, wanted, None, left_out, capacity, last=True)

    async def _ask_capacity(self, line: Line) -> Capacity:
        try:
            await line.call(GetConfiguration(key=list(KEYS)))
        except (CallError, RemoteProtocolError) as error:
            log.info("%s does not tell how it keeps its local list: %s", line.identity, error)
        _, capacity = await self._writer.submit(local_lists.what_it_says, line.key)
        return capacity

    async def _is_kept(self, line: Line, known: LocalList, capacity: Capacity) -> bool:
        if not known.enabled or known.state is ListState.NOT_SUPPORTED:
            return False
        if capacity.supported is False:
            reason = "LocalAuthListManagement is not among its SupportedFeatureProfiles"
            await self._writer.submit(local_lists.unsupported, line.key, reason, self._now())
            return False
        if capacity.enabled is False:
            await self._writer.submit(local_lists.unused, line.key, "its LocalAuthListEnabled is false")
            return False
        return True

    async def _wanted(self, known: LocalList, capacity: Capacity) -> tuple[tuple[ListEntry, ...], int]:
        """The tags that it should hold, and for how many there is no room."""
        groups = known.groups
        async with self._looking:
            found_at, usable = self._usable.get(groups, (0.0, ()))
            now = asyncio.get_running_loop().time()
            if found_at == 0.0 or now - found_at > _FRESH_S:
                looks = self._looks
                usable = await asyncio.to_thread(self._queries.usable_tags, self._now(), groups)
                if len(self._usable) > _MOST_GROUPS:
                    self._usable.clear()
                if looks == self._looks:  # else tags were changed meanwhile
                    self._usable[groups] = now, usable
        wanted = usable if capacity.most is None else usable[: capacity.most]
        return wanted, len(usable) - len(wanted)

    def _held(self, line: Line, known: LocalList) -> tuple[ListEntry, ...] | None:
        """What it holds, as far as that is known. Blocks."""
        if known.known:
            return self._queries.local_list_content(line.key)
        return () if known.reported_version == 0 else None

    async def _ask_version(self, line: Line) -> LocalList | None:
        """What is known of its list once it has told its version; None: it keeps none, or fails to say."""
        try:
            await line.call(GetLocalListVersion())
        except (CallError, RemoteProtocolError) as error:
            await self._note(line, error, "GetLocalListVersion")
            return None
        known, _ = await self._writer.submit(local_lists.what_it_says, line.key)
        return None if known.state is ListState.NOT_SUPPORTED else known

    async def _send(
        self,
        line: Line,
        known: LocalList,
        wanted: Sequence[ListEntry],
        held: Sequence[ListEntry] | None,
        left_out: int,
        capacity: Capacity,
        *,
        last: bool = False,
    ) -> bool | None:
        """Send the difference. False: a full list may help; None: nothing does, which is noted."""
        after = max(known.version or 0, known.reported_version or 0)
        parts = await asyncio.to_thread(updates, wanted, held, after, capacity.at_once)
        if not parts:
            await self._writer.submit(local_lists.synced, line.key, len(wanted), left_out, None, self._now())
            return True
        await self._writer.submit(
            local_lists.sending, line.key, parts[0].version, parts[-1].version, left_out
        )
        for part in parts:
            try:
                answer = await line.call(_message(part))
            except (CallError, RemoteProtocolError, LocalProtocolError) as error:
                await self._note(line, error, "SendLocalList")
                return None
            if answer.status != UpdateStatus.ACCEPTED:
                return await self._refused(line, part, answer.status, last)
        content = await asyncio.to_thread(self._queries.packed, tuple(wanted))
        await self._writer.submit(local_lists.synced, line.key, len(wanted), left_out, content, self._now())
        log.info("%s has %d id tags in its local list", line.identity, len(wanted))
        return True

    async def _refused(self, line: Line, part: Update, status: UpdateStatus, last: bool) -> bool | None:
        if status == UpdateStatus.NOT_SUPPORTED:
            await self._writer.submit(
                local_lists.unsupported, line.key, "it answers SendLocalList with NotSupported", self._now()
            )
            return None
        retry = not last and (not part.full or status == UpdateStatus.VERSION_MISMATCH)
        if retry:
            log.info("%s answers SendLocalList with %s: it is sent a full list", line.identity, status)
            return False
        kind = "full" if part.full else "differential"
        problem = f"it answers a {kind} list of {len(part.entries) + len(part.removed)} with {status!s}"
        await self._writer.submit(local_lists.failed, line.key, problem, self._now())
        return None

    async def _note(
        self, line: Line, error: CallError | RemoteProtocolError | LocalProtocolError, action: str
    ) -> None:
        if isinstance(error, CallError) and error.code in _NOT_DONE:
            text = f"it answers {action} with {error.code}"
            await self._writer.submit(local_lists.unsupported, line.key, text, self._now())
            return
        text = _text(error) if isinstance(error, CallError) else str(error)
        await self._writer.submit(local_lists.failed, line.key, f"{action}: {text}"[:500], self._now())


def _message(part: Update) -> SendLocalList:
    entries = [AuthorizationData(id_tag=id_tag) for id_tag in part.removed]
    entries += [AuthorizationData(id_tag=entry.id_tag, id_tag_info=_info(entry)) for entry in part.entries]
    return SendLocalList(
        list_version=part.version,
        update_type=UpdateType.FULL if part.full else UpdateType.DIFFERENTIAL,
        local_authorization_list=entries if entries else UNSET,
    )


def _info(entry: ListEntry) -> IdTagInfo:
    parent = entry.parent_id_tag
    return IdTagInfo(
        status=_ACCEPTED,
        parent_id_tag=UNSET if parent is None or len(parent) > 20 else parent,
        expiry_date=UNSET if entry.expires_at is None else entry.expires_at,
    )


def _text(error: CallError) -> str:
    return f"{error.code}: {error.description}" if error.description else error.code
