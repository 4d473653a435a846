"""`voltline quirks`: what particular charge points get wrong, and what Voltline does about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from typer.exceptions import TyperException

from voltline.cli.layout import heading, output_width, paragraph, table
from voltline.quirks.loading import InvalidQuirks, built_in, read_file, with_own
from voltline.quirks.profile import Facts, Match, QuirkProfile
from voltline.quirks.registry import Registry


class Unusable(TyperException):
    """The quirks asked for cannot be shown."""

    exit_code = 1


quirks = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="What particular charge points get wrong, and what is done about it. Files of your own belong into "
    "DIR/quirks/, where DIR is the folder of the central system.",
)

Folder = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", help="Folder of the central system, with its own quirks/*.toml."),
]
_DEFAULT_FOLDER = Path("voltline-data")


@quirks.command("list")
def list_(data: Folder = _DEFAULT_FOLDER) -> None:
    """List all quirks that are known."""
    rows = [(one.id, one.title) for one in _registry(data)]
    typer.echo("\n".join(table(sorted(rows), output_width(), indent=0)))


@quirks.command()
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="The quirk's id, from the list.")],
    data: Folder = _DEFAULT_FOLDER,
) -> None:
    """Show a quirk: who has it, what is wrong, and what is known of it."""
    registry = _registry(data)
    found = registry.get(id)
    if found is None:
        raise Unusable(f"there is no quirk {id!r}; 'voltline quirks list' shows which there are")
    typer.echo("\n".join(_page(found, output_width())))


@quirks.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A TOML file of quirks.")],
    data: Folder = _DEFAULT_FOLDER,
) -> None:
    """Say whether a file of quirks can be used, and what is in it."""
    try:
        found = read_file(file, {one.id: one for one in built_in()})
    except InvalidQuirks as error:
        raise Unusable(str(error)) from None
    for one in found:
        has_it = ", or ".join(_condition(match) for match in one.matches) or "nobody: it has no match"
        typer.echo(f"{one.id}: {has_it}")
    typer.echo(f"{file} can be used; put it into {data / 'quirks'} and restart the central system")


def _registry(data: Path) -> Registry:
    try:
        return with_own(data / "quirks")
    except InvalidQuirks as error:
        raise Unusable(str(error)) from None


def _page(quirk: QuirkProfile, width: int | None) -> Iterator[str]:
    yield heading(quirk.title)
    yield ""
    yield from paragraph(quirk.wrong, width)
    yield ""
    yield from table(
        [
            ("id", quirk.id),
            *(("who", who) for who in _conditions(quirk)),
            *((name, _text(value)) for name, value in _known(quirk.facts)),
            ("source", quirk.source),
            ("file", quirk.file),
        ],
        width,
    )


def _conditions(quirk: QuirkProfile) -> list[str]:
    nobody = f"nobody, until a file of your own says so with: like = {quirk.id!r}"
    return [_condition(match) for match in quirk.matches] or [nobody]


def _condition(match: Match) -> str:
    said = [
        f"{name} {value}"
        for name, value in (
            ("vendor", match.vendor),
            ("model", match.model),
            ("identity", match.identity),
            ("firmware", match.firmware),
        )
        if value not in ("*", None)
    ]
    return ", ".join(said)


def _known(facts: Facts) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(Facts):
        value = getattr(facts, field.name)
        if value != field.default:
            yield field.name, value


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, msgspec.Struct):
        return " ".join(f"{name}={one}" for name, one in msgspec.structs.asdict(value).items())
    return {True: "yes"}.get(value, str(value)) if isinstance(value, bool) else str(value)
