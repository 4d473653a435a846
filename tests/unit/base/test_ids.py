"""Identities in connection URLs, and message ids."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.base.ids import InvalidIdentity, folded, identity_from_path, new_message_id


@pytest.mark.requirement("WSC-04", "WSC-05")
@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/ocpp/CP001", "CP001"),
        ("/ocppj/RDAM%20123", "RDAM 123"),
        ("/CP001", "CP001"),
        ("/steve/websocket/CentralSystemService/CP001", "CP001"),
        ("/ocpp/CP001/", "CP001"),
        ("/ocpp/CP001?token=1", "CP001"),
        ("/ocpp/%43P001", "CP001"),
        ("/ocpp/DE*ICE*E0001", "DE*ICE*E0001"),
    ],
)
def test_identity_is_the_last_segment_percent_decoded(path: str, identity: str) -> None:
    assert identity_from_path(path) == identity


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/", "without a charge point identity"),
        ("", "without a charge point identity"),
        ("/ocpp/%20", "blank"),
        ("/ocpp/" + "x" * 256, "256 characters"),
        ("/ocpp/a%2Fb", "'/' at position 1"),
        ("/ocpp/a%00b", "position 1"),
        ("/ocpp/%0d%0a", "blank"),
        ("/ocpp/a%0d%0aSet-Cookie", "position 1"),
        ("/ocpp/%ff", "not percent-encoded UTF-8"),
        ("/ocpp/caf%C3%A9", "position 3"),
    ],
)
def test_unusable_identity_is_refused_with_the_reason(path: str, reason: str) -> None:
    with pytest.raises(InvalidIdentity, match=reason):
        identity_from_path(path)


@given(
    st.text(
        st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="/"),
        min_size=1,
        max_size=255,
    )
)
def test_any_printable_identity_survives_the_url(identity: str) -> None:
    if identity.isspace():
        return
    assert identity_from_path("/any/prefix/" + quote(identity, safe="")) == identity


@given(st.text())
def test_any_path_gives_an_identity_or_its_reason(path: str) -> None:
    try:
        assert identity_from_path(path)
    except InvalidIdentity as error:
        assert str(error)


def test_identities_compare_without_regard_to_case() -> None:
    assert folded("Cp001") == folded("CP001")


@pytest.mark.requirement("FRM-08", "FRM-09", "FRM-10")
def test_message_ids_are_short_and_never_repeat() -> None:
    ids = [new_message_id() for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert max(map(len, ids)) <= 36
