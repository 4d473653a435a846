"""Where a charge point connects to, and how long it waits before it tries again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.transport.client import ChargePoint, ClientOptions, connection_url, waits


@pytest.mark.requirement("WSC-04")
def test_the_url_is_endpoint_slash_percent_encoded_identity() -> None:
    assert connection_url("ws://central.example.com/ocpp", "CP001") == "ws://central.example.com/ocpp/CP001"
    assert connection_url("wss://central.example.com/ocppj", "RDAM 123").endswith("/ocppj/RDAM%20123")
    assert (
        connection_url("ws://central.example.com/ocpp/", "A:B#1") == "ws://central.example.com/ocpp/A%3AB%231"
    )


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1/ocpp", "127.0.0.1:9000", "ws://", ""])
def test_an_endpoint_that_is_no_websocket_url_is_named(endpoint: str) -> None:
    with pytest.raises(ValueError, match="not a WebSocket URL"):
        ChargePoint(endpoint, "CP1")


@pytest.mark.requirement("WSC-10")
def test_waits_grow_to_a_limit() -> None:
    wait = waits(ClientOptions(first_wait_s=1, longest_wait_s=10, jitter=0), lambda: 0.5)
    assert [wait() for _ in range(6)] == [1, 2, 4, 8, 10, 10]


@given(st.floats(0, 1, exclude_max=True))
def test_jitter_only_shortens_a_wait_and_by_its_part_at_most(chance: float) -> None:
    wait = waits(ClientOptions(first_wait_s=8, longest_wait_s=8, jitter=0.5), lambda: chance)
    assert 4 <= wait() <= 8
