"""The catalogue: everything that OCPP 1.6 declares can be looked up, by a name spelt in any case."""

import json
import re
from collections.abc import Callable, Iterator

import pytest

from voltline.cli import catalogue_pages as pages
from voltline.cli.main import run
from voltline.messages import ACTIONS, CONFIGURATION_KEYS, read_request, read_response


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["catalogue", *arguments]) == 0
    return capsys.readouterr().out


def test_every_action_is_listed_once_with_its_direction(capsys: pytest.CaptureFixture[str]) -> None:
    rows = re.findall(r"^  (\w+) +(CP -> CS|CS -> CP|CP <-> CS) +\S", printed(capsys), re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(ACTIONS)
    assert dict(rows)["StartTransaction"] == "CP -> CS"
    assert dict(rows)["Reset"] == "CS -> CP"
    assert dict(rows)["DataTransfer"] == "CP <-> CS"


def test_an_action_shows_fields_limits_units_words_and_what_is_required(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = printed(capsys, "starttransaction")
    assert re.search(r"^  idTag +\* +text, at most 20 +The id tag", page, re.MULTILINE)
    assert re.search(r"^  meterStart +\* +integer, Wh ", page, re.MULTILINE)
    assert re.search(r"^  reservationId +integer ", page, re.MULTILINE)
    assert re.search(r"^    status +\* +AuthorizationStatus ", page, re.MULTILINE)
    assert re.search(r"^    ConcurrentTx +The id tag is in another transaction", page, re.MULTILINE)


def test_lists_and_nested_objects_are_shown_where_they_belong(capsys: pytest.CaptureFixture[str]) -> None:
    page = printed(capsys, "SetChargingProfile")
    assert re.search(
        r"^      chargingSchedulePeriod\[\] +\* +ChargingSchedulePeriod, 1 or more ", page, re.MULTILINE
    )
    assert re.search(r"^        limit +\* +decimal \(0\.1\), A or W ", page, re.MULTILINE)


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_has_a_page_whose_frames_can_be_sent_as_they_stand(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = printed(capsys, name).split("Example request\n")[1]
    request, response = (json.loads(frame) for frame in examples.split("Example response\n"))

    assert request[0] == 2
    assert request[2] == name
    assert read_request(ACTIONS[name], json.dumps(request[3])).deviations == ()
    assert response[0] == 3
    assert read_response(ACTIONS[name], json.dumps(response[2])).deviations == ()


def test_one_message_is_found_by_the_specification_s_name(capsys: pytest.CaptureFixture[str]) -> None:
    conf = printed(capsys, "StartTransaction.conf")
    assert conf.startswith("StartTransactionResponse\n")
    assert "meterStart" not in conf
    assert printed(capsys, "StartTransaction.req").startswith("StartTransaction\n")


def test_data_types_and_enumerations_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert re.search(r"^  timestamp +\* +timestamp ", printed(capsys, "metervalue"), re.MULTILINE)
    assert re.search(r"^    SoC +State of charge", printed(capsys, "measurand"), re.MULTILINE)


def test_every_configuration_key_is_listed_and_has_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    listed = printed(capsys, "--keys")
    for name, key in CONFIGURATION_KEYS.items():
        assert re.search(rf"^  {name} ", listed, re.MULTILINE)
        assert key.meaning in "\n".join(pages.key_page(key, None))


def test_a_configuration_key_shows_type_unit_access_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    page = printed(capsys, "heartbeatinterval")
    assert page.startswith("HeartbeatInterval, configuration key, profile Core\n")
    assert re.search(r"^  type +integer, s, at least 0$", page, re.MULTILINE)
    assert re.search(r"^  access +read and write$", page, re.MULTILINE)
    assert re.search(r"^  default +\d+", page, re.MULTILINE)


def test_json_schema_of_an_action_has_both_messages(capsys: pytest.CaptureFixture[str]) -> None:
    both = json.loads(printed(capsys, "BootNotification", "--json-schema"))
    assert both["request"]["properties"]["chargePointVendor"]["maxLength"] == 20
    assert both["response"]["required"] == ["status", "currentTime", "interval"]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("BootNotification.req", "BootNotification"),
        ("bootnotificationresponse", "BootNotificationResponse"),
        ("IdTagInfo", "IdTagInfo"),
        ("Measurand", "Measurand"),
    ],
)
def test_json_schema_of_one_message_or_type_is_a_document(
    name: str, title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(printed(capsys, name, "--json-schema"))["title"] == title


def test_json_schema_of_everything_has_every_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(json.loads(printed(capsys, "--json-schema"))) == 2 * len(ACTIONS)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["StartTransaktion"], "Did you mean StartTransaction, "),
        (["tagInfo"], "IdTagInfo"),
        (["MeterValue.conf"], "MeterValues.conf"),
        (["nonsense"], "lists the actions"),
        (["HeartbeatInterval", "--json-schema"], "only messages have a JSON Schema"),
        (["Reset", "--keys"], "--keys lists all keys"),
    ],
)
def test_what_cannot_be_looked_up_is_said_with_a_way_on(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["catalogue", *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("width", [72, 80, 120])
@pytest.mark.parametrize("page", [pages.actions_page, pages.keys_page])
def test_a_terminal_gets_lines_that_fit_and_no_word_is_cut(
    page: Callable[[int | None], Iterator[str]], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lines = list(page(width))
    assert all(len(line) <= width for line in lines), max(lines, key=len)
    assert " ".join(lines).split() == " ".join(page(None)).split()
