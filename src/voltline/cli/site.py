"""`voltline site`: try a site out before there is one, and draw what was recorded of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from typer.exceptions import TyperException

from voltline.cli import site_live
from voltline.cli.layout import output_width, paragraph, table
from voltline.siting.files import SiteFile, read_site, shipped_texts
from voltline.siting.live import Plans
from voltline.siting.outcome import Outcome, outcomes
from voltline.smart_charging.site.chart import drawing
from voltline.smart_charging.site.history import History
from voltline.smart_charging.site.picture import Picture, svg
from voltline.smart_charging.site.tree import InvalidSite
from voltline.station.simulator.yaml_text import Unreadable


class Unusable(TyperException):
    """What was asked for cannot be done; the text says why."""

    exit_code = 2


class Breached(TyperException):
    """A fuse carried more than it has."""

    exit_code = 1


site = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Share a grid connection between charge points: simulate a site from a file, and draw what was "
    "recorded of one.",
)


@site.command()
def simulate(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="A site file, or the name of one that comes with Voltline."),
    ] = None,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=366, help="So many days.")] = 7,
    seed: Annotated[
        int, typer.Option(metavar="N", help="The same seed gives the same drivers, cars and mishaps.")
    ] = 1,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw capacity, allocation and draw there, as SVG or PNG."),
    ] = None,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what 'site plot' draws there, as JSON.")
    ] = None,
    findings: Annotated[bool, typer.Option("--findings", help="List what Voltline found amiss.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List those that come with Voltline.")] = False,
) -> None:
    """Let a site run for a week and compare ways to share it. Exits with 1 if Voltline overloads a fuse.

    Equal share, first come first served and uncontrolled are obeyed at once by charge points that never fail;
    Voltline has to do with the network and the mishaps that the file names.
    """
    if list_ or file is None:
        _list()
        raise typer.Exit(0 if list_ else 2)
    found = _read(file)
    try:
        results = outcomes(found, days, seed, _plans(found, days, seed))
    except InvalidSite as error:
        raise Unusable(str(error)) from None
    typer.echo("\n".join(_report(found, results, days)))
    ours = results[-4]
    if findings:
        typer.echo()
        typer.echo(
            "\n".join(table([(one.trouble, one.subject, one.text) for one in ours.findings], output_width()))
        )
    if plot is not None:
        _write(plot, _picture(plot, drawing(ours.history)))
    if history is not None:
        _write(history, msgspec.json.encode(ours.history))
    for one in results[:-3]:
        if one.over_s > 0:
            raise Breached(f"{one.name}: a fuse carried too much for {one.over_s:.1f} s")


@site.command("plot")
def plot_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="JSON as 'site simulate --history' writes it; with --api a site's name."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The picture, as .svg or .png; else beside FILE, as .svg."
        ),
    ] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A fuse, or one of its phases such as 'hall A, L2'; may be repeated."
        ),
    ] = None,
    api: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Draw a site of the central system there, by its name.",
        ),
    ] = None,
    token: site_live.Token = None,
) -> None:
    """Draw capacity, allocation and measured draw of a site over time."""
    found = _history(file) if api is None else site_live.history(str(file), api, token)
    try:
        picture = drawing(found, line or ())
    except ValueError as error:
        raise Unusable(str(error)) from None
    path = out or (file.with_suffix(".svg") if api is None else Path(f"{file.name}.svg"))
    _write(path, _picture(path, picture))


site_live.register(site)


def _list() -> None:
    rows = [(name, " ".join(read_site(name, text).about.split())) for name, text in shipped_texts().items()]
    typer.echo("\n".join(table(rows, output_width(), indent=0)))


def _read(name: str) -> SiteFile:
    shipped = shipped_texts()
    path = Path(name)
    try:
        if not path.exists() and path.name.removesuffix(".yaml") in shipped and path.parent == Path():
            return read_site(name, shipped[path.name.removesuffix(".yaml")])
        return read_site(name, path.read_text("utf-8"))
    except OSError as error:
        raise Unusable(
            f"{name} cannot be read: {error.strerror}; there come with Voltline: {', '.join(shipped)}"
        ) from None
    except UnicodeDecodeError:
        raise Unusable(f"{name} is no text in UTF-8") from None
    except Unreadable as error:
        raise Unusable(str(error)) from None


def _history(file: Path) -> History:
    try:
        return msgspec.json.decode(file.read_bytes(), type=History)
    except OSError as error:
        raise Unusable(f"{file} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise Unusable(
            f"{file} is no history of a site: {error}; 'voltline site simulate --history' writes one"
        ) from None


def _picture(path: Path, picture: Picture) -> bytes:
    """As what the file's name says."""
    if path.suffix.lower() != ".png":
        return svg(picture).encode()
    try:
        from voltline.smart_charging.site.picture_png import png
    except ImportError:
        raise Unusable(
            f"{path}: no PNG can be drawn: pip install 'voltline[png]'; or give a name that ends in .svg"
        ) from None
    return png(picture)


def _plans(found: SiteFile, days: int, seed: int) -> Plans | None:
    if not found.prices:
        return None
    try:
        from voltline.siting.planning import plans
    except ImportError:
        typer.echo("There are prices, but no plan can be made: pip install 'voltline[plan]'", err=True)
        return None
    return plans(found, days, seed)


def _report(found: SiteFile, results: list[Outcome], days: int) -> list[str]:
    connectors = sum(row.count for row in found.connectors)
    first = results[0]
    root = next(fuse for fuse in found.fuses if not fuse.above)
    lines = [
        *paragraph(" ".join(found.about.split()), output_width()),
        "",
        f"{connectors} connectors behind 3 x {root.rating_a:g} A, {days} days, {first.cars} cars that want "
        f"{first.wanted_kwh:.0f} kWh. Simulated in {sum(one.took_s for one in results):.0f} s.",
        "",
    ]
    priced = any(one.cost is not None for one in results)
    heads = ["", "kWh", "of wanted", "cars content", "worst tenth", "peak load", "overload", "changes/car"]
    rows = [[*heads, *(["price a kWh"] if priced else [])]]
    for one in results:
        row = [
            one.name,
            f"{one.delivered_kwh:.0f}",
            f"{_part(one.delivered_kwh, one.wanted_kwh):.1%}",
            f"{one.met} ({_part(one.met, one.cars):.0%})",
            f"{one.least_part:.0%}",
            f"{one.worst:.0%}",
            "none" if one.over_s == 0 else f"{one.over_s:.0f} s, up to {one.longest_over_s:.0f} s at a time",
            f"{_part(one.changes, one.cars):.1f}",
        ]
        price = "" if one.cost is None else f"{_part(one.cost, one.delivered_kwh):.3f}"
        rows.append([*row, *([price] if priced else [])])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines += [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(size) for cell, size in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    lines += [
        "",
        *paragraph(
            "content: had at least 98 % of what was wanted when leaving. worst tenth: nine of ten cars had "
            "more of what they wanted. overload: time in which any phase of any fuse carried more than it "
            "has; every change of a current is looked at.",
            output_width(),
        ),
    ]
    return lines


def _part(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror}") from None
    print(f"wrote {path}", file=sys.stderr)
