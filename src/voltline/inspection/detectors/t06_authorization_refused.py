"""T06: id tags that were refused, and tags that the charge point reads otherwise than they are known."""

import re
from collections.abc import Iterator
from typing import Annotated, Final, TypeVar

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Event, Exchange
from voltline.inspection.exchanges import connector_of, text_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import AuthorizationStatus, IdTagInfo
from voltline.messages.types import doc

_T = TypeVar("_T")

_MOST_TAGS = 1_000
_UID = re.compile(r"(?:[0-9a-f]{2}){4,}", re.ASCII)
"""The number of a card: at least four bytes in hexadecimal."""
_WHO: Final = {AuthorizationStatus.CONCURRENT_TX: Who.BACK_END}


class Settings(DetectorSettings, frozen=True):
    """When refusals are more than a wrong card."""

    same_tag: Annotated[int, doc("So many refusals of one id tag in a row are a warning.")] = 3
    share: Annotated[float, doc("So large a share of refused attempts is a warning.")] = 0.05
    fewest_attempts: Annotated[int, doc("The share counts from so many attempts on.")] = 40


class AuthorizationRefused(Detector):
    """Authorize or StartTransaction answered with anything but Accepted."""

    id = "T06"
    title = "Authorization refused"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 7.2", "OCPP 1.6, 7.28")
    who = Who.BACK_END
    next_step = "Look up the id tag in the central system: is it registered as the charge point reads it?"
    explanation = (
        "The central system did not let an id tag in: Invalid is an unknown tag, Blocked and Expired a known "
        "one, ConcurrentTx one that is charging elsewhere. Single refusals are cards of other networks. The "
        "same tag again and again is a customer who cannot charge. A card number that is known with another "
        "ending is read wrongly by the charge point: some add zeros or a check sum, some cut it off."
    )
    events = (Answered,)
    actions = frozenset({"Authorize", "StartTransaction", "RemoteStartTransaction"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._known: dict[str, None] = {}
        self._refused_in_a_row: dict[str, int] = {}
        self._attempts = 0
        self._refusals = 0

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Count by status, by tag, and against all attempts."""
        assert isinstance(event, Answered)
        exchange = event.exchange
        tag = text_of(exchange, "id_tag")
        if tag is None:
            return
        if not exchange.from_station:
            self._know(tag)
            return
        info = getattr(exchange.response, "id_tag_info", None)
        if not isinstance(info, IdTagInfo):
            return
        self._attempts += 1
        if info.status is AuthorizationStatus.ACCEPTED:
            self._know(tag)
            self._refused_in_a_row.pop(tag.casefold(), None)
        else:
            self._refusals += 1
            yield from self._refused(exchange, tag, info.status, facts)

    def _know(self, tag: str) -> None:
        _keep(self._known, tag.casefold(), None)

    def _refused(
        self, exchange: Exchange, tag: str, status: AuthorizationStatus, facts: Facts
    ) -> Iterator[Finding]:
        folded = tag.casefold()
        in_a_row = self._refused_in_a_row.get(folded, 0) + 1
        _keep(self._refused_in_a_row, folded, in_a_row)
        often = self._attempts >= self.settings.fewest_attempts
        too_many = often and self._refusals / self._attempts > self.settings.share
        told = f"{exchange.name} of id tag {tag} was answered {status}"
        if in_a_row >= self.settings.same_tag:
            told += f", {in_a_row} times in a row"
        yield self.finding(
            facts,
            f"{told}; {self._refusals} of {self._attempts} attempts were refused.",
            exchange.records,
            connector=connector_of(exchange),
            title=f"{self.title}: {status}",
            severity=Severity.WARNING if too_many or in_a_row >= self.settings.same_tag else None,
            who=_WHO.get(status),
        )
        like = self._read_otherwise(folded)
        if like is not None:
            yield self.finding(
                facts,
                f"Id tag {tag} was answered {status}; {like.upper()} is known, which differs in its ending.",
                exchange.records,
                title="Id tag read with another ending",
                severity=Severity.WARNING,
                who=Who.CHARGER_MAKER,
                next_step="Compare the number on the card with what the charge point sends; register that or "
                "have the reader corrected.",
            )

    def _read_otherwise(self, folded: str) -> str | None:
        """A known card number of which this one is the beginning, or that is the beginning of this one."""
        if not _UID.fullmatch(folded) or folded in self._known:
            return None
        for known in self._known:
            if _UID.fullmatch(known) and (known.startswith(folded) or folded.startswith(known)):
                return known
        return None


def _keep(table: dict[str, _T], key: str, value: _T) -> None:
    table.pop(key, None)
    table[key] = value
    if len(table) > _MOST_TAGS:
        del table[next(iter(table))]
