"""What charge points are set to, and what they should be set to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from voltline.base.ids import folded
from voltline.messages import CONFIGURATION_KEYS

MAX_KEYS = "GetConfigurationMaxKeys"
HEARTBEAT_INTERVAL = "HeartbeatInterval"
_SECRETS = frozenset({"authorizationkey"})
_LISTED_PROFILES = frozenset(
    {
        "Core",
        "FirmwareManagement",
        "LocalAuthListManagement",
        "Reservation",
        "SmartCharging",
        "RemoteTrigger",
    }
)
_USUAL_MAX_KEYS = 10
"""Asked for at once of a charge point that does not say how many it can take."""
_LONGEST_INTERVAL_S = 2**31 - 1


class KnownKey(Struct, frozen=True, kw_only=True):
    """A configuration key as the charge point last told it."""

    key: str
    """As the charge point spells it; compared without regard to case."""
    value: str | None
    """None: it is not set, or it is a secret."""
    readonly: bool
    seen_at: datetime
    changed_at: datetime
    """Since when it is known to be so."""


class Change(Struct, frozen=True, kw_only=True):
    """One key that was found, changed or gone."""

    key: str
    before: str | None
    after: str | None
    known: bool = True
    """False: the charge point does not have the key any more."""


class PastChange(Struct, frozen=True, kw_only=True):
    """A change as the history has it."""

    id: int
    key: str
    before: str | None
    after: str | None
    known: bool
    at: datetime


class DesiredState(StrEnum):
    """How far a desired value is."""

    PENDING = "pending"
    """Not sent yet, or to be sent again."""
    SET = "set"
    REBOOT_REQUIRED = "reboot-required"
    """Taken; in force after a reboot."""
    REJECTED = "rejected"
    """Refused; tried again after the next boot."""
    NOT_SUPPORTED = "not-supported"
    """The charge point does not know the key; tried again after the next boot."""
    FAILED = "failed"
    """The charge point answered with an error; tried again on its next connection."""


class DesiredKey(Struct, frozen=True, kw_only=True):
    """A value that a charge point should have."""

    key: str
    value: str
    state: DesiredState
    reason: str | None
    """Why it is in this state, where the state does not say it all."""
    attempts: int
    asked_at: datetime
    tried_at: datetime | None
    rebooted_at: datetime | None
    """When the charge point was rebooted for its sake."""


class ConfigurationFacts(Struct, frozen=True, kw_only=True):
    """What is known of a charge point's configuration as a whole."""

    read_at: datetime | None = None
    """When all of it was read last."""
    problem: str | None = None
    """Why it could not be read the last time."""
    reboot_when_idle: bool = False
    """Reboot it for values that need that, once no transaction runs."""


class ConfigurationChanged(Struct, frozen=True, kw_only=True):
    """configuration.changed: values that are not what they were."""

    changes: tuple[Change, ...]


class ConfigurationDesired(Struct, frozen=True, kw_only=True):
    """configuration.changed: how far a desired value is now."""

    key: str
    value: str
    state: str
    reason: str | None


def is_secret(key: str) -> bool:
    """Whether values of this key are never stored nor shown (OCPP-J 6.2.2)."""
    return folded(key.strip()) in _SECRETS


def kept_value(key: str, value: str | None) -> str | None:
    """The value as it may be stored."""
    return None if is_secret(key) else value


def same_value(one: str | None, other: str | None) -> bool:
    """Whether two texts set a key to the same: without regard to case (S 7.29) and to blanks in lists."""
    if one is None or other is None:
        return one is other
    return _plain(one) == _plain(other)


def _plain(value: str) -> list[str]:
    return [folded(item.strip()) for item in value.split(",")]


def max_keys(values: Mapping[str, str | None]) -> int:
    """How many keys may be asked for at once (CFG-08); `values` by folded key."""
    return count_of(values.get(folded(MAX_KEYS))) or _USUAL_MAX_KEYS


def count_of(value: str | None) -> int | None:
    """A value as a whole number; None where it is none."""
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def heartbeat_interval_s(desired: Mapping[str, str]) -> int | None:
    """What BootNotification has to be answered with, for it overwrites HeartbeatInterval (BOO-04)."""
    for key, value in desired.items():
        if folded(key) == folded(HEARTBEAT_INTERVAL):
            interval_s = count_of(value)
            return interval_s if interval_s and interval_s <= _LONGEST_INTERVAL_S else None
    return None


def in_parts(keys: Sequence[str], at_most: int) -> Iterator[list[str]]:
    """The keys in lists of at most so many."""
    for start in range(0, len(keys), at_most):
        yield list(keys[start : start + at_most])


def looks_complete(count: int, values: Mapping[str, str | None]) -> bool:
    """Whether an answer with so many keys to a question for all was all: one cut off at the limit is not."""
    return count > 0 and count != count_of(values.get(folded(MAX_KEYS)))


def refusal_reason(key: str, value: str, readonly: bool) -> str | None:
    """Why a charge point may have rejected this value, as far as the specification tells."""
    if readonly:
        return "the charge point says that the key can only be read"
    standard = CONFIGURATION_KEYS.get(key)
    return None if standard is None else standard.problem(value)


def warnings(values: Mapping[str, str | None]) -> tuple[str, ...]:
    """What does not go well together; `values` by folded key."""
    ping = count_of(values.get("websocketpinginterval"))
    attempts = count_of(values.get("transactionmessageattempts"))
    retry_s = count_of(values.get("transactionmessageretryinterval"))
    if ping and attempts is not None and retry_s is not None and ping >= attempts * retry_s:
        # WSC-14, errata J 3.9
        return (
            f"WebSocketPingInterval ({ping} s) should be below TransactionMessageAttempts x "
            f"TransactionMessageRetryInterval ({attempts} x {retry_s} s): a dead connection is found out "
            "only after the charge point has given its messages up",
        )
    return ()


def list_warning(values: Mapping[str, str | None], key: str, value: str) -> str | None:
    """Why a list may be too long for a key; None: it is not. `values` by folded key.

    A charge point that has no key for the longest list that it takes may take one item only (S 5.3).
    """
    most_key = f"{key}MaxLength"
    standard = CONFIGURATION_KEYS.get(most_key)
    if standard is None:
        return None
    told = count_of(values.get(folded(most_key)))
    count = len(value.split(",")) if value.strip() else 0
    if count <= (1 if told is None else told):
        return None
    if told is None:
        return f"{key}: the charge point has no {standard.name}, so more than 1 item may be too many (S 5.3)"
    return f"{key}: {count} items are more than {standard.name} allows ({told})"


def lacks_profile(values: Mapping[str, str | None], profile: str) -> bool:
    """Whether the charge point says which feature profiles it has, and this is not among them (PRF-02).

    Only the profiles of OCPP 1.6 itself are ever listed. `values` by folded key.
    """
    listed = values.get("supportedfeatureprofiles")
    if not listed or profile not in _LISTED_PROFILES:
        return False
    return folded(profile) not in {folded(item.strip()) for item in listed.split(",")}
