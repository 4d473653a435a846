"""Takes keys and passwords out of what a finding shows: a report is mailed on."""

import re

__all__ = ["GONE", "secrets_in", "without_secrets"]

GONE = "(removed)"
_KEY = "AuthorizationKey"
_FORMS = (
    # ChangeConfiguration and GetConfiguration, also as a string in a string.
    re.compile(r'\\?"key\\?"\s*:\s*\\?"AuthorizationKey\\?"[^{}]*?\\?"value\\?"\s*:\s*\\?"([^"\\]*)', re.I),
    re.compile(r'\\?"value\\?"\s*:\s*\\?"([^"\\]*)\\?"[^{}]*?\\?"key\\?"\s*:\s*\\?"AuthorizationKey', re.I),
    # A maker's own line: key=AuthorizationKey,value=...
    re.compile(r"key=AuthorizationKey\s*,\s*value=([^\s,;]*)", re.I),
    re.compile(r"\bAuthorization:\s*Basic\s+([A-Za-z0-9+/=]+)", re.I),
)
_CREDENTIALS = re.compile(r"\b([a-z]+)://([^\s/@:\"]+):([^\s/@\"]+)@", re.I)
_MASKED = re.compile(r"[*x•.\-_#]*|null|none|true|false|<[^>]*>|\([^)]*\)", re.I)


def secrets_in(text: str) -> tuple[str, ...]:
    """Every key that stands in the line in clear. Masked and empty ones are none, nor is true or false."""
    if not _may_hold_one(text):
        return ()
    found = (match.group(1) for form in _FORMS for match in form.finditer(text))
    return tuple(dict.fromkeys(secret for secret in found if not _MASKED.fullmatch(secret)))


def without_secrets(text: str) -> str:
    """The line with `(removed)` in the place of every key, and of the password in an address."""
    for secret in secrets_in(text):
        text = text.replace(secret, GONE)
    return _CREDENTIALS.sub(rf"\1://\2:{GONE}@", text) if "@" in text else text


def _may_hold_one(text: str) -> bool:
    return _KEY in text or "uthorization" in text or _KEY.lower() in text.lower()
