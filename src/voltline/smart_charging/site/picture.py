"""A picture of rectangles, stairs, lines and words: drawn once, told as SVG or (by `picture_png`) as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

import msgspec


class Box(msgspec.Struct, frozen=True):
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: str


class Rule(msgspec.Struct, frozen=True):
    """A straight line, perhaps of dashes."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    dashed: bool = False


class Stairs(msgspec.Struct, frozen=True):
    """Heights that hold from one place to the next: `xs` has one more than `ys`."""

    xs: Sequence[float]
    ys: Sequence[float]
    colour: str
    width: float = 1.0
    """Of the line."""
    bottom: float | None = None
    """Down to here it is filled; None: it is a line."""
    opacity: float = 1.0


class Words(msgspec.Struct, frozen=True):
    """A line of text, at its baseline."""

    x: float
    y: float
    text: str
    colour: str = "#000000"
    size: float = 12.0
    bold: bool = False
    anchor: Literal["start", "end"] = "start"


class Picture(msgspec.Struct, frozen=True):
    """What is drawn, from the back to the front. Colours are as `#1b4f8a`."""

    title: str
    width: int
    height: int
    shapes: Sequence[Box | Rule | Stairs | Words]


def svg(picture: Picture) -> str:
    """As SVG, for any browser."""
    width, height = picture.width, picture.height
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-family="sans-serif" font-size="12" role="img">',
            f"<title>{escape(picture.title)}</title>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *map(_element, picture.shapes),
            "</svg>\n",
        ]
    )


def _element(shape: Box | Rule | Stairs | Words) -> str:
    match shape:
        case Box():
            size = f'width="{shape.width:.1f}" height="{shape.height:.1f}"'
            return f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" {size} fill="{shape.fill}"/>'
        case Rule():
            dashes = ' stroke-dasharray="2 3"' if shape.dashed else ""
            ends = f"M{shape.x1:.1f} {shape.y1:.1f}L{shape.x2:.1f} {shape.y2:.1f}"
            return f'<path d="{ends}" stroke="{shape.colour}"{dashes}/>'
        case Words():
            size = "" if shape.size == 12.0 else f' font-size="{shape.size:g}"'
            bold = ' font-weight="bold"' if shape.bold else ""
            anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
            place = f'x="{shape.x:.1f}" y="{shape.y:.1f}"'
            return f'<text {place} fill="{shape.colour}"{size}{bold}{anchor}>{escape(shape.text)}</text>'
        case Stairs():
            path = [f"M{shape.xs[0]:.1f} {shape.ys[0]:.1f}"]
            path += [f"V{y:.1f}H{x:.1f}" for x, y in zip(shape.xs[1:], shape.ys, strict=True)]
            if shape.bottom is None:
                paint = f'fill="none" stroke="{shape.colour}" stroke-width="{shape.width:g}"'
                return f'<path d="{"".join(path)}" {paint}/>'
            path.append(f"V{shape.bottom:.1f}H{shape.xs[0]:.1f}Z")
            return f'<path d="{"".join(path)}" fill="{shape.colour}" fill-opacity="{shape.opacity:g}"/>'
