"""Frames in a text: where they begin, where they end, and how to undo what logging did to them.

A frame is taken as it stands when it is whole JSON. Otherwise one repair after the other is tried, and
the frame bears the name of the repair. What no repair makes whole is handed on as it is: a wrong byte of
the charge point's own is evidence, not something to mend.
"""

import ast
import base64
import html
import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw

from voltline.inspection.records import Damage
from voltline.logbook.readers.loose import as_json
from voltline.wire.frame_types import CallFrame, CallResultFrame, Frame, Malformed
from voltline.wire.frames import decode

__all__ = [
    "FRAME",
    "Balance",
    "Found",
    "found_in",
    "frame_in",
    "is_frame",
    "is_plausible",
    "looks_cut",
    "recovered",
    "uncoded",
]

FRAME = re.compile(
    r"\[\s*+[234](?:\s*+,|\ *+\t)\s*+(?:\\*+[\"'\u201c\u201d\u201e\u2019`]|&quot;|&\#34;"
    r"|-?\d++\s*+[,\t]|null\b)"
    r"|\[\s*+[0156]\s*+,\s*+\"[^\"\\]{1,64}+\"\s*+,\s*+\"[A-Z][A-Za-z]++\"\s*+,\s*+\{"
)
"""The beginning of a frame, whatever was done to its quotes; or of a CALL of a type that is none."""

MAX_REPAIRED = 256 * 1024
"""Characters of a text on which repairs are tried."""
MAX_ON_A_LINE = 100
"""Frames that are looked for behind one another on a line."""
MAX_LITERAL = 64 * 1024
"""Characters of a Python or JavaScript literal that are looked at."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?$)|[\[\]{}]', re.DOTALL)
_REST_OF_STRING = re.compile(r'(?:[^"\\]|\\.)*+("|\\?$)', re.DOTALL)
_ESCAPED = re.compile(r'(?:[^"\\]|\\.)*+', re.DOTALL)
_CHARACTER = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)
_ELISION = re.compile(r"\.\.\.|…|\[Object\]|\[Array\]|\bmore items?\b|<truncated|\(truncated")
_CURLY = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00a0": " ", "\u2019": "'"})
_BETWEEN = re.compile(r'("(?:[^"\\]|\\.)*+")|\t+', re.DOTALL)

_read_elements = msgspec.json.Decoder(list[Raw]).decode
_read_text = msgspec.json.Decoder(str).decode


class Found(msgspec.Struct, gc=False):
    """One frame in a text, or the beginning of one."""

    text: str
    damage: tuple[Damage, ...] = ()
    after: str = ""
    """What follows it on its line."""
    whole: bool = True
    """False where the text ends before the frame does."""


def is_frame(text: str) -> bool:
    """Whether `text` is one JSON array and nothing else."""
    try:
        _read_elements(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return True


def frame_in(text: str) -> Frame | None:
    """The frame that `text` is; None if it is not one JSON array and nothing else."""
    frame = decode(text)
    kind = type(frame)
    # What has no deviation has been read as JSON to its end.
    if (kind is CallFrame or kind is CallResultFrame) and not frame.deviations:  # type: ignore[union-attr]
        return frame
    return frame if is_frame(text) else None


_QUOTE = r"""(?:\\*["'\u201c\u201d\u201e`]{1,2}|&quot;|&\#34;)"""
_PLAUSIBLE = re.compile(
    rf"""\[\s*[234]\s*[,\t]\s*(?:{_QUOTE}[^"'\u201c\u201d]{{0,255}}?(?:$|{_QUOTE}\s*[,\t])|-?\d+\s*[,\t]|null\s*,)"""
)


def is_plausible(text: str) -> bool:
    """Whether text that nothing around it calls a frame looks enough like one: type, id, and more."""
    return _PLAUSIBLE.match(text) is not None


def found_in(text: str) -> Iterator[Found]:
    """The frames of a text that begins with one, in order; the last one may not be whole."""
    begin = 0
    several = False
    for _ in range(MAX_ON_A_LINE):
        found = _first(text[begin:])
        rest = len(text) - len(found.after)
        following = FRAME.search(text, rest) if found.after else None
        if several or following is not None:
            several = True
            found.damage = (*found.damage, Damage.SPLIT)
        if following is not None:
            found.after = text[rest : following.start()]
        yield found
        if following is None:
            return
        begin = following.start()


def _first(text: str) -> Found:
    if is_frame(text):
        return Found(text, (Damage.TRUNCATED,) if looks_cut(text) else ())
    end = Balance().feed(text)
    if end is not None and is_frame(text[:end]):
        return Found(text[:end], (Damage.TRUNCATED,) if looks_cut(text[:end]) else (), text[end:])
    found = _repaired(text)
    if found is not None:
        return found
    following = FRAME.search(text, 1)
    if following is not None:
        # Cut off, and another frame glued to what was left of it.
        return Found(text[: following.start()].rstrip(), (Damage.TRUNCATED,), text[following.start() :])
    if _ELISION.search(text):
        last = max(text.rfind("]"), text.rfind("..."), text.rfind("…"))
        return Found(text[: last + 1] if text[last] == "]" else text.rstrip(), (Damage.TRUNCATED,))
    if end is None:
        return Found(text, whole=False)
    return Found(text[:end], (), text[end:])


# `[2,"` or `[3, "`, whose letters in Base64 and digits in hex hardly anything else begins with.
_BASE64 = re.compile(r"(?<![\w+/])(Wz[IMQ]sI[A-Za-z0-9+/_-]{12,}={0,2})")
_HEX = re.compile(
    r"(?<![0-9A-Za-z])(5[Bb][ :]?3[234][ :]?2[Cc][ :]?(?:20[ :]?)?22(?:[ :]?[0-9A-Fa-f]{2}){8,})"
    r"(?![0-9A-Za-z])"
)


def uncoded(line: str) -> str | None:
    """The line with its frames in Base64 or hex as text, in quotes as a string; None if it has none."""
    if "Wz" not in line and "5b" not in line and "5B" not in line:
        return None
    plain = _HEX.sub(_uncoded, _BASE64.sub(_uncoded, line))
    return None if plain == line else plain


def _uncoded(coded: re.Match[str]) -> str:
    text = coded[1]
    try:
        if coded.re is _HEX:
            plain = bytes.fromhex(text.replace(":", " ")).decode()
        else:
            padded = text.rstrip("=").replace("-", "+").replace("_", "/")
            plain = base64.b64decode(padded + "=" * (-len(padded) % 4)).decode()
    except ValueError:
        return text
    in_quotes = coded.string[coded.start() - 1 : coded.start()] == '"'
    return msgspec.json.encode(plain).decode()[1:-1] if in_quotes else plain


def looks_cut(text: str) -> bool:
    """Whether a frame that is JSON is nevertheless an excerpt: `[2,"17","GetC...Profiles"]`."""
    return ("..." in text or "…" in text) and type(decode(text)) is Malformed


def recovered(text: str) -> Found:
    """What to make of a frame that never ended: its text without what surely is not its own.

    A text that says itself that it is cut, or that simply stops, is truncated.
    """
    found = _repaired(text)
    return Found(text.rstrip(), (Damage.TRUNCATED,)) if found is None else found


def _repaired(text: str) -> Found | None:
    if len(text) > MAX_REPAIRED:
        return None
    for repair in (_unescaped, _unquoted_entities, _mended, _literal):
        found = repair(text)
        if found is not None:
            return found
    return None


def _unescaped(text: str) -> Found | None:
    """A frame written as a JSON string (`[2,\\"id\\"`), or in a CSV cell (`[2,""id""`)."""
    begin = FRAME.match(text)
    if begin is None:
        return None
    if "\\" in begin[0]:
        inside = _ESCAPED.match(text)
        assert inside is not None
        end = inside.end()
        plain = inside[0].rstrip("\\") if end == len(text) else inside[0]
        for _ in range(3):
            try:
                plain = _read_text(f'"{plain}"')
            except (msgspec.MsgspecError, ValueError):
                plain = plain.replace('\\"', '"')
            balance = Balance()
            close = balance.feed(plain)
            if close is not None and is_frame(plain[:close]):
                after = text[_end_of(text, close) :] if FRAME.search(plain, close) is not None else text[end:]
                return Found(plain[:close], (Damage.UNESCAPED,), after)
            if '\\"' not in plain:
                return None
    elif re.match(r'\[\s*[234]\s*,\s*""[^",]', text):
        plain = text.replace('""', '"')
        close = Balance().feed(plain)
        if close is not None and is_frame(plain[:close]):
            return Found(plain[:close], (Damage.UNESCAPED,), plain[close:])
    return None


def _end_of(text: str, characters: int) -> int:
    """Where in a text with escapes so many of its characters end."""
    end = 0
    for found, _ in zip(_CHARACTER.finditer(text), range(characters), strict=False):
        end = found.end()
    return end


def _unquoted_entities(text: str) -> Found | None:
    if "&quot;" not in text and "&#34;" not in text:
        return None
    plain = html.unescape(text)
    end = Balance().feed(plain)
    if end is not None and is_frame(plain[:end]):
        return Found(plain[:end], (Damage.UNESCAPED,), plain[end:])
    return None


def _mended(text: str) -> Found | None:
    """Curly quotes of a word processor, tabs where a spreadsheet had commas."""
    plain = text.translate(_CURLY)
    end = Balance().feed(plain)
    if end is None:
        return None
    plain, after = plain[:end], plain[end:]
    for change in (lambda said: said, _with_commas):
        changed = change(plain)
        if changed != text[:end] and is_frame(changed):
            return Found(changed, (Damage.MENDED,), after)
    return None


def _with_commas(text: str) -> str:
    if "\t" not in _BETWEEN.sub(lambda part: "" if part[1] else part[0], text):
        return text  # one in a value is its sender's own
    commas = _BETWEEN.sub(lambda part: part[1].replace("\t", " ") if part[1] else "\t", text)
    # A tab beside a comma, a colon or a bracket was only space.
    return re.sub(r"(?<=[,:\[{])\t|\t(?=[,:\]}])", "", commas).replace("\t", ",")


def _literal(text: str) -> Found | None:
    """A Python list (`[2, 'id', 'Heartbeat', {}]`), or what Node.js, Ruby or Elixir print of an array."""
    if len(text) > MAX_LITERAL or not any(sign in text for sign in ("'", "=>", "%{")):
        return None
    as_text = as_json(text)
    if as_text is None:
        return None
    plain, end = as_text
    if not is_frame(plain):
        try:
            plain = msgspec.json.encode(ast.literal_eval(text[:end])).decode()
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
    cut = (Damage.TRUNCATED,) if _ELISION.search(text, 0, end) else ()
    return Found(plain, (Damage.UNESCAPED, *cut), text[end:]) if is_plausible(plain) else None


class Balance:
    """Follows the brackets of one array through the pieces of a text."""

    __slots__ = ("_depth", "_in_string")

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False

    @property
    def in_string(self) -> bool:
        """Whether the text so far ends inside a string."""
        return self._in_string

    def feed(self, piece: str) -> int | None:
        """Where in `piece` the array ends (the index after its bracket); None while it is open."""
        position = 0
        if self._in_string:
            rest = _REST_OF_STRING.match(piece)
            if rest is None or rest[1] != '"':
                return None
            self._in_string = False
            position = rest.end()
        depth = self._depth
        for token in _TOKEN.finditer(piece, position):
            said = token[0]
            if said in "[{":
                depth += 1
            elif said in "]}":
                depth -= 1
                if depth <= 0:
                    self._depth = 0
                    return token.end()
            elif len(said) == 1 or said[-1] != '"' or _open(said):
                self._in_string = True
        self._depth = depth
        return None


def _open(said: str) -> bool:
    """Whether a token that ends with a quote is an unclosed string after all: its quote is escaped."""
    slashes = len(said) - 1 - len(said[:-1].rstrip("\\"))
    return slashes % 2 == 1
