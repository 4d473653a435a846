"""The frame of the command line: every way to go wrong ends in one clear line and an exit code."""

import pytest
import typer

from voltline.cli.main import COMMANDS, DEBUG_VARIABLE, run


def failing(error: BaseException) -> typer.Typer:
    """A command line whose only command raises ``error``."""
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    return app


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    for name, summary in COMMANDS.items():
        assert f"{name} " in printed
        assert summary in printed


def test_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("voltline ")


def test_called_with_nothing_it_explains_itself_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage: voltline" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["sreve"], "Did you mean 'serve'?"),
        (["catalog"], "Did you mean 'catalogue'?"),
        (["--versoin"], "--version"),
        (["catalogue", "--kyes"], "--keys"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_right_one(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    complaint = capsys.readouterr().err
    assert hint in complaint
    assert "See: voltline" in complaint


def test_an_unexpected_error_is_one_line_and_the_way_to_its_details(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["serve", "--data", "a b"], failing(KeyError("gone"))) == 2
    capsys.readouterr()

    assert run([], failing(KeyError("gone"))) == 1
    assert capsys.readouterr().err.splitlines() == [
        "voltline: unexpected KeyError: 'gone'",
        "For the details: voltline --debug",
    ]


def test_an_error_of_the_system_names_the_file_and_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([], failing(PermissionError(13, "Permission denied", "/data/voltline.db"))) == 1
    assert capsys.readouterr().err.startswith("voltline: /data/voltline.db: Permission denied\n")


def test_debug_shows_the_traceback_and_the_line_last(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    assert run([], failing(KeyError("gone"))) == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("Traceback")
    assert complaint.endswith("voltline: unexpected KeyError: 'gone'\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_an_interrupt_is_quiet(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([], failing(error)) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_command_s_own_exit_code_is_kept() -> None:
    assert run([], failing(typer.Exit(3))) == 3


def test_a_command_s_own_refusal_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([], failing(typer.BadParameter("leave the identity away"))) == 2
    assert capsys.readouterr().err.startswith("voltline: leave the identity away\n")
