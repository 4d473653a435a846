"""T14: a configuration with which nobody can charge while the central system is out of reach."""

from collections.abc import Iterator

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Disconnected, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.messages import GetLocalListVersionResponse


class OfflineLockOut(Detector):
    """Offline authorization is switched off, or has nothing to consult."""

    id = "T14"
    title = "Nobody can charge offline"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 3.5", "OCPP 1.6, 9.1.12")
    who = Who.BACK_END
    next_step = (
        "Set LocalAuthorizeOffline and fill the local list or enable the cache, or allow unknown tags with "
        "AllowOfflineTxForUnknownId, if drivers are to charge without connection."
    )
    explanation = (
        "Without connection a charge point decides by its local list and its authorization cache, if "
        "LocalAuthorizeOffline is true, and lets unknown tags in only with AllowOfflineTxForUnknownId. With "
        "that off, or with an empty list and no cache, every driver is refused until the connection is back. "
        "It may be meant so; a warning where the log shows that the connection does get lost."
    )
    events = (Answered, Disconnected)
    actions = frozenset({"GetConfiguration", "ChangeConfiguration", "GetLocalListVersion", "SendLocalList"})

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        super().__init__(settings)
        self._list_version: int | None = None
        self._evidence: dict[str, tuple[Record, ...]] = {}
        self._losses = 0
        self._told: tuple[str, Severity] | None = None

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Weigh the configuration as far as it is known, again after each loss of connection."""
        if isinstance(event, Disconnected):
            self._losses += 1
        else:
            assert isinstance(event, Answered)
            exchange = event.exchange
            if exchange.response is None:
                return
            if isinstance(exchange.response, GetLocalListVersionResponse):
                self._list_version = exchange.response.list_version
                self._evidence["list"] = exchange.records
            elif exchange.name == "SendLocalList":
                self._list_version = None
            else:
                self._evidence["keys"] = exchange.records
        why = self._why(facts)
        if why is None:
            return
        severity = Severity.WARNING if self._losses else Severity.INFO
        if self._told == (why, severity):
            return
        self._told = (why, severity)
        records = [record for records in self._evidence.values() for record in records]
        yield self.finding(
            facts, f"While offline every driver is refused: {why}.", records, severity=severity
        )

    def _why(self, facts: Facts) -> str | None:
        unknown_let_in = facts.setting("AllowOfflineTxForUnknownId")
        if unknown_let_in is not None and unknown_let_in.strip().lower() == "true":
            return None
        offline = (facts.setting("LocalAuthorizeOffline") or "").strip().lower()
        if offline == "false":
            return "LocalAuthorizeOffline is false"
        cache = (facts.setting("AuthorizationCacheEnabled") or "").strip().lower()
        no_cache = cache == "false" or "authorizationcacheenabled" in facts.unknown_keys
        enabled = (facts.setting("LocalAuthListEnabled") or "").strip().lower()
        no_list = enabled == "false" or self._list_version in (0, -1)
        if offline == "true" and no_cache and no_list:
            return "LocalAuthorizeOffline is true, but the local list is empty or off and there is no cache"
        return None
