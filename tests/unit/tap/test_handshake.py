"""A handshake goes on nearly as it came, and a refusal is known to be whole."""

from urllib.parse import urlsplit

import pytest

from voltline.tap.handshake import MOST_HEAD, NoHandshake, parted, read_answer, read_asked, refusal

ASKED = (
    b"GET /a/CP%201?x=1 HTTP/1.1\r\nHost: tap:9001\r\nupgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: abc\r\nSec-WebSocket-Protocol: ocpp1.6\r\nsec-websocket-protocol: ocpp2.0.1\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\nAuthorization: Basic \xe4"
)


def test_what_is_asked_goes_on_but_for_host_and_extensions() -> None:
    asked = read_asked(ASKED)
    assert (asked.station, asked.subprotocols) == ("CP 1", "ocpp1.6, ocpp2.0.1")
    assert asked.to(urlsplit("wss://back.example:8443/ocpp/")) == (
        b"GET /ocpp/a/CP%201?x=1 HTTP/1.1\r\nHost: back.example:8443\r\nupgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: abc\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
        b"sec-websocket-protocol: ocpp2.0.1\r\nAuthorization: Basic \xe4\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("target", "station"),
    [("/CP1/", "CP1"), ("/", "?"), ("/a%2Fb", "a/b"), ("/%ff%00", "\ufffd?"), ("/x%20", "x ")],
)
def test_a_path_without_a_valid_identity_has_a_name_all_the_same(target: str, station: str) -> None:
    assert read_asked(f"GET {target} HTTP/1.1\r\nHost: x".encode()).station == station


@pytest.mark.parametrize(
    "head", [b"", b"hello", b"GET http://x/ HTTP/1.1", b"GET / HTTP/2", b"GET  / HTTP/1.1"]
)
def test_what_is_no_request_is_told(head: bytes) -> None:
    with pytest.raises(NoHandshake):
        read_asked(head)


def test_a_head_ends_or_is_too_long() -> None:
    assert parted(b"GET / HTTP/1.1\r\n") is None
    assert parted(b"GET / HTTP/1.1\r\n\r\nrest") == (b"GET / HTTP/1.1", b"rest")
    with pytest.raises(NoHandshake, match="more than"):
        parted(b"x" * (MOST_HEAD + 1))


@pytest.mark.parametrize(
    ("fields", "body", "whole"),
    [
        (b"Content-Length: 3", b"ab", False),
        (b"Content-Length: 3", b"abc", True),
        (b"content-length: 0", b"", True),
        (b"Transfer-Encoding: chunked", b"2\r\nno\r\n", False),
        (b"Transfer-Encoding: chunked", b"2\r\nno\r\n0\r\n\r\n", True),
        (b"Server: x", b"whatever", False),
    ],
)
def test_a_refusal_ends_as_its_head_says(fields: bytes, body: bytes, whole: bool) -> None:
    answer = read_answer(b"HTTP/1.1 404 Not Found\r\n" + fields)
    assert (answer.status, answer.ends(body)) == (404, whole)


def test_a_charge_point_that_was_refused_is_told_that_the_connection_closes() -> None:
    answer = read_answer(b"HTTP/1.1 401 No\r\nConnection: keep-alive\r\nWWW-Authenticate: Basic\r\nX: y")
    assert answer.to_station() == (
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nX: y\r\nConnection: close\r\n\r\n"
    )
    taken = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x"
    assert read_answer(taken).to_station() == taken + b"\r\n\r\n"


def test_an_answer_of_our_own_is_whole() -> None:
    head, _, body = refusal(502, "not there").partition(b"\r\n\r\n")
    answer = read_answer(head)
    assert (answer.status, body, answer.ends(body)) == (502, b"not there\n", True)
