"""`voltline`: finds the command, imports only what that command needs, shows no traceback unasked."""

import os
import shlex
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

import voltline

# In the order of --help. The summary stands here so that help need not import what it is about.
COMMANDS = {
    "serve": "Run the central system: OCPP for charge points, REST for you.",
    "station": "Run a simulated charge point against any central system.",
    "fleet": "Run thousands of simulated charge points, with a report.",
    "site": "Share a grid connection: simulate it, steer it, draw it.",
    "inspect": "Inspect logs of any format: what happened, what is wrong.",
    "tap": "Record and inspect what passes to a central system and back.",
    "replay": "Play a recording against a central system; compare answers.",
    "explain": "Explain a finding, an action, an error code or a key.",
    "demo": "Run both together and watch the charge points charge.",
    "token": "Say who may use the REST API: tokens and their roles.",
    "db": "Check the database, copy it, put a copy back.",
    "openapi": "Print the OpenAPI description of the REST API.",
    "quirks": "Look up what charge points get wrong; check your own records.",
    "catalogue": "Look up actions, fields and configuration keys of OCPP 1.6.",
}

BELOW = {("station", "run"): "station_run", ("inspect", "diff"): "inspect_diff"}
"""Commands below one that takes arguments itself."""

DEBUG_VARIABLE = "VOLTLINE_DEBUG"
INTERRUPTED = 130

# Plain text rather than boxes: quick to print, whole when piped, and a long word is never cut in two.
_PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}


class _LazyCommands(TyperGroup):
    """Knows every command by name and summary; imports a command's module when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if rest and (below := BELOW.get((str(name), rest[0]))):
            return f"{name} {rest[0]}", _command(below), rest[1:]
        return name, command and _command(str(name)), rest


def _command(name: str) -> Any:
    found = getattr(import_module(f"voltline.cli.{name}"), name)
    app = typer.Typer(add_completion=False, **_PLAIN)
    if isinstance(found, typer.Typer):  # it has commands of its own
        app.add_typer(found, name=name)
        return typer.main.get_group(app).commands[name]
    app.command(name)(found)
    return typer.main.get_command(app)


_app = typer.Typer(
    cls=_LazyCommands,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="Begin with 'voltline demo'. Each command has its own --help.",
    **_PLAIN,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"voltline {voltline.__version__}")
        raise typer.Exit


@_app.callback(invoke_without_command=True)
def _voltline(
    ctx: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help=f"Show tracebacks; as does {DEBUG_VARIABLE}=1.")
    ] = False,
) -> None:
    """Voltline, an OCPP 1.6 platform: central system, charge point simulator, reference."""
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(2)


def _add(name: str, summary: str) -> None:
    def never_called() -> None:
        raise AssertionError("resolve_command puts the real command in this one's place")

    _app.command(name, help=summary)(never_called)


for _name, _summary in COMMANDS.items():
    _add(_name, _summary)


def run(arguments: Sequence[str], app: Callable[..., Any] = _app) -> int:
    """Run the command line and return the exit code: 0 done, 1 failed, 2 wrongly called, 130 interrupted.

    Whatever goes wrong is one line on stderr; with --debug or VOLTLINE_DEBUG=1 a traceback comes before it.
    """
    try:
        result = app(list(arguments), prog_name="voltline", standalone_mode=False)
    except TyperException as error:
        ctx = getattr(error, "ctx", None)
        # Where a command itself refuses what it was given, its sentence is whole.
        whole = isinstance(error, typer.BadParameter) and error.param is None
        _complain(error.message if whole else error.format_message())
        if ctx is not None:
            typer.echo(f"See: {ctx.command_path} --help", err=True)
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0"):
            traceback.print_exc()
            _complain(_sentence(error))
        else:
            _complain(_sentence(error))
            typer.echo(f"For the details: {shlex.join(['voltline', '--debug', *arguments])}", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _complain(text: str) -> None:
    typer.echo(f"voltline: {text}", err=True)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        names = [str(name) for name in (error.filename, error.filename2) if name is not None]
        return ": ".join([*names, error.strerror])
    return f"unexpected {type(error).__name__}: {error}".rstrip(": ")


def main() -> None:
    """The entry point of the `voltline` command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
