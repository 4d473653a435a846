"""The server of firmware, diagnostics and logs."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from voltline.central.domain.file_jobs import Protocol
from voltline.central.settings.section import Section


class FilesSettings(Section, frozen=True, kw_only=True):
    """The server that charge points fetch firmware from and bring diagnostics and logs to.

    Each job has an address of its own with a password in it, good until the job ends.
    """

    protocols: Annotated[
        str,
        Meta(
            pattern=r"^\s*((ftp|http)\s*(,\s*(ftp|http)\s*)?)?$",
            description="What is served, the preferred protocol first. A charge point that says which it "
            "knows (SupportedFileTransferProtocols) is given one of those. Empty: there is no file server, "
            "and jobs have to name a location.",
            extra={"allowed": "ftp, http, both with a comma between, or nothing"},
        ),
    ] = "ftp, http"
    host: Annotated[str, Meta(description="Address to listen on. Empty: that of ocpp.host.")] = ""
    public_host: Annotated[
        str,
        Meta(
            description="Name or address of this machine as charge points reach it, where that is not the "
            "one that is listened on. Empty: found out for each charge point."
        ),
    ] = ""
    http_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="Port for HTTP; 0 picks a free one, as does a default port that is in use.",
        ),
    ] = 8081
    ftp_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="Port for FTP; 0 picks a free one, as does a default port that is in use.",
        ),
    ] = 2121
    passive_ports: Annotated[
        str,
        Meta(
            pattern=r"^$|^\d{1,5}-\d{1,5}$",
            description="Ports for data connections of FTP, such as 60000-60100. Empty: any free ones.",
            extra={"allowed": "two ports with a hyphen between, or nothing"},
        ),
    ] = ""
    max_file_bytes: Annotated[
        int, Meta(ge=1, le=2**40, description="Size of the largest file.", extra={"unit": "bytes"})
    ] = 1024 * 1024 * 1024
    min_free_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=2**50,
            description="No file is taken that would leave less on the disk: the database needs it.",
            extra={"unit": "bytes"},
        ),
    ] = 256 * 1024 * 1024
    upload_types: Annotated[
        str,
        Meta(
            description="Endings of the files that charge points may bring, with commas between; * for any. "
            "A file without an ending is always taken."
        ),
    ] = (
        "zip, gz, tgz, tar, bz2, xz, zst, 7z, lz4, log, txt, csv, json, xml, bin, dat, db, pcap, enc, gpg, "
        "sig, asc, diag, dump"
    )

    @property
    def offered(self) -> tuple[Protocol, ...]:
        named = (part.strip() for part in self.protocols.split(","))
        return tuple(dict.fromkeys(Protocol(part) for part in named if part))

    @property
    def passive_range(self) -> range | None:
        if not self.passive_ports:
            return None
        first, last = sorted(int(port) for port in self.passive_ports.split("-"))
        return range(max(first, 1), min(last, 65535) + 1)
