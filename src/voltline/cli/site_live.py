"""`voltline site` against a central system that serves: sites listed, shown, described, removed, drawn."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer
from typer.exceptions import TyperException

from voltline.cli.layout import output_width, table
from voltline.smart_charging.site.history import History
from voltline.smart_charging.site.tree import Fuse

Api = Annotated[
    str,
    typer.Option(metavar="URL", envvar="VOLTLINE_API", help="Where the central system's REST API is."),
]
Token = Annotated[
    str | None,
    typer.Option(metavar="TEXT", envvar="VOLTLINE_TOKEN", help="A token for it; better by environment."),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The site's name, in any case.")]
DEFAULT_API = "http://127.0.0.1:8080"
_TIMEOUT_S = 30
_MOST_MOMENTS = 10_000
"""Of a history, that a central system tells at once: the newest."""


class Refused(TyperException):
    """The central system cannot be reached, or does not do what was asked; the text says why."""

    exit_code = 1


class Unreadable(TyperException):
    """The file is not what it should be; the text says why."""

    exit_code = 2


def register(app: typer.Typer) -> None:
    """Add these commands to those of `voltline site`."""
    app.command("list")(list_)
    app.command()(show)
    app.command()(apply)
    app.command()(prices)
    app.command()(plan)
    app.command()(remove)


def list_(api: Api = DEFAULT_API, token: Token = None) -> None:
    """List the sites that a central system steers."""
    items = _json(_asked(api, token, "GET", "/sites"))["items"]
    if not items:
        typer.echo("no sites; voltline site apply FILE describes one", err=True)
        return
    rows = [["site", "connectors", "fuses", "grid connection"]]
    for one in items:
        root = next(fuse for fuse in one["fuses"] if not fuse["above"])
        rows.append(
            [
                one["name"],
                str(len(one["connectors"])),
                str(len(one["fuses"])),
                f"{root['name']}, 3 x {root['rating_a']:g} A",
            ]
        )
    typer.echo("\n".join(table(rows, output_width(), indent=0)))


def show(name: Name, api: Api = DEFAULT_API, token: Token = None) -> None:
    """Show how a site stands: what each fuse has, and what each connector should have, may draw and draws."""
    state = _json(_asked(api, token, "GET", f"/sites/{quote(name)}/state"))
    rows = [["fuse, A on L1 L2 L3", "has", "allocated", "may be drawn", "drawn"]]
    for fuse in state["fuses"]:
        cells = (fuse[key] for key in ("capacity_a", "allocated_a", "possible_a", "measured_a"))
        rows.append([f"{fuse['fuse']}, {fuse['rating_a']:g} A", *(_currents(one) for one in cells)])
    typer.echo("\n".join(table(rows, output_width(), indent=0)))
    rows = [["connector", "state", "should have", "may draw", "draws", "share", "told in"]]
    for one in state["connectors"]:
        rows.append(
            [
                f"{one['charge_point']}/{one['connector']}",
                _standing(one),
                f"{one['target_a']:g}" if one["transaction_id"] is not None else "-",
                _currents(one["possible_a"]),
                _currents(one["measured_a"]) or "-",
                f"{one['safe_a']:g}",
                one["unit"] or "-",
            ]
        )
    typer.echo()
    typer.echo("\n".join(table(rows, output_width(), indent=0)))
    if (broker := state["mqtt"]) is not None:
        typer.echo()
        typer.echo("\n".join(_meters(broker)))
    if state["troubles"]:
        typer.echo()
        told = [[one["at"], one["trouble"], one["subject"], one["text"]] for one in state["troubles"][:10]]
        typer.echo("\n".join(table(told, output_width(), indent=0)))


def apply(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The site as JSON or YAML, as POST /api/v1/sites takes it.")
    ],
    api: Api = DEFAULT_API,
    token: Token = None,
) -> None:
    """Describe a site to a central system: a new one, or, where there is one of the name, that one anew."""
    described = _read(file)
    if not isinstance(described, dict) or not isinstance(described.get("name"), str):
        raise Unreadable(f"{file} describes no site: it needs name, fuses and connectors")
    path = f"/sites/{quote(described['name'])}"
    body = msgspec.json.encode(described)
    known = any(
        one["name"].casefold() == described["name"].casefold()
        for one in _json(_asked(api, token, "GET", "/sites"))["items"]
    )
    if known:
        _asked(api, token, "PUT", path, body)
    else:
        _asked(api, token, "POST", "/sites", body)
    typer.echo(f"{'described anew' if known else 'added'} {described['name']}")


def prices(
    name: Name,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="JSON or YAML, as PUT /api/v1/sites/{name}/prices takes it."),
    ],
    api: Api = DEFAULT_API,
    token: Token = None,
) -> None:
    """Tell what a kilowatt-hour will cost, in money or CO2; the hours ahead are planned by that."""
    told = _json(_asked(api, token, "PUT", f"/sites/{quote(name)}/prices", msgspec.json.encode(_read(file))))
    typer.echo(f"{len(told['steps'])} prices in {told['unit']}, until {told['until']}")


def plan(name: Name, api: Api = DEFAULT_API, token: Token = None) -> None:
    """Show the plan of the hours ahead: the price, and what each car may have."""
    found = _json(_asked(api, token, "GET", f"/sites/{quote(name)}/plan"))
    if found["made_at"] is None:
        typer.echo(f"nothing is planned: {found['why']}", err=True)
        return
    cars = found["cars"]
    rows = [["car", "transaction", "leaves", "needs kWh", "lacks kWh"]]
    for one in cars:
        rows.append(
            [
                f"{one['charge_point']}/{one['connector']}",
                str(one["transaction_id"]),
                one["departure"],
                f"{one['energy_wh'] / 1000:.1f}",
                f"{one['short_wh'] / 1000:.1f}" if one["short_wh"] else "-",
            ]
        )
    typer.echo("\n".join(table(rows, output_width(), indent=0)))
    rows = [["from", found["unit"], *(f"{one['charge_point']}/{one['connector']}, A" for one in cars)]]
    for number, slot in enumerate(found["slots"]):
        row = [f"{slot['price']:g}", *(f"{one['currents_a'][number]:g}" for one in cars)]
        if number == 0 or row != rows[-1][1:]:
            rows.append([slot["at"], *row])
    typer.echo()
    typer.echo("\n".join(table(rows, output_width(), indent=0)))
    typer.echo(f"\nmade {found['made_at']}; it costs {found['cost']:g} ({found['unit']} times kWh)")


def remove(name: Name, api: Api = DEFAULT_API, token: Token = None) -> None:
    """Have a site steered no more, and its history forgotten."""
    _asked(api, token, "DELETE", f"/sites/{quote(name)}")
    typer.echo(f"removed {name}")


def history(name: str, api: str, token: str | None) -> History:
    """What a central system has recorded of a site, its grid connection first. Raises Refused."""
    from voltline.central.domain.sites import SiteDefinition, SitePoint, recorded  # late, as aiohttp

    path = f"/sites/{quote(name)}"
    told = _json(_asked(api, token, "GET", path))
    fuses = [Fuse(name=one["name"], rating_a=one["rating_a"], above=one["above"]) for one in told["fuses"]]
    fuses.sort(key=lambda one: one.above != "")
    found = _json(_asked(api, token, "GET", f"{path}/history?limit={_MOST_MOMENTS}"))["items"]
    described = SiteDefinition(name=told["name"], zone=told["zone"], fuses=tuple(fuses))
    return recorded(described, msgspec.convert(found, list[SitePoint]))


def _meters(broker: dict[str, Any]) -> list[str]:
    word = "connected" if broker["connected"] else "not connected"
    told = f"{broker['address']}: {word} since {broker['since']}"
    rows = [["topic", "fuse", "read", "unreadable", "last", "fault"]]
    for one in broker["topics"]:
        rows.append(
            [
                one["topic"],
                (one["fuse"] or "surplus") + ("" if one["phase"] is None else f", L{one['phase']}"),
                str(one["read"]),
                str(one["unreadable"] + one["retained"]),
                "never" if one["read_at"] is None else one["read_at"] + ("" if one["fresh"] else ", too old"),
                one["fault"] or "-",
            ]
        )
    return [
        told + (f": {broker['fault']}" if broker["fault"] else ""),
        *table(rows, output_width(), indent=0),
    ]


def _currents(amounts: list[float]) -> str:
    return " ".join(f"{one:g}" for one in amounts)


def _standing(one: dict[str, Any]) -> str:
    words = ["online" if one["online"] else "offline"]
    if one["transaction_id"] is not None:
        words.append(f"transaction {one['transaction_id']}")
    words += [word for word in ("idle", "distrusted") if one[word]]
    return ", ".join(words)


def _read(file: Path) -> Any:
    """What is in a file of JSON or YAML. Raises Unreadable."""
    try:
        decode = msgspec.json.decode if file.suffix == ".json" else msgspec.yaml.decode
        return decode(file.read_bytes())
    except OSError as error:
        raise Unreadable(f"{file} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"{file} is no JSON or YAML: {error}") from None


def _json(answer: bytes) -> Any:
    return msgspec.json.decode(answer)


def _asked(api: str, token: str | None, method: str, path: str, body: bytes | None = None) -> bytes:
    """What the central system answers. Raises Refused."""
    return asyncio.run(_ask(f"{api.rstrip('/')}/api/v1{path}", token, method, body))


async def _ask(url: str, token: str | None, method: str, body: bytes | None) -> bytes:
    import aiohttp  # late, so that --help need not wait for it
    from yarl import URL

    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
            session.request(method, URL(url, encoded=True), data=body) as response,
        ):
            answer = await response.read()
            status = response.status
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        told = str(error) or "no answer in time"
        raise Refused(
            f"no central system at {url}: {told}; say where it is with --api or VOLTLINE_API"
        ) from None
    if status >= 400:
        raise Refused(_problem(status, answer))
    return answer


def _problem(status: int, answer: bytes) -> str:
    try:
        problem = msgspec.json.decode(answer)
        lines = [f"{one['path']}: {one['text']}" for one in problem.get("errors", ())]
        return "\n".join([str(problem["detail"]), *lines])
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        return f"it answered {status}, not as a central system of Voltline does"
