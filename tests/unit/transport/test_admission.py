"""What a handshake shows, and what a refusal says."""

import base64

import pytest

from voltline.transport.admission import Handshake, Refused, chosen_subprotocol


def handshake(authorization: str) -> Handshake:
    return Handshake("AL1000", "/ocpp/AL1000", "127.0.0.1", headers={"Authorization": authorization})


@pytest.mark.requirement("BAS-01", "BAS-02")
def test_the_specification_s_example_gives_user_and_raw_key() -> None:
    credentials = handshake("Basic QUwxMDAwOgABAgMEBQYH////////////////").basic_credentials()
    assert credentials == ("AL1000", bytes.fromhex("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"))


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !!!", "Bearer QUwxMDAw", "Basic " + base64.b64encode(b"nocolon").decode()]
)
def test_unreadable_credentials_are_none(header: str) -> None:
    assert handshake(header).basic_credentials() is None


def test_password_may_hold_a_colon() -> None:
    header = "Basic " + base64.b64encode(b"AL1000:a:b").decode()
    assert handshake(header).basic_credentials() == ("AL1000", b"a:b")


@pytest.mark.requirement("WSC-06")
def test_our_subprotocol_is_chosen_in_the_client_s_spelling() -> None:
    assert chosen_subprotocol(("ocpp2.0.1", "OCPP1.6", "ocpp1.5")) == "OCPP1.6"
    assert chosen_subprotocol(("ocpp2.0.1",)) is None
    assert chosen_subprotocol(()) is None


def test_refusals_carry_the_headers_that_tell_a_station_what_to_do() -> None:
    assert "WWW-Authenticate" in Refused(401, "no").headers
    assert Refused(503, "busy", retry_after_s=30).headers == {"Retry-After": "30"}
    assert Refused(404, "unknown").headers == {}
