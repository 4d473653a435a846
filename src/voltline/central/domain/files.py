"""Files that are kept: firmware that operators brought, and what charge points uploaded."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 100


class FilePurpose(StrEnum):
    """What a file is for."""

    FIRMWARE = "firmware"
    """An operator brought it."""
    UPLOAD = "upload"
    """A charge point brought it."""


class StoredFile(Struct, frozen=True, kw_only=True):
    """A file that is kept."""

    id: int
    purpose: FilePurpose
    name: str
    size_bytes: int
    sha256: str
    path: str
    """Below the folder of files."""
    charge_point: str | None
    """Who brought it; None: an operator."""
    job_id: int | None
    created_at: datetime
    changed_at: datetime


class Content(Struct, frozen=True, kw_only=True):
    """What lies on the disk."""

    name: str
    path: str
    size_bytes: int
    sha256: str


class UploadLimits(Struct, frozen=True, kw_only=True):
    """What may be brought to the file server."""

    max_bytes: int
    """Of one file."""
    min_free_bytes: int
    """What has to stay free on the disk."""
    types: frozenset[str]
    """Endings of names, in lower case and without dot; empty: any."""
    max_files: int = 20
    """Of one job."""

    def allows(self, name: str) -> bool:
        """Whether a file may be called so. One without an ending may."""
        ending = name.rpartition(".")[2].lower() if "." in name.strip(".") else ""
        return not self.types or not ending or ending in self.types


def safe_name(name: str, otherwise: str = "file") -> str:
    """A name that means nothing to a file system but a file; keeps the ending of a long one."""
    last = re.split(r"[/\\]", name)[-1]
    plain = _UNSAFE.sub("_", last).lstrip(".")
    if not plain.strip("._-"):
        return otherwise
    if len(plain) <= _LONGEST_NAME:
        return plain
    head, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 20:
        return plain[:_LONGEST_NAME]
    return f"{head[: _LONGEST_NAME - len(ending) - 1]}.{ending}"


def upload_types(setting: str) -> frozenset[str]:
    """The endings in a setting such as `zip, log`; `*` means any."""
    endings = {part.strip().lstrip(".").lower() for part in setting.split(",")}
    return frozenset() if "*" in endings else frozenset(ending for ending in endings if ending)
