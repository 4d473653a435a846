"""May this tag charge? Asked of the central system, or decided here (OCPP 1.6, 3.5 and 4.1)."""

from collections.abc import Callable

import msgspec

from voltline.messages import (
    UNSET,
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    IdTagInfo,
    SendLocalList,
    UpdateStatus,
)
from voltline.station.core.authorization_cache import AuthorizationCache
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Permission
from voltline.station.core.happenings import Failed, Failure
from voltline.station.core.intents import Matter
from voltline.station.core.known_tag import VALID, KnownTag, known_tag
from voltline.station.core.local_list import NO_LISTS, LocalList
from voltline.station.core.outbox import Outbox
from voltline.station.core.registration import Registration


class Verdict(msgspec.Struct, frozen=True):
    """The answer to one presented tag. `grounds` says in words where it comes from."""

    accepted: bool
    grounds: str
    parent_id_tag: str | None = None


class Authorizer:
    """Finds the verdict on a tag by the rules for being online and offline."""

    def __init__(
        self, bench: Bench, outbox: Outbox, registration: Registration, conflict: Callable[[str], None]
    ) -> None:
        """`conflict` is called with a text where the central system contradicts its own list."""
        self._bench = bench
        self._outbox = outbox
        self._registration = registration
        self._conflict = conflict
        self.cache = AuthorizationCache(bench.memory, bench.hardware.cached_tags)
        self.local_list = LocalList(bench.memory)

    # ---- one tag

    @property
    def online(self) -> bool:
        """Whether the central system can be asked."""
        return self._registration.online

    def judge(self, id_tag: str, judged: Callable[[Verdict], None], *, group_matters: bool = False) -> None:
        """Call `judged` with the verdict, now or when the central system has answered.

        `group_matters`: a reservation is for a group; a tag whose group is not known here is asked about.
        """
        if not self.online:
            judged(self.offline(id_tag))
            return
        known = self._known(id_tag)
        if (
            known is not None
            and known.accepted
            and self._bench.configuration.flag("LocalPreAuthorize")
            and not (group_matters and known.parent_id_tag is None)
        ):
            judged(known)
            return

        def answered(response: AuthorizeResponse) -> None:
            info = response.id_tag_info
            self.learn(id_tag, info)
            judged(_verdict_of(info, "the central system"))

        def failed(failure: Failed) -> None:
            if failure.failure in (Failure.LOST, Failure.TIMEOUT):
                judged(self.offline(id_tag))
            else:
                judged(Verdict(False, f"the central system could not say: {failure.text}"))

        self._outbox.post(Authorize(id_tag=id_tag), answered, failed, urgent=True)

    def offline(self, id_tag: str) -> Verdict:
        """OCPP 1.6, 3.5.4: what is known decides first, then the rule for unknown tags."""
        configuration = self._bench.configuration
        if not self._registration.ever_accepted and not configuration.flag("TxBeforeAcceptedEnabled"):
            # OCPP 1.6, 4.2.1: whether anything from here will ever be accepted is not known yet.
            return Verdict(False, "the central system has never accepted this station")
        known = self._known(id_tag)
        if known is not None and not known.accepted:
            return known
        if known is not None and configuration.flag("LocalAuthorizeOffline"):
            return known
        if known is None and configuration.flag("AllowOfflineTxForUnknownId"):
            return Verdict(True, "offline, and unknown tags are allowed")
        return Verdict(False, "offline, and the tag is not known" if known is None else "offline")

    def bearer(self, id_tag: str) -> Permission:
        """Who holds the tag, with the group as far as it is known here."""
        known = self._known(id_tag)
        return Permission(id_tag, None if known is None else known.parent_id_tag)

    def learn(self, id_tag: str, info: IdTagInfo) -> None:
        """Keep what the central system said of a tag, in whichever answer it came (OCPP 1.6, 3.5.1).

        Of a tag in its own list it is not kept, but a contradiction is reported (3.5.2, 3.5.3).
        """
        listed = self.local_list.find(id_tag)
        if listed is None:
            if self._is_on("AuthorizationCacheEnabled"):
                self.cache.learn(id_tag, info, self._bench.timestamp)
        elif self._is_on("LocalAuthListEnabled"):
            here = listed.status_at(self._bench.timestamp)
            there = known_tag(info).status_at(self._bench.timestamp)
            if (here in VALID) is not (there in VALID):
                self._conflict(f"{id_tag}: {here} in the list, {there} now")

    def _known(self, id_tag: str) -> Verdict | None:
        """What list or cache say, the list first (OCPP 1.6, 3.5.3)."""
        listed = self.local_list.find(id_tag) if self._is_on("LocalAuthListEnabled") else None
        if listed is not None:
            return self._locally(listed, "the local list")
        cached = self.cache.find(id_tag) if self._is_on("AuthorizationCacheEnabled") else None
        return None if cached is None else self._locally(cached, "the cache")

    def _locally(self, known: KnownTag, source: str) -> Verdict:
        status = known.status_at(self._bench.timestamp)
        return Verdict(status in VALID, f"{source}: {status}", known.parent_id_tag)

    def _is_on(self, name: str) -> bool:
        configuration = self._bench.configuration
        return name in configuration and configuration.flag(name)

    # ---- what is kept here

    @property
    def list_version(self) -> int:
        """What GetLocalListVersion tells; a list that is switched off counts as none (OCPP 1.6, 5.10)."""
        return self.local_list.version if self._is_on("LocalAuthListEnabled") else NO_LISTS

    def update_list(self, request: SendLocalList) -> UpdateStatus:
        """Replace or change the local list (OCPP 1.6, 5.15)."""
        if not self._is_on("LocalAuthListEnabled"):
            return UpdateStatus.NOT_SUPPORTED
        configuration = self._bench.configuration
        entries = [] if request.local_authorization_list is UNSET else request.local_authorization_list
        most = configuration.number("SendLocalListMaxLength")
        if len(entries) > most:
            status, text = UpdateStatus.FAILED, f"{len(entries)} entries are more than the {most} at a time"
        else:
            status, text = self.local_list.update(request, configuration.number("LocalAuthListMaxLength"))
        if status == UpdateStatus.ACCEPTED:
            for entry in entries:  # OCPP 1.6, 3.5.3: a tag is in one of them
                self.cache.forget(entry.id_tag)
        self._bench.tell(Matter.AUTHORIZATION, f"local list {status}: {text}")
        return status

    def clear_cache(self) -> bool:
        """Forget every cached tag; False where there is no cache, or it is switched off (errata 3.23)."""
        if not self._is_on("AuthorizationCacheEnabled"):
            return False
        self.cache.clear()
        return True


def _verdict_of(info: IdTagInfo, source: str) -> Verdict:
    accepted = info.status == AuthorizationStatus.ACCEPTED
    parent = info.parent_id_tag if isinstance(info.parent_id_tag, str) else None
    return Verdict(accepted, f"{source}: {info.status}", parent)
