"""Whatever else writes a frame behind some words, and frames with nothing before them."""

import re

from voltline.logbook.readers.family import FROM_CENTRAL, FROM_STATION, RECEIVED, SENT, Family, Sense

__all__ = ["BARE", "OTHER_WORDS", "SIDES", "WORDS"]

WORDS: dict[str, Sense] = {
    **dict.fromkeys(
        ("recv", "received", "receive", "receiving", "rx", "in", "incoming", "inbound", "got", "read", "<-",
         "<--", "<", "<<", "<<<", "<=", "⬅", "⬅️", "←", "onmessage", "receives", "rcvd", "ingress"),
        RECEIVED,
    ),
    **dict.fromkeys(
        ("send", "sent", "sending", "tx", "out", "outgoing", "outbound", "wrote", "write", "->", "-->", ">",
         ">>", ">>>", "=>", "➡", "➡️", "→", "responding", "replying", "transmit", "sends", "egress"),
        SENT,
    ),
}  # fmt: skip

_STATION_SIDE = r"(?:CP|CS|charge[ _-]?point|charge[ _-]?box|charging[ _-]?station|charger|station|EVSE)"
_CENTRAL_SIDE = (
    r"(?:CSMS|central[ _-]?system|CMS|CPMS|back[ _-]?end|back[ _-]?office|server|OCPP[ _-]?server)"
)
_TO = r"\s*(?:-+>+|=+>+|>+|→|➡️?|\s+to\s+|_to_|-to-|2)\s*"

SIDES: tuple[tuple[re.Pattern[str], Sense], ...] = (
    (re.compile(rf"(?<![a-z]){_STATION_SIDE}{_TO}{_CENTRAL_SIDE}(?![a-z])", re.IGNORECASE), FROM_STATION),
    (re.compile(rf"(?<![a-z]){_CENTRAL_SIDE}{_TO}{_STATION_SIDE}(?![a-z])", re.IGNORECASE), FROM_CENTRAL),
    (re.compile(rf"(?<![a-z])from\s+(?:the\s+)?{_STATION_SIDE}(?![a-z])", re.IGNORECASE), FROM_STATION),
    (re.compile(rf"(?<![a-z])from\s+(?:the\s+)?{_CENTRAL_SIDE}(?![a-z])", re.IGNORECASE), FROM_CENTRAL),
    (re.compile(rf"(?<![a-z])to\s+(?:the\s+)?{_STATION_SIDE}(?![a-z])", re.IGNORECASE), FROM_CENTRAL),
    (re.compile(rf"(?<![a-z])to\s+(?:the\s+)?{_CENTRAL_SIDE}(?![a-z])", re.IGNORECASE), FROM_STATION),
)
"""Phrases that name both sides, or one with the way the frame went."""

_WORD = "|".join(sorted((re.escape(word) for word in WORDS), key=len, reverse=True))
_NAMED = (
    r"(?:chargeBoxId|charge_?point(?:_?id)?|cp(?:_?id)?|station_?id|charger_?id|evse_?id|identity|client_?id)"
)
_NO_NAME = (
    r"(?!(?:the|a|server|client|cs|cp|csms|central|central_?system|charge_?point|charger|station|backend)\b)"
)

OTHER_WORDS = Family(
    name="other words",
    heading=re.compile(
        rf"^(?=(?:.*?\b{_NAMED}[\"']?\s*[=:]\s*[\"']?(?P<station>[\w.*-]{{1,48}}))?)"
        rf"(?=(?:.*\b(?:to|from|for)\s+{_NO_NAME}(?P<station2>[\w.*-]{{2,48}})\s*:?\s*$)?)"
        rf"(?:.*(?<![\w<>=-])(?P<word>{_WORD})(?![\w<>=-]))?",
        re.IGNORECASE,
    ),
    words=WORDS,
    sides=SIDES,
    quoting=re.compile(r"\b(?:ERROR|WARN(?:ING)?|FATAL|Traceback|Exception)\b"),
    opened=re.compile(
        r"(?P<text>(?:web\s?socket|ws|ocpp)\b.{0,40}\b"
        r"(?:connection (?:opened|established|accepted|is open)|connected)\b.*)",
        re.IGNORECASE,
    ),
    closed=re.compile(
        r"(?P<text>(?:web\s?socket|ws|ocpp)\b.{0,40}\b"
        r"(?:connection (?:closed|lost|is closed|reset)|disconnected|closed)\b.*)",
        re.IGNORECASE,
    ),
)

BARE = Family(
    name="bare frames",
    heading=re.compile(r"^[\s\x1e\W]*(?:\d+[.):]\s*)?$"),
    words={},
)
