"""Message ids, and the identity of a charge point as its connection URL carries it."""

from __future__ import annotations

import itertools
import os
from urllib.parse import unquote_to_bytes

MAX_IDENTITY_LENGTH = 255
"""Longest identity accepted, in characters. OCPP-J 1.6 sets none; this one is what back-ends commonly
store."""

_process = os.urandom(8).hex()
_numbers = itertools.count(1)


def _new_process() -> None:
    # A forked child would otherwise go on with its parent's ids.
    global _process
    _process = os.urandom(8).hex()


os.register_at_fork(after_in_child=_new_process)


def new_message_id() -> str:
    """A message id never used before: on this connection (OCPP-J 1.6, 4.1.4), any other, or by another
    process.

    At most 36 characters: 64 random bits of this process and a number.
    """
    return f"{_process}-{next(_numbers):x}"


class InvalidIdentity(ValueError):
    """The connection URL carries no usable charge point identity; the text says why."""


def identity_from_path(path: str) -> str:
    """The charge point identity in a connection URL's path: its last segment, percent-decoded (OCPP-J 1.6,
    3.1.1).

    ``path`` is the raw path as it stood in the request line, with or without a query. A trailing slash is
    forgiven. Raises InvalidIdentity.
    """
    segment = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    if not segment:
        raise InvalidIdentity(
            "the connection URL ends without a charge point identity; expected /any/prefix/{identity}"
        )
    try:
        identity = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidIdentity(f"the identity {segment!r} is not percent-encoded UTF-8") from None
    return valid_identity(identity)


def valid_identity(identity: str) -> str:
    """``identity`` itself, if it is one: 1 to 255 printable ASCII characters, no slash. Raises
    InvalidIdentity."""
    if not identity or identity.isspace():
        raise InvalidIdentity("a charge point identity must not be blank")
    if len(identity) > MAX_IDENTITY_LENGTH:
        raise InvalidIdentity(
            f"the identity has {len(identity)} characters; at most {MAX_IDENTITY_LENGTH} are accepted"
        )
    for position, character in enumerate(identity):
        if not " " <= character <= "~" or character == "/":
            raise InvalidIdentity(
                f"the identity {identity!r} has {character!r} at position {position}; only printable ASCII"
                " without a slash is accepted"
            )
    return identity


def folded(identity: str) -> str:
    """The form under which identities are compared: stations are known to change the case of their own."""
    return identity.casefold()
