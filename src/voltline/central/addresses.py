"""Listening on an address, and what to say where that is impossible."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address


class UnusableAddress(Exception):  # reads well
    """Nothing can listen there; the text says why, and what to do."""


def listening_socket(purpose: str, host: str, port: int, flag: str) -> socket.socket:
    """A bound socket. `purpose` and `flag` are for the error: for whom it is, and how to choose another."""
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server((str(address[0]), port), family=family, backlog=1024)
    except OSError as error:
        raise unusable(purpose, host, port, error, flag) from error


def unusable(purpose: str, host: str, port: int, error: OSError, flag: str) -> UnusableAddress:
    """What to say when listening failed with this error."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        why = f"{host} is not an address of this machine; choose one with --host"
    elif error.errno == errno.EADDRINUSE:
        why = f"port {port} on {host} is in use; choose another with {flag}, 0 picks a free one"
    elif error.errno == errno.EACCES:
        why = f"port {port} is not open to ordinary users; choose one above 1023 with {flag}"
    else:
        why = error.strerror or str(error)
    return UnusableAddress(f"cannot listen for {purpose}: {why}")


def is_loopback(listening: socket.socket) -> bool:
    """Whether only this machine can connect."""
    return ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def is_public(host: str) -> bool:
    """Whether the internet may reach what listens on this address: one of its own, or all addresses."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return False  # nothing can listen there
    addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    return any(address.is_global or address.is_unspecified for address in addresses)


def url(scheme: str, host: str, port: int) -> str:
    """`ws://127.0.0.1:9000`; addresses of IPv6 in brackets."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
