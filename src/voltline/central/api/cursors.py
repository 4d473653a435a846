"""Where the next part of a list begins, as a text that clients hand back and need not understand."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, urlsafe_b64encode
from http import HTTPStatus

from voltline.central.api.problems import ApiError, Fault


def cursor(position: object) -> str:
    return urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def text_position(given: str | None) -> str | None:
    """Raises ApiError (400) for a cursor that was not given out here."""
    if given is None:
        return None
    try:
        return b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _not_ours() from None


def number_position(given: str | None) -> int | None:
    """Raises ApiError (400) for a cursor that was not given out here."""
    text = text_position(given)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _not_ours()
    return int(text)


def hex_position(given: str | None) -> str | None:
    """Of a list whose ids are 32 hexadecimal digits. Raises ApiError (400) as the others do."""
    text = text_position(given)
    if text is not None and re.fullmatch("[0-9a-f]{32}", text) is None:
        raise _not_ours()
    return text


def _not_ours() -> ApiError:
    text = "This is not a cursor that this list gave out; leave it out to begin at the start."
    return ApiError(
        HTTPStatus.BAD_REQUEST,
        "invalid-parameters",
        "Invalid parameters",
        text,
        errors=(Fault(path="cursor", kind="invalid_parameter", text=text),),
    )
