"""Settings: who wins, and what somebody who got one wrong is told."""

import tomllib
from pathlib import Path

import pytest

from voltline.central.domain.authorization import UnknownTags
from voltline.central.domain.stations import RegistrationPolicy
from voltline.central.settings import Settings
from voltline.central.settings_sources import (
    Given,
    SettingsError,
    assignment,
    declarations,
    load,
    redacted,
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str, name: str = "voltline.toml") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def complaints(**sources: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(**sources)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


def test_without_any_source_the_defaults_hold() -> None:
    loaded = load()
    assert loaded.settings == Settings()
    assert set(loaded.sources.values()) == {"default"}


def test_flag_beats_environment_beats_file_beats_default() -> None:
    written("[ocpp]\nport = 1001\nhost = '10.0.0.1'\nstrict = true\n")
    loaded = load(
        environment={"VOLTLINE_OCPP_PORT": "1002", "VOLTLINE_OCPP_HOST": "10.0.0.2"},
        flags=[Given("ocpp.port", 1003, "--ocpp-port")],
    )
    ocpp = loaded.settings.ocpp
    assert (ocpp.port, ocpp.host, ocpp.strict) == (1003, "10.0.0.2", True)
    assert loaded.sources["ocpp.port"] == "--ocpp-port"
    assert loaded.sources["ocpp.host"] == "VOLTLINE_OCPP_HOST"
    assert loaded.sources["ocpp.strict"] == "voltline.toml:4"
    assert loaded.sources["http.port"] == "default"


def test_a_named_file_is_read_in_place_of_the_default_one() -> None:
    written("[http]\nport = 1\n")
    other = written("[http]\nport = 2\n", "other.toml")
    assert load(config=other).settings.http.port == 2
    assert load(environment={"VOLTLINE_CONFIG": "other.toml"}).settings.http.port == 2


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("VOLTLINE_OCPP_STRICT", "yes", True),
        ("VOLTLINE_OCPP_STRICT", "0", False),
        ("VOLTLINE_OCPP_PING_INTERVAL_S", "2.5", 2.5),
        ("VOLTLINE_OCPP_PING_INTERVAL_S", "20", 20.0),
        ("VOLTLINE_REGISTRATION_POLICY", "Known-Only", RegistrationPolicy.KNOWN_ONLY),
        ("VOLTLINE_AUTHORIZATION_UNKNOWN_TAGS", "reject", UnknownTags.REJECT),
        ("VOLTLINE_DATA_DIRECTORY", "/var/lib/voltline", "/var/lib/voltline"),
    ],
)
def test_variables_are_read_as_the_type_of_their_setting(variable: str, text: str, expected: object) -> None:
    settings = load(environment={variable: text}).settings
    name = next(name for name, declared in declarations().items() if declared.variable == variable)
    section, key = name.split(".")
    assert getattr(getattr(settings, section), key) == expected


def test_wrong_value_in_a_file_names_file_line_key_and_what_is_allowed() -> None:
    written("# mine\n[ocpp]\nstrict = false\nport = 123456\n")
    assert complaints() == [
        "voltline.toml:4: ocpp.port: 123456 is not allowed; give a whole number from 0 to 65535"
    ]


def test_wrong_value_in_a_variable_names_the_variable_and_the_choices() -> None:
    assert complaints(environment={"VOLTLINE_REGISTRATION_POLICY": "open"}) == [
        'VOLTLINE_REGISTRATION_POLICY: registration.policy: "open" is not allowed; '
        "give accept-all, known-only or pending"
    ]


def test_wrong_value_in_a_flag_names_the_flag() -> None:
    assert complaints(flags=[assignment("ocpp.ping_timeout_s=soon")]) == [
        '--set ocpp.ping_timeout_s: ocpp.ping_timeout_s: "soon" is not allowed; give a number from 1 to 3600'
    ]


def test_all_that_is_wrong_is_told_at_once() -> None:
    written("[ocpp]\nport = -1\n[logging]\nlevel = 'info'\n[http]\nprot = 8080\n")
    found = complaints(environment={"VOLTLINE_OCPP_STRICT": "perhaps"})
    assert sorted(found) == [
        'VOLTLINE_OCPP_STRICT: ocpp.strict: "perhaps" is not allowed; give true or false',
        "voltline.toml:2: ocpp.port: -1 is not allowed; give a whole number from 0 to 65535",
        "voltline.toml:3: logging: there is no such setting; did you mean log?",
        "voltline.toml:6: http.prot: there is no such setting; did you mean http.port?",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "port = 9000\n",
            "voltline.toml:1: port: there is no such setting; did you mean ocpp.port or http.port?",
        ),
        ("ocpp = 9000\n", "voltline.toml:1: ocpp: is a table: write [ocpp] and its keys below"),
        (
            "http.colour = 'red'\n",
            "voltline.toml:1: http.colour: there is no such setting; [http] has host, port",
        ),
        ("[ocpp]\nstrict = 1\n", "voltline.toml:2: ocpp.strict: 1 is not allowed; give true or false"),
        (
            "[ocpp]\nhost = ''\n",
            'voltline.toml:2: ocpp.host: "" is not allowed; give a text that is not empty',
        ),
        (
            "[ocpp]\npath = 'ocpp'\n",
            'voltline.toml:2: ocpp.path: "ocpp" is not allowed; '
            "give a path that begins with a slash, such as /ocpp, or nothing",
        ),
    ],
)
def test_misspelt_settings_are_told_what_was_meant(text: str, complaint: str) -> None:
    written(text)
    assert complaints() == [complaint]


def test_a_file_that_is_not_toml_is_told_where_it_breaks() -> None:
    written("[ocpp]\nport = = 1\n")
    (complaint,) = complaints()
    assert complaint.startswith("voltline.toml: is not valid TOML: ")
    assert "line 2" in complaint


def test_a_named_file_that_is_absent_is_an_error() -> None:
    assert complaints(config=Path("absent.toml")) == [
        "absent.toml: cannot be read: No such file or directory"
    ]


def test_misspelt_variable_is_not_silently_ignored() -> None:
    assert complaints(environment={"VOLTLINE_OCCP_PORT": "1"}) == [
        "VOLTLINE_OCCP_PORT: there is no such setting; did you mean VOLTLINE_OCPP_PORT?"
    ]


def test_variables_of_other_programs_are_let_be() -> None:
    environment = {
        "VOLTLINE_SERVICE_HOST": "10.0.0.1",  # set by Kubernetes for a service of this name
        "VOLTLINE_PORT_9000_TCP_ADDR": "10.0.0.1",
        "VOLTLINE_DEBUG": "1",
        "PATH": "/bin",
    }
    assert load(environment=environment).settings == Settings()


def test_a_flag_without_a_value_says_how_to_give_one() -> None:
    with pytest.raises(SettingsError, match=r"--set ocpp.strict: give section.key=value"):
        assignment("ocpp.strict")


def test_one_port_cannot_be_given_twice() -> None:
    assert complaints(environment={"VOLTLINE_HTTP_PORT": "9000"}) == [
        "VOLTLINE_HTTP_PORT: http.port: 9000 is taken by ocpp.port (default); give two different ports"
    ]
    load(environment={"VOLTLINE_HTTP_PORT": "0", "VOLTLINE_OCPP_PORT": "0"})


def test_printed_settings_are_toml_that_yields_the_same_settings() -> None:
    environment = {"VOLTLINE_DATA_DIRECTORY": 'odd "name" \\ here', "VOLTLINE_OCPP_PING_INTERVAL_S": "1e2"}
    loaded = load(environment=environment)
    printed = "\n".join(loaded.lines())
    assert tomllib.loads(printed)["data"]["directory"] == 'odd "name" \\ here'
    assert load(config=written(printed, "printed.toml")).settings == loaded.settings
    assert set(loaded.sources) == {
        f"{section}.{key}" for section, table in tomllib.loads(printed).items() for key in table
    }


def test_printed_settings_show_no_password() -> None:
    url = "postgresql://volt:hunter2@db.example/voltline"
    loaded = load(environment={"VOLTLINE_DATA_DATABASE_URL": url})
    assert loaded.settings.data.database_url == url
    printed = "\n".join(loaded.lines())
    assert "hunter2" not in printed
    assert "postgresql://volt:***@db.example/voltline" in printed
    assert "hunter2" not in complaints(environment={"VOLTLINE_DATA_DATABASE_URL": f"my{url}"})[0]


def test_address_without_password_is_shown_as_it_is() -> None:
    assert redacted("sqlite:///tmp/x.db") == "sqlite:///tmp/x.db"


def test_every_setting_says_what_it_means_and_durations_say_their_unit() -> None:
    for name, declared in declarations().items():
        assert declared.description.endswith("."), name
        if name.endswith("_s"):
            assert declared.unit == "seconds", name


def test_who_is_to_be_asked_about_unknown_tags_has_to_be_said() -> None:
    with pytest.raises(SettingsError) as raised:
        load(flags=[assignment("authorization.unknown_tags=ask")])
    assert "authorization.ask_url" in str(raised.value)
    given = [assignment("authorization.unknown_tags=ask"), assignment("authorization.ask_url=http://a/b")]
    assert load(flags=given).settings.authorization.ask_url == "http://a/b"
