"""Which values of a frame name a person, a charge point or a secret: told by the key that they stand under.

Works on the text, not on what it decodes to, so that a frame keeps its spelling and a broken one its fault.
"""

import json
import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["Kind", "Value", "kind_of", "replaced"]


class Kind(StrEnum):
    """What a value is; the text is how its pseudonym begins. Of two kinds of one value the first holds."""

    STATION = "STATION"
    SERIAL = "SN"
    TAG = "TAG"
    SIM = "SIM"
    HOST = "HOST"
    USER = "USER"
    KEY = "KEY"
    CERTIFICATE = "CERT"
    SIGNED = "SIGNED"
    """A signed meter value: it has the meter's serial number, its key and often the id tag in it."""


class Value(NamedTuple):
    """A value of a frame."""

    text: str
    key: str
    """The key it stands under, in lower case; empty for an element of the frame itself."""
    kind: Kind | None
    quoted: bool
    """Whether it is a JSON string."""
    broken: bool = False
    """Whether it has an escape that JSON does not know: then it is taken as it is written."""
    cut: bool = False
    """Whether the text ends within it."""


_EXACT: Final = {
    name: kind
    for kind, names in (
        (Kind.TAG, "idtag parentidtag idtags idtoken emaid contractid evccid vin rfid carduid"),
        (Kind.SIM, "iccid imsi imei msisdn phonenumber"),
        (Kind.CERTIFICATE, "csr certificate certificatechain signingcertificate"),
        (Kind.KEY, "authorization authorizationkey basicauthpassword passphrase pin"),
        (Kind.USER, "user username login email"),
        (Kind.HOST, "host hostname server domain apn ssid macaddress ipaddress"),
        (Kind.STATION, "chargepointid chargeboxid chargingstationid stationid identity"),
    )
    for name in names.split()
}
_CONTAINED: Final = (
    ("serialnumber", Kind.SERIAL),
    ("password", Kind.KEY),
    ("passwd", Kind.KEY),
    ("secret", Kind.KEY),
    ("apikey", Kind.KEY),
    ("accesstoken", Kind.KEY),
    ("authtoken", Kind.KEY),
    ("privatekey", Kind.KEY),
    ("username", Kind.USER),
    ("chargeboxid", Kind.STATION),
    ("chargepointid", Kind.STATION),
    ("iccid", Kind.SIM),
    ("imsi", Kind.SIM),
    ("imei", Kind.SIM),
)
_SEPARATORS: Final = re.compile(r"[\s_.\-]+")
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*+)("|\\?$)|[{}\[\],:]|[^\s"{}\[\],:]++', re.DOTALL)


@lru_cache(10_000)
def kind_of(key: str) -> Kind | None:
    """What stands under a key of JSON, or is the value of a configuration key; None if nothing sensitive."""
    short = _SEPARATORS.sub("", key).lower()
    exact = _EXACT.get(short)
    if exact is not None:
        return exact
    return next((kind for part, kind in _CONTAINED if part in short), None)


class _Open:
    """An open bracket: what is known of the object, and where its `value` stands in the output."""

    __slots__ = ("configuration_key", "form", "key", "value", "value_at", "word")

    def __init__(self, key: str) -> None:
        self.key = key
        self.configuration_key = ""
        self.form = ""
        self.value: Value | None = None
        self.value_at = -1
        self.word = ""
        """The value as it is written."""


def replaced(text: str, instead: Callable[[Value], str]) -> str:
    """The JSON text with every value replaced by what `instead` gives for it.

    Values that are cut at the end of the text are values too.
    """
    pieces: list[str] = []
    around: list[_Open] = [_Open("")]
    done = 0
    for token in _TOKEN.finditer(text):
        pieces.append(text[done : token.start()])
        done = token.end()
        word = token[0]
        here = around[-1]
        if word in "{[":
            # An array's elements stand under the key of the array.
            around.append(_Open(here.key))
        elif word in "}]":
            _close(around.pop() if len(around) > 1 else here, pieces, instead)
        elif word not in ",:":
            quoted = token[1] is not None
            plain = _unescaped(token[1]) if quoted else word
            said = token[1] if plain is None else plain
            if quoted and _is_key(text, done):
                here.key = said.lower()
            else:
                value = Value(
                    said,
                    here.key,
                    kind_of(here.key),
                    quoted,
                    plain is None,
                    token[2] == "" or token[2] == "\\",
                )
                pieces.append(_written(value, word, instead))
                _note(here, value, word, len(pieces) - 1)
                continue
        pieces.append(word)
    while around:
        _close(around.pop(), pieces, instead)
    pieces.append(text[done:])
    return "".join(pieces)


def _is_key(text: str, at: int) -> bool:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return text[at : at + 1] == ":"


def _note(here: _Open, value: Value, word: str, at: int) -> None:
    if here.key == "key":
        here.configuration_key = value.text
    elif here.key == "format":
        here.form = value.text
    elif here.key == "value":
        here.value, here.value_at, here.word = value, at, word


def _close(here: _Open, pieces: list[str], instead: Callable[[Value], str]) -> None:
    """Only the whole object tells what its `value` is: that of a configuration key, or a signed one."""
    if here.value is None:
        return
    signed = here.form == "SignedData"
    if signed or here.configuration_key:
        kind = Kind.SIGNED if signed else kind_of(here.configuration_key)
        value = here.value._replace(kind=kind, key=here.configuration_key.lower())
        pieces[here.value_at] = _written(value, here.word, instead)


def _written(value: Value, word: str, instead: Callable[[Value], str]) -> str:
    new = instead(value)
    if new == value.text:
        return word
    if not value.quoted:
        return new
    written = f'"{new}"' if value.broken else json.dumps(new)
    return written[:-1] if value.cut else written


def _unescaped(text: str) -> str | None:
    """What a JSON string says; None where it has an escape that there is none of."""
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return None
