"""Pictures as PNG, with Pillow (`voltline[png]`). Its own font is used, so all machines draw alike."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from io import BytesIO

from PIL import Image, ImageColor, ImageDraw, ImageFont

from voltline.smart_charging.site.picture import Box, Picture, Rule, Stairs, Words

SCALE = 2
"""Pixels for each of the picture's units: sharp on screens and in documents."""
_DASH, _GAP = 2.0, 3.0
_BOLD = 0.2
"""The font has no bold: its outlines are drawn this much wider."""


def png(picture: Picture) -> bytes:
    """As PNG, twice as large in pixels as it is in units."""
    image = Image.new("RGB", (picture.width * SCALE, picture.height * SCALE), "#ffffff")
    draw = ImageDraw.Draw(image, "RGBA")  # so that what is half transparent is mixed with what is below
    for shape in picture.shapes:
        _paint(draw, shape)
    written = BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _paint(draw: ImageDraw.ImageDraw, shape: Box | Rule | Stairs | Words) -> None:
    match shape:
        case Box():
            corners = (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
            draw.rectangle([one * SCALE for one in corners], shape.fill)
        case Rule():
            for x1, y1, x2, y2 in (
                _dashes(shape) if shape.dashed else ((shape.x1, shape.y1, shape.x2, shape.y2),)
            ):
                draw.line([one * SCALE for one in (x1, y1, x2, y2)], shape.colour, SCALE)
        case Words():
            stroke = _BOLD * SCALE if shape.bold else 0
            place = (shape.x * SCALE, shape.y * SCALE)
            anchor = "ls" if shape.anchor == "start" else "rs"
            draw.text(place, shape.text, shape.colour, _font(shape.size), anchor, stroke_width=stroke)
        case Stairs():
            points = [
                (x * SCALE, y * SCALE)
                for left, right, y in zip(shape.xs, shape.xs[1:], shape.ys, strict=False)
                for x in (left, right)
            ]
            if shape.bottom is None:
                draw.line(points, shape.colour, round(shape.width * SCALE))
                return
            ends = [(x * SCALE, shape.bottom * SCALE) for x in (shape.xs[-1], shape.xs[0])]
            draw.polygon([*points, *ends], (*ImageColor.getrgb(shape.colour)[:3], round(255 * shape.opacity)))


def _dashes(shape: Rule) -> Iterator[tuple[float, float, float, float]]:
    long = ((shape.x2 - shape.x1) ** 2 + (shape.y2 - shape.y1) ** 2) ** 0.5 or 1.0
    at = 0.0
    while at < long:
        begin, end = at / long, min(1.0, (at + _DASH) / long)
        across, down = shape.x2 - shape.x1, shape.y2 - shape.y1
        yield (
            shape.x1 + across * begin,
            shape.y1 + down * begin,
            shape.x1 + across * end,
            shape.y1 + down * end,
        )
        at += _DASH + _GAP


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * SCALE)
