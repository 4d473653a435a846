"""Takes out of results and frames whatever names a person, a charge point, a place in a network or a secret.

Each value gets a pseudonym, the same wherever it stands: a keyed hash, so that without the key nobody can
find the value, nor check a guess. What findings rest on stays: lengths beyond the limits of OCPP, blanks,
masks, times, energies, states, message and transaction ids.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import msgspec

from voltline.inspection.findings import Finding
from voltline.inspection.footage import Mark
from voltline.inspection.records import Record, RecordKind
from voltline.logbook.addresses import ADDRESSES
from voltline.logbook.frames import Seen
from voltline.logbook.readers.frame_text import FRAME
from voltline.logbook.result import Result
from voltline.logbook.sensitive import Kind, Value, replaced
from voltline.messages import ACTIONS, CONFIGURATION_KEYS, ChargePointErrorCode, ChargePointStatus, Reason
from voltline.wire.frames import MAX_MESSAGE_ID_LENGTH

__all__ = ["Anonymizer"]

DIGITS: Final = 10
SHORTEST_LIMIT: Final = 20
"""Characters of an id tag, the shortest field. A longer value gets a pseudonym of its own length: what is too
long for its field stays so, what is not does too."""
DEEPEST: Final = 4
"""JSON in strings in JSON that is looked into."""

_MASKED: Final = re.compile(r"[*x•.\-_#\s]*|null|none|true|false|\d{1,3}|<[^>]*>|\([^)]*\)", re.IGNORECASE)
_OURS: Final = re.compile(rf"(?:{'|'.join(Kind)})-[0-9a-f]{{{DIGITS - 1},}}[^\x20-\x7e]?")
_ODD: Final = re.compile(r"[^\x20-\x7e]")
_WORD_BEGINS: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]")
_CUT_WORD: Final = re.compile(r"[\w.\-]+…$")
_NAMED: Final = re.compile(r"(\b(?:id tag|is called|to be of|charge point) )([^\s,;]+)", re.IGNORECASE)
"""What our own sentences name, however short it is."""
_ASSIGNED: Final = (
    (Kind.KEY, re.compile(r"\b(?:Basic|Bearer)\s+([A-Za-z0-9+/=._\-]{6,})")),
    (Kind.KEY, re.compile(r"key=AuthorizationKey\s*,\s*value=([^\s,;]+)", re.IGNORECASE)),
    (
        Kind.KEY,
        re.compile(
            r"(?:password|passwd|\bpwd|secret|token|api_?key|authorizationkey|\bpsk)[\\\"']*\s*[=:]\s*[\\\"']*"
            r"([^\s\\\"',;&]+)",
            re.IGNORECASE,
        ),
    ),
    (Kind.TAG, re.compile(r"id_?tag[\\\"']*\s*[=:]\s*[\\\"']*([^\s\\\"',;&)]+)", re.IGNORECASE)),
    (
        Kind.SERIAL,
        re.compile(r"serial_?(?:number|no)?[\\\"']*\s*[=:]\s*[\\\"']*([^\s\\\"',;&)]{4,})", re.IGNORECASE),
    ),
    (Kind.SIM, re.compile(r"(?:iccid|imsi|imei)[\\\"']*\s*[=:]\s*[\\\"']*([0-9A-Fa-f]{6,})", re.IGNORECASE)),
    (Kind.SIM, re.compile(r"(?<!\d)(89\d{17,18})(?!\d)")),
)
"""Values in free text, by what stands before them."""
_PLAIN_FIELDS: Final = frozenset(
    [
        *("chargepointvendor", "chargepointmodel", "firmwareversion", "metertype"),
        *("timestamp", "currenttime", "expirydate", "status"),
        *("measurand", "unit", "context", "phase", "value"),
    ]
)
"""Keys of frames with nothing to hide under them, whatever it looks like: a version looks like an address."""
_KEPT_FIELDS: Final = frozenset(
    ["detector", "title", "who", "next_step", "basis", "severity", "vendor", "model", "firmware"]
)
"""Fields of a result that stay as they are."""
_VOCABULARY: Final = frozenset(
    word.casefold()
    for words in (ACTIONS, CONFIGURATION_KEYS, ChargePointStatus, ChargePointErrorCode, Reason)
    for word in words
)


class Anonymizer:
    """First `learn` of every record, then ask for what is to be shown.

    The same `key` gives the same pseudonyms in every run; keep it as secret as the values.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._kinds: dict[str, Kind] = {}
        """Value, without case, to what it is."""
        self._versions: set[str] = set()
        """Versions of firmware, which may look like addresses."""
        self._words: dict[str, str] = {}
        self._lengths: tuple[int, ...] = ()
        self._free: Callable[[str], str] = self._unknown

    # ---- what there is to hide

    def learn(self, records: Iterable[Record]) -> None:
        """Note every value that is to be hidden wherever it stands."""
        for record in records:
            if record.station:
                self._know(Kind.STATION, record.station)
            if record.kind is RecordKind.FRAME:
                replaced(record.text, self._noted)
            else:
                for kind, form in _ASSIGNED:
                    for found in form.finditer(record.text):
                        self._know(kind, found[1])
        self._settle()

    def _noted(self, value: Value, depth: int = 0) -> str:
        if value.key == "firmwareversion":
            self._versions.add(value.text)
        elif value.kind is not None:
            self._know(value.kind, value.text)
        elif depth < DEEPEST and _holds_json(value):
            _replaced_within(value, lambda inner: self._noted(inner, depth + 1))
        elif "://" in value.text or "@" in value.text:
            for form, rewrite in ADDRESSES:
                for found in form.finditer(value.text):
                    rewrite(found[0], self._known_as)
        return value.text

    def _known_as(self, kind: Kind, text: str) -> str:
        self._know(kind, text)
        return text

    def _know(self, kind: Kind, text: str) -> None:
        folded = text.strip().casefold()
        if _MASKED.fullmatch(folded) and kind is not Kind.TAG:
            return
        known = self._kinds.get(folded)
        if known is None or _RANKS[kind] < _RANKS[known]:
            self._kinds[folded] = kind

    def _settle(self) -> None:
        self._words = {
            word: self._hashed(kind, word)
            for word, kind in self._kinds.items()
            if _is_told_in_text(kind, word) and word not in _VOCABULARY and len(word) <= 200
        }
        self._lengths = tuple(sorted({len(word) for word in self._words}, reverse=True))
        self._free = lru_cache(50_000)(self._unknown)

    # ---- pseudonyms

    def pseudonym(self, kind: Kind, text: str) -> str:
        """What stands in the place of a value; blank and masked ones stay."""
        bare = text.strip()
        if not bare or _OURS.fullmatch(bare) or (kind is not Kind.TAG and _MASKED.fullmatch(bare)):
            return text
        folded = bare.casefold()
        new = self._hashed(self._kinds.get(folded, kind), folded)
        start = text.index(bare)
        return f"{text[:start]}{new}{text[start + len(bare) :]}"

    def _digest(self, folded: str) -> str:
        return hmac.new(self._key, folded.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _hashed(self, kind: Kind, folded: str) -> str:
        digest = self._digest(folded)
        whole = f"{kind}-{digest}"
        length = len(kind) + 1 + DIGITS
        if len(folded) > SHORTEST_LIMIT:
            length = max(length, len(folded))
            whole += digest * (length // len(digest))
        odd = _ODD.search(folded)
        # A character that the field may not have is a fault, and to stay one.
        return whole[:length] if odd is None else whole[: length - 1] + odd[0]

    def _number(self, text: str) -> str:
        """A number of as many digits."""
        digits = str(int(self._digest(text), 16))[-len(text) :]
        return ("1" if digits[0] == "0" else digits[0]) + digits[1:]

    # ---- texts

    def frame(self, text: str) -> str:
        """A frame, or the beginning of one, with its spelling kept."""
        return replaced(text, self._instead)

    def text(self, text: str) -> str:
        """Any other text: values that are known, and what looks like an address, a key or a card's number."""
        return self._free(text)

    def _instead(self, value: Value, depth: int = 0) -> str:
        text = value.text
        if value.kind is not None:
            if value.quoted:
                return self.pseudonym(value.kind, text)
            return self._number(text) if text.isdigit() else text
        if not value.quoted or len(text) < 3 or value.key in _PLAIN_FIELDS:
            return text
        if depth < DEEPEST and _holds_json(value):
            return _replaced_within(value, lambda inner: self._instead(inner, depth + 1))
        new = self._free(text)
        if not value.key and len(text) <= MAX_MESSAGE_ID_LENGTH < len(new):
            # A message id with an identity in it must stay an id, and unlike others.
            return self._digest(text)[:MAX_MESSAGE_ID_LENGTH]
        return new

    def _unknown(self, text: str) -> str:
        for kind, form in _ASSIGNED:
            text = form.sub(lambda found, kind=kind: self._within(found, kind), text)  # type: ignore[misc]
        for form, rewrite in ADDRESSES:
            text = form.sub(lambda found, rewrite=rewrite: rewrite(found[0], self._address), text)  # type: ignore[misc]
        text = _NAMED.sub(self._named, text)
        if text.endswith("…"):
            text = _CUT_WORD.sub("…", text)
        return self._without_words(text)

    def _address(self, kind: Kind, text: str) -> str:
        return text if text in self._versions else self.pseudonym(kind, text)

    def _within(self, found: re.Match[str], kind: Kind) -> str:
        whole, begin = found[0], found.start(1) - found.start()
        return whole[:begin] + self.pseudonym(kind, found[1]) + whole[begin + len(found[1]) :]

    def _named(self, found: re.Match[str]) -> str:
        name = found[2].rstrip(".:")
        if name.casefold() not in self._kinds:
            return found[0]
        return found[1] + self.pseudonym(Kind.TAG, name) + found[2][len(name) :]

    def _without_words(self, text: str) -> str:
        if not self._words:
            return text
        folded = text.casefold()
        if len(folded) != len(text):
            folded = text.lower()
        pieces: list[str] = []
        done = 0
        for found in _WORD_BEGINS.finditer(text):
            begin = found.start()
            if begin < done:
                continue
            for length in self._lengths:
                end = begin + length
                new = self._words.get(folded[begin:end])
                if new is not None and not text[end : end + 1].isalnum():
                    pieces += text[done:begin], new
                    done = end
                    break
        return "".join(pieces) + text[done:] if pieces else text

    # ---- what is shown

    def seen(self, seen: Seen) -> Seen:
        """A record of a log with what it belongs to."""
        record = seen.record
        shown = msgspec.structs.replace(
            record,
            source=self.text(record.source),
            text=self.frame(record.text) if record.kind is RecordKind.FRAME else self.text(record.text),
            station=self.pseudonym(Kind.STATION, record.station or ""),
            connection=None if record.connection is None else self.text(record.connection),
            frame=None,
        )
        event = seen.event
        exchange = seen.exchange
        if event is not None and exchange is not None:
            call = msgspec.structs.replace(exchange.call, source=self.text(exchange.call.source))
            event = msgspec.structs.replace(event, exchange=msgspec.structs.replace(exchange, call=call))
        return Seen(shown, event)

    def all_seen(self, seen: Iterable[Seen]) -> Iterator[Seen]:
        """The same of many."""
        return map(self.seen, seen)

    def result(self, result: Result) -> Result:
        """The result of an inspection. Findings stay what and where they are, and in their order."""
        shown = self._shown(result, "")
        assert isinstance(shown, Result)
        return shown

    def finding(self, finding: Finding) -> Finding:
        """One finding."""
        shown = self._shown(finding, "")
        assert isinstance(shown, Finding)
        return shown

    def _shown(self, value: Any, field: str) -> Any:
        """Any part of a result, whatever reports will add to it: texts by the field that they stand in."""
        if value is None or isinstance(value, bool | int | float | Enum) or field in _KEPT_FIELDS:
            return value
        if isinstance(value, str):
            return self._shown_text(value, field)
        if isinstance(value, Mark):
            detector, station, connector, title = value.finding
            return Mark(value.at, (detector, self.pseudonym(Kind.STATION, station), connector, title))
        if isinstance(value, msgspec.Struct):
            names = value.__struct_fields__
            return type(value)(**{name: self._shown(getattr(value, name), name) for name in names})
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(
                *(self._shown(one, name) for one, name in zip(value, value._fields, strict=True))
            )
        if isinstance(value, list | tuple | set | frozenset):
            return type(value)(self._shown(one, field) for one in value)
        if isinstance(value, dict):
            return {self._shown(key, "key"): self._shown(one, field) for key, one in value.items()}
        return value

    def _shown_text(self, text: str, field: str) -> str:
        if field == "station":
            return self.pseudonym(Kind.STATION, text)
        if field == "id_tag":
            return self.pseudonym(Kind.TAG, text)
        if FRAME.match(text) is not None:
            return self.frame(text)
        return self.text(text)


_RANKS: Final = {kind: rank for rank, kind in enumerate(Kind)}


def _is_told_in_text(kind: Kind, word: str) -> bool:
    """Whether the word is odd enough to be the value, wherever it stands."""
    if word.isdigit():
        return len(word) >= (4 if kind is Kind.STATION else 6)
    return len(word) >= 4 or (len(word) == 3 and any(c.isdigit() for c in word))


def _replaced_within(value: Value, instead: Callable[[Value], str]) -> str:
    """JSON in a string. Every quote of a string that is taken as it is written has a backslash before it."""
    if not value.broken:
        return replaced(value.text, instead)
    return replaced(value.text.replace('\\"', '"'), instead).replace('"', '\\"')


def _holds_json(value: Value) -> bool:
    return value.quoted and value.text[:1] in ("{", "[") and len(value.text) > 4
