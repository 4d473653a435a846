"""May this tag charge? Asked of the central system, or decided here (OCPP 1.6, 3.5 and 4.1)."""

from collections.abc import Callable

import msgspec

from voltline.messages import AuthorizationStatus, Authorize, AuthorizeResponse, IdTagInfo
from voltline.station.core.authorization_cache import AuthorizationCache
from voltline.station.core.bench import Bench
from voltline.station.core.happenings import Failed, Failure
from voltline.station.core.outbox import Outbox
from voltline.station.core.registration import Registration


class Verdict(msgspec.Struct, frozen=True):
    """The answer to one presented tag. `grounds` says in words where it comes from."""

    accepted: bool
    grounds: str
    parent_id_tag: str | None = None


class Authorizer:
    """Finds the verdict on a tag by the rules for being online and offline."""

    def __init__(self, bench: Bench, outbox: Outbox, registration: Registration) -> None:
        self._bench = bench
        self._outbox = outbox
        self._registration = registration
        self.cache = AuthorizationCache()

    def judge(self, id_tag: str, judged: Callable[[Verdict], None]) -> None:
        """Call `judged` with the verdict, now or when the central system has answered."""
        if not self._registration.online:
            judged(self._offline(id_tag))
            return
        known = self._cached(id_tag)
        if known is not None and known.accepted and self._bench.configuration.flag("LocalPreAuthorize"):
            judged(known)
            return

        def answered(response: AuthorizeResponse) -> None:
            info = response.id_tag_info
            self.learn(id_tag, info)
            judged(_verdict_of(info, "the central system"))

        def failed(failure: Failed) -> None:
            if failure.failure in (Failure.LOST, Failure.TIMEOUT):
                judged(self._offline(id_tag))
            else:
                judged(Verdict(False, f"the central system could not say: {failure.text}"))

        self._outbox.post(Authorize(id_tag=id_tag), answered, failed, urgent=True)

    def learn(self, id_tag: str, info: IdTagInfo) -> None:
        """Keep what the central system said of a tag, in whichever answer it came (OCPP 1.6, 3.5.1)."""
        if self._bench.configuration.flag("AuthorizationCacheEnabled"):
            self.cache.learn(id_tag, info, self._bench.timestamp)

    def _cached(self, id_tag: str) -> Verdict | None:
        if not self._bench.configuration.flag("AuthorizationCacheEnabled"):
            return None
        known = self.cache.find(id_tag)
        if known is None:
            return None
        status = known.status_at(self._bench.timestamp)
        accepted = status in (AuthorizationStatus.ACCEPTED, AuthorizationStatus.CONCURRENT_TX)
        return Verdict(accepted, f"the cache: {status}", known.parent_id_tag)

    def _offline(self, id_tag: str) -> Verdict:
        """OCPP 1.6, 3.5.4: what is known decides first, then the rule for unknown tags."""
        configuration = self._bench.configuration
        if not self._registration.ever_accepted:
            # OCPP 1.6, 4.2.1: whether anything from here will ever be accepted is not known yet.
            return Verdict(False, "the central system has never accepted this station")
        known = self._cached(id_tag)
        if known is not None and not known.accepted:
            return known
        if known is not None and configuration.flag("LocalAuthorizeOffline"):
            return known
        if known is None and configuration.flag("AllowOfflineTxForUnknownId"):
            return Verdict(True, "offline, and unknown tags are allowed")
        return Verdict(False, "offline, and the tag is not known" if known is None else "offline")


def _verdict_of(info: IdTagInfo, source: str) -> Verdict:
    accepted = info.status == AuthorizationStatus.ACCEPTED
    parent = info.parent_id_tag if isinstance(info.parent_id_tag, str) else None
    return Verdict(accepted, f"{source}: {info.status}", parent)
