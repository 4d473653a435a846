"""TLS of either side from files: certificates, keys, whom to trust."""

from __future__ import annotations

import ssl
from pathlib import Path

__all__ = ["InvalidTls", "client_context", "server_context"]


class InvalidTls(ValueError):
    """A certificate, key or list of authorities cannot be used; the text says which and why."""


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """For a listening side: its certificate with the chain, and its key where that is another file (PEM).

    Raises InvalidTls.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, certificate, key)
    return context


def client_context(
    authorities: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """For a connecting side: trusts the authorities in that file, or those of the system; shows the
    certificate, if there is one (PEM).

    Raises InvalidTls.
    """
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as fault:
        raise InvalidTls(f"{authorities} holds no certificates to trust: {_reason(fault)}") from None
    if certificate is not None:
        _load(context, certificate, key)
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        # A key with a passphrase would ask for it on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except OSError as fault:
        files = f"{certificate}" if key is None else f"{certificate} with {key}"
        raise InvalidTls(f"{files} is no certificate with its key in PEM: {_reason(fault)}") from None


def _reason(fault: OSError) -> str:
    if isinstance(fault, ssl.SSLError):
        return fault.reason or "no PEM"
    return fault.strerror or str(fault)
