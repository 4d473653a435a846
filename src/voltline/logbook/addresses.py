"""Addresses in text: URLs, e-mail, domains, IP and MAC addresses, with what stands in the place of each."""

import ipaddress
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from voltline.logbook.sensitive import Kind

__all__ = ["ADDRESSES", "Pseudonym"]

Pseudonym = Callable[[Kind, str], str]

# Possessive, and only where nothing of the kind stands before: a hostile text costs no more than others.
_DOMAIN: Final = (
    r"(?:[a-z0-9][a-z0-9-]*+\.)+"
    r"(?:com|net|org|io|eu|cloud|energy|biz|app|dev|local|lan|internal|"
    r"de|at|ch|fr|nl|be|lu|uk|ie|es|pt|it|dk|se|no|fi|pl|cz|hu|ro|us|ca|au|nz|in|cn|jp|kr|tw|br)"
)
_QUERY_VALUE: Final = re.compile(r"(?<==)[^&]+")
_OURS: Final = re.compile(r"HOST-[0-9a-f]{10,}")


def _url(text: str, pseudonym: Pseudonym) -> str:
    """Scheme, port and path stay; who logs in, where, and every value of the query do not."""
    scheme, _, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    authority, mark, _ = authority.partition("?")
    if mark:
        path, slash = rest[rest.index("?") :], ""
    credentials, at, place = authority.rpartition("@")
    if at:
        user, colon, password = credentials.partition(":")
        credentials = pseudonym(Kind.USER, user) + (colon and colon + pseudonym(Kind.KEY, password))
    path = _QUERY_VALUE.sub(lambda value: pseudonym(Kind.KEY, value[0]), path) if "?" in path else path
    return f"{scheme}://{credentials}{at}{_place(f'{scheme}://{place}', pseudonym)}{slash}{path}"


def _place(text: str, pseudonym: Pseudonym) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return pseudonym(Kind.HOST, text.partition("://")[2])
    shown = _host(host, pseudonym)
    return (f"[{shown}]" if ":" in shown else shown) + ("" if port is None else f":{port}")


def _host(text: str, pseudonym: Pseudonym) -> str:
    if not text or _OURS.fullmatch(text) or text == "localhost" or _is_loopback(text):
        return text
    return pseudonym(Kind.HOST, text)


def _mail(text: str, pseudonym: Pseudonym) -> str:
    user, _, host = text.rpartition("@")
    return f"{pseudonym(Kind.USER, user)}@{_host(host, pseudonym)}"


def _ip(text: str, pseudonym: Pseudonym) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return text  # a time has colons too
    return _host(text, pseudonym)


def _is_loopback(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


ADDRESSES: Final[tuple[tuple[re.Pattern[str], Callable[[str, Pseudonym], str]], ...]] = (
    # A password may have been removed before.
    (
        re.compile(
            r"(?<![a-z0-9+.\-])[a-z][a-z0-9+.\-]*+://(?:\(removed\)|[^\s\"'<>\\,;)\]])+", re.IGNORECASE
        ),
        _url,
    ),
    (re.compile(rf"(?<![a-z0-9._%+\-])[a-z0-9._%+\-]++@{_DOMAIN}\b", re.IGNORECASE), _mail),
    (re.compile(r"(?<![\w:\-])(?:[0-9a-f]{2}[:\-]){5}[0-9a-f]{2}(?![\w:\-])", re.IGNORECASE), _host),
    (re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]|\.\d)"), _ip),
    (re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE), _ip),
    (re.compile(rf"(?<![\w@/.\-]){_DOMAIN}(?![\w\-])", re.IGNORECASE), _host),
)
"""What each looks like, and what it becomes."""
