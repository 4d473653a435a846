"""`voltline token`: who may use the REST API."""

import getpass
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from voltline.base.clock import SystemClock
from voltline.central.domain.access import Role, Token, is_name
from voltline.central.services import access
from voltline.central.storage.queries.commands import TokenReads
from voltline.cli import place
from voltline.cli.layout import output_width

token = typer.Typer(
    help="Make, list and revoke the tokens with which the REST API is used.",
    no_args_is_help=True,
)
_now = SystemClock().now


@token.command()
def add(
    name: Annotated[
        str, typer.Argument(help="Whose it is, or what for; letters, digits, blanks and . _ @ + -")
    ],
    role: Annotated[
        Role,
        typer.Option(
            help="viewer: see everything. operator: work with charge points, transactions and id tags. "
            "admin: make and revoke tokens as well."
        ),
    ] = Role.OPERATOR,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=36500, help="For how many days; until it is revoked if absent."),
    ] = None,
    data: place.Data = None,
    config: place.Config = None,
) -> None:
    """Make a token and print it; it is not kept, so it cannot be shown again.

    A central system that is serving knows it at once. Once there is a token, every request to the API has to
    show one: `curl -H "Authorization: Bearer TOKEN" ...`
    """
    if not is_name(name):
        raise typer.BadParameter(
            f"{name!r} is no name: up to 64 letters, digits, blanks and . _ @ + -, a letter or digit first"
        )
    settings = place.settings(data, config)
    at = _now()
    expires_at = None if days is None else at + timedelta(days=days)
    with place.database(settings) as database:
        settings.data.path.mkdir(parents=True, exist_ok=True)
        database.upgrade()
        try:
            _, written = place.do(database, access.add_token, name, role, expires_at, _me(), at)
        except access.NameTaken as taken:
            raise place.Refused(
                f"there is a token {taken.args[0]!r} already: voltline token revoke {taken.args[0]!r} first, "
                "or choose another name"
            ) from None
    typer.echo(written)
    typer.echo(f"{name} is {role}. This is the only time that the token is shown.", err=True)


@token.command("list")
def list_(data: place.Data = None, config: place.Config = None) -> None:
    """List all tokens that were ever made, those that open nothing any more as well."""
    with place.database(place.settings(data, config)) as database:
        database.upgrade()
        tokens = TokenReads(database).tokens()
    if not tokens:
        typer.echo("no tokens; voltline token add NAME makes one", err=True)
        return
    table = Table("id", "name", "role", "state", "made", "last used", box=None, pad_edge=False)
    for one in tokens:
        used = "never" if one.last_used_at is None else f"{one.last_used_at:%Y-%m-%d %H:%M}Z"
        table.add_row(one.id, one.name, one.role, _state(one), f"{one.created_at:%Y-%m-%d}", used)
    Console(width=output_width() or 200, highlight=False).print(table)


@token.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The token's name, or its id.")],
    data: place.Data = None,
    config: place.Config = None,
) -> None:
    """Let a token open nothing any more. A central system that is serving follows within seconds."""
    with place.database(place.settings(data, config)) as database:
        database.upgrade()
        revoked = place.do(database, access.revoke_token, name, _now())
    if revoked is None:
        raise place.Refused(f"no token {name!r} can be used; voltline token list shows all")
    typer.echo(f"revoked {revoked.name} ({revoked.id})")


def _state(one: Token) -> str:
    if one.revoked_at is not None:
        return f"revoked {one.revoked_at:%Y-%m-%d}"
    if one.expires_at is None:
        return "usable"
    return f"{'until' if one.usable(_now()) else 'expired'} {one.expires_at:%Y-%m-%d}"


def _me() -> str:
    try:
        return f"{getpass.getuser()} (command line)"
    except (OSError, KeyError):
        return "command line"
