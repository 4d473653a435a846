"""Whatever else writes a frame behind some words, and frames with nothing before them."""

import re
from collections.abc import Iterable

from voltline.logbook.readers.family import FROM_CENTRAL, FROM_STATION, RECEIVED, SENT, Family, Sense
from voltline.messages import ACTIONS

__all__ = ["BARE", "NAMED_ARROWS", "NAME_BESIDE", "OTHER_WORDS", "SIDES", "WORDS"]

_SPOKEN: dict[str, Sense] = {
    **dict.fromkeys(
        ("recv", "received", "receive", "receiving", "receives", "rcvd", "rx", "incoming", "inbound",
         "onmessage", "ingress", "empfangen", "empfange", "reçu", "recibido", "ricevuto", "ontvangen"),
        RECEIVED,
    ),
    **dict.fromkeys(
        ("send", "sent", "sending", "sends", "tx", "outgoing", "outbound", "transmit", "responding",
         "replying", "egress", "gesendet", "sende", "envoyé", "enviado", "inviato", "verzonden"),
        SENT,
    ),
}  # fmt: skip
"""Words that mean a way and hardly anything else. They go before any sign: many set arrows as separators."""
_SIGNS: dict[str, Sense] = {
    **dict.fromkeys(
        ("in", "got", "read", "<-", "<--", "<", "<<", "<<<", "<=", "⬅", "⬅️", "←", "↓", "⬇", "⬇️"), RECEIVED
    ),
    **dict.fromkeys(
        ("out", "wrote", "write", "->", "-->", ">", ">>", ">>>", "=>", "➡", "➡️", "→", "↑", "⬆", "⬆️"), SENT
    ),
}
WORDS: dict[str, Sense] = {**_SPOKEN, **_SIGNS}

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


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted((re.escape(word) for word in words), key=len, reverse=True))


_WORD = _any_of(WORDS)
_NAMED = (
    r"(?:chargeBoxId|charge_?point(?:_?id)?|cp(?:_?id)?|station_?id|charger_?id|evse_?id|identity|client_?id)"
)
_NO_NAME = (
    r"(?!(?:the|a|server|client|cs|cp|csms|central|central_?system|charge_?point|charger|station|backend)\b)"
)
_QUOTING = re.compile(r"\b(?:ERROR|WARN(?:ING)?|FATAL|Traceback|Exception)\b")

# What stands in brackets or at an arrow and is nobody's identity: levels, loggers, threads, kinds of frame.
_USUAL = "|".join(
    (
        _WORD,
        *ACTIONS,
        r"debug|info|information|notice|warn|warning|error|err|fatal|trace|critical|verbose|log|dbg|inf|wrn",
        r"ocpp\w*|web_?socket\w*|wss?|json|rpc|http\w*|tcp|main|asyncio|logger|stdout|stderr|null|none|text",
        r"(?:call|req|request|res|response|conf|confirmation|msg|message|frame|data|payload)s?|result|answer",
        r"call_?result|call_?error|to|from|for|client|central|the|a",
        r"[\w.-]*(?:thread|exec|pool|worker|task|loop|qtp|conn|session|socket|handler|service)[\w.-]*",
        _STATION_SIDE,
        _CENTRAL_SIDE,
    )
)
_NAME = rf"(?<![\w.*-])(?!(?:{_USUAL})(?![\w.*]|-\w))[\w.*-]{{1,47}}\b"
_RIGHT = r"(?:-+>+|=+>+|>{1,3}|→|➡️?)"
_LEFT = r"(?:<+-+|<+=+|<{1,3}|←|⬅️?)"
_BEFORE = r"[\])}>\"']?\s*"
_BEHIND = r"\s*[\[({<\"']?"
_CENTRAL = rf"(?<![\w-]){_CENTRAL_SIDE}(?!\w|-\w)"
# Most words stand at no arrow: that is seen sooner than that they are usual ones.
_ARROW_FOLLOWS = rf"(?<![\w.*-])(?=[\w.*-]{{1,47}}{_BEFORE}[<>=→←➡⬅-])"
_NAME_FIRST = rf"{_ARROW_FOLLOWS}(?P<station>{_NAME}){_BEFORE}"
_NAME_LAST = rf"{_BEHIND}(?P<station2>{_NAME})"

# The identity in a line of a connection: a word with a digit that is no address and no number of a socket.
_ITS_NAME = (
    r"[\"'\[(]?(?P<station>(?!\d+(?:\.\d+){3}|[\da-f-]{8,}\b)(?=[\w.*-]*\d)[\w*][\w.*-]{1,46}\w)[\"'\])]?"
)
_ITS_PATH = r"(?:wss?://[\w.:-]+)?/(?:[\w-]+/)*(?P<station2>[\w*][\w.*-]{0,46}\w)(?=[\s\"'),;]|$)"
_WHO = r"\b(?:charge[ _-]?point|charge[ _-]?box|charging[ _-]?station|charger|station)"

NAMED_ARROWS = Family(
    name="other words",
    # CP-1 -> CSMS: / [CP-2 <- backend]
    heading=re.compile(
        rf"{_NAME_FIRST}(?:{_RIGHT}|{_LEFT}){_BEHIND}{_CENTRAL}"
        rf"|{_CENTRAL}{_BEFORE}(?:{_RIGHT}|{_LEFT}){_NAME_LAST}",
        re.IGNORECASE,
    ),
    words={},
    sides=(
        (
            re.compile(
                rf"{_NAME}{_BEFORE}{_RIGHT}{_BEHIND}{_CENTRAL}|{_CENTRAL}{_BEFORE}{_LEFT}{_BEHIND}{_NAME}",
                re.IGNORECASE,
            ),
            FROM_STATION,
        ),
        (re.compile(""), FROM_CENTRAL),
    ),
    quoting=_QUOTING,
)

NAME_BESIDE = re.compile(
    rf"[\[({{<]\s*({_NAME})\s*[\])}}>]|{_ARROW_FOLLOWS}({_NAME})\s*(?:{_RIGHT}|{_LEFT})|(?:{_RIGHT}|{_LEFT})\s*({_NAME})"
    rf"|/({_NAME})(?=[/\s?\"']|$)"
    # CP-9: / station=CP-9 / "CP-9"
    rf"|({_NAME})\s*:(?=\s|$)|\w=\s*[\"']?({_NAME})|(?<!=)[\"']({_NAME})[\"'](?!\s*:)"
    # CP-9 sent
    rf"|({_NAME})\s+(?=(?:{_any_of(_SPOKEN)})\b)",
    re.IGNORECASE,
)
"""Words in brackets, at an arrow, in a path or topic, before a colon, as a key's value, in quotes, or before
a word for the way."""

OTHER_WORDS = Family(
    name="other words",
    heading=re.compile(
        rf"^(?=(?:.*?\b{_NAMED}[\"']?\s*[=:]\s*[\"']?(?P<station>[\w.*-]{{1,48}}))?)"
        rf"(?=(?:.*\b(?:to|from|for)\s+{_NO_NAME}(?P<station2>[\w.*-]{{2,48}})\s*:?\s*$)?)"
        rf"(?:.*(?<![\w.<>=-])(?P<word>{_any_of(_SPOKEN)})(?![\w<>=-]|\.\w)"
        # Not what parts two addresses, nor a bracket around the frame, nor what is far from the frame.
        rf"|.*(?<![\w<>=-])(?P<sign>{_any_of(_SIGNS)})(?![\w<>=-]|\s*\[?\d{{1,3}}(?:\.\d{{1,3}}){{3}})"
        rf"(?<!\S[<>](?=$))(?=(?:\W*\w[\w.-]*){{0,4}}\W*$))?",
        re.IGNORECASE,
    ),
    words=WORDS,
    sides=SIDES,
    quoting=_QUOTING,
    beside=NAME_BESIDE,
    opened=re.compile(
        r"(?P<text>(?:(?:web\s?socket|ws|ocpp)\b.{0,40}\b"
        r"(?:connection (?:opened|established|accepted|is open)|connected)\b"
        rf"|{_WHO}:?\s+{_ITS_NAME}\s+(?:is\s+|has\s+|now\s+)*connected\b"
        rf"|\bnew\s+(?:client\s+)?connection\s+(?:from|at|on)\s+{_ITS_PATH}).*)",
        re.IGNORECASE,
    ),
    closed=re.compile(
        r"(?P<text>(?:(?:web\s?socket|ws|ocpp)\b.{0,40}\b"
        r"(?:connection (?:closed|lost|is closed|reset)|disconnected|closed)\b"
        rf"|{_WHO}:?\s+{_ITS_NAME}\s+(?:is\s+|has\s+|was\s+)*disconnected\b).*)",
        re.IGNORECASE,
    ),
)

BARE = Family(
    name="bare frames",
    # A single > may be a quotation's, unless it stands behind a time.
    heading=re.compile(r"^(?!.*(?:->|=>|[<→←↑↓⬆⬇➡⬅])|.*\x1e.*>)[\s\x1e\W]*(?:\d+[.):]\s*)?$"),
    words={},
)
