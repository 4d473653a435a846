"""The rules about configuration, each by itself."""

import pytest

from voltline.central.domain.configuration import (
    count_of,
    heartbeat_interval_s,
    in_parts,
    is_secret,
    kept_value,
    lacks_profile,
    list_warning,
    looks_complete,
    max_keys,
    refusal_reason,
    same_value,
    warnings,
)


@pytest.mark.requirement("GEN-02")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("true", "TRUE"),
        ("false", " False "),
        ("300", "300 "),
        ("Energy.Active.Import.Register,SoC", "energy.active.import.register, soc"),
        ("", " "),
        (None, None),
    ],
)
def test_values_that_set_a_key_to_the_same(one: str | None, other: str | None) -> None:
    assert same_value(one, other)
    assert same_value(other, one)


@pytest.mark.parametrize(("one", "other"), [("", None), ("true", "false"), ("A,B", "B,A"), ("1", "10")])
def test_values_that_do_not(one: str | None, other: str | None) -> None:
    assert not same_value(one, other)
    assert not same_value(other, one)


def test_the_authorization_key_is_a_secret_however_it_is_spelled() -> None:
    assert is_secret("AuthorizationKey")
    assert is_secret(" AUTHORIZATIONKEY ")
    assert not is_secret("AuthorizationCacheEnabled")
    assert kept_value("authorizationkey", "0001") is None
    assert kept_value("HeartbeatInterval", "0001") == "0001"


@pytest.mark.requirement("CFG-08")
def test_how_many_keys_are_asked_for_at_once() -> None:
    assert max_keys({"getconfigurationmaxkeys": "3"}) == 3
    assert [max_keys({"getconfigurationmaxkeys": odd}) for odd in ("0", "many", "", None)] == [10] * 4
    assert list(in_parts(list("abcdefg"), 3)) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


def test_an_answer_as_long_as_the_limit_may_have_been_cut_off() -> None:
    assert looks_complete(40, {"getconfigurationmaxkeys": "50"})
    assert looks_complete(60, {"getconfigurationmaxkeys": "50"})
    assert looks_complete(40, {})
    assert not looks_complete(50, {"getconfigurationmaxkeys": "50"})
    assert not looks_complete(0, {})


@pytest.mark.requirement("WSC-14")
def test_a_ping_interval_that_finds_dead_connections_too_late_is_warned_of() -> None:
    values: dict[str, str | None] = {
        "websocketpinginterval": "180",
        "transactionmessageattempts": "3",
        "transactionmessageretryinterval": "60",
    }
    (warning,) = warnings(values)
    assert "WebSocketPingInterval (180 s)" in warning
    assert warnings(values | {"websocketpinginterval": "179"}) == ()
    assert warnings(values | {"websocketpinginterval": "0"}) == ()
    assert warnings(values | {"websocketpinginterval": "x"}) == ()
    assert warnings({}) == ()


def test_a_desired_heartbeat_interval_is_what_boots_are_answered_with() -> None:
    assert heartbeat_interval_s({"heartbeatinterval": "60"}) == 60
    for odd in ("0", "-1", "soon", str(2**31), "9" * 30, ""):
        assert heartbeat_interval_s({"HeartbeatInterval": odd}) is None
    assert heartbeat_interval_s({}) is None


@pytest.mark.parametrize("text", ["٣", "1.0", "1e3", "+1", "", " ", "9" * 19])
def test_what_is_no_count(text: str) -> None:
    assert count_of(text) is None


def test_why_a_value_was_rejected_is_said_where_the_specification_tells() -> None:
    assert "read" in str(refusal_reason("NumberOfConnectors", "9", True))
    assert refusal_reason("HeartbeatInterval", "abc", False)
    assert refusal_reason("VendorKey", "abc", False) is None
    assert refusal_reason("HeartbeatInterval", "300", False) is None


@pytest.mark.requirement("PRF-04")
def test_a_profile_is_lacking_only_where_the_list_says_so() -> None:
    listed: dict[str, str | None] = {"supportedfeatureprofiles": "Core, remotetrigger"}
    assert not lacks_profile(listed, "RemoteTrigger")
    assert lacks_profile(listed, "Reservation")
    assert not lacks_profile(listed, "Security")  # is not of those that the key lists
    assert not lacks_profile({}, "Reservation")


@pytest.mark.requirement("MTV-34")
@pytest.mark.parametrize(
    ("most", "value", "warned"),
    [
        (None, "SoC", False),
        (None, "SoC,Voltage", True),
        (None, "", False),
        ("3", "SoC,Voltage", False),
        ("1", "SoC,Voltage", True),
        ("many", "SoC,Voltage", True),
    ],
)
def test_list_without_a_known_longest_length_is_taken_for_one_item_at_most(
    most: str | None, value: str, warned: bool
) -> None:
    values = {} if most is None else {"metervaluessampleddatamaxlength": most}
    assert (list_warning(values, "meterValuesSampledData", value) is not None) == warned
    assert list_warning(values, "HeartbeatInterval", "1,2,3") is None
