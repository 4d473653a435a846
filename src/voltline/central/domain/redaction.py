"""Secrets in messages, made unreadable: what is logged or stored must not open a door.

Secret are the values of configuration keys such as AuthorizationKey (OCPP-J 1.6, 6.2.2) and passwords in
the addresses of files.
"""

from __future__ import annotations

import json
import re
from typing import Any

from voltline.central.domain.configuration import is_secret

MASK = "***"

_KEY = "authorizationkey"
_PASSWORD = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#@:\"\\]*:)[^\s/?#@\"\\]+(?=@)")
_VALUE = re.compile(r"(\"value\"\s*:\s*)\"(?:[^\"\\]|\\.)*\"?")


def redacted_text(text: str) -> str:
    """JSON text, such as a frame or a payload, without secrets; the very same text where it has none.

    Cheap where there is nothing to hide. What is no JSON is treated with more suspicion than care.
    """
    if "://" in text:
        text = _PASSWORD.sub(rf"\g<scheme>{MASK}", text)
    if _KEY not in text.lower():
        return text
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return _VALUE.sub(rf'\1"{MASK}"', text)
    if not _mask(read):
        return text
    return json.dumps(read, ensure_ascii=False, separators=(",", ":"))


def redacted_address(address: str) -> str:
    """An address without its password."""
    return _PASSWORD.sub(rf"\g<scheme>{MASK}", address)


def _mask(root: Any) -> bool:
    """Put the mask in the place of secret values, wherever they are; False: there were none."""
    found = False
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            key = node.get("key")
            if isinstance(key, str) and is_secret(key) and isinstance(node.get("value"), str):
                node["value"] = MASK
                found = True
            waiting.extend(node.values())
    return found
