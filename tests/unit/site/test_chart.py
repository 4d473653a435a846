"""The picture of a site: the same as SVG and as PNG, and what it shows is where it should be."""

import re
import xml.etree.ElementTree as ElementTree
from io import BytesIO

import pytest

from voltline.smart_charging.site.chart import chart, drawing
from voltline.smart_charging.site.history import History, Moment
from voltline.smart_charging.site.picture import Picture, Words, svg

Image = pytest.importorskip("PIL.Image")
BEGIN = 1_767_571_200.0
CAPACITY, MEASURED, OVER = (0xB3, 0x26, 0x1E), (0x1B, 0x4F, 0x8A), (0xD9, 0x30, 0x25)


def history(capacity_a: float = 100.0, measured_a: float = 50.0, count: int = 24) -> History:
    moments = [
        Moment(BEGIN + 3600 * number, (capacity_a,) * 3, (measured_a + 20,) * 3, (measured_a,) * 3)
        for number in range(1, count + 1)
    ]
    return History(
        site="Büro & Lager",
        zone="Europe/Berlin",
        lines=("grid, L1", "grid, L2", "grid, L3"),
        moments=tuple(moments),
    )


def pixels(picture: Picture) -> "Image.Image":
    from voltline.smart_charging.site.picture_png import png

    found = Image.open(BytesIO(png(picture)))
    assert found.format == "PNG"
    return found


def height_of(found: "Image.Image", x: int, colour: tuple[int, int, int]) -> int | None:
    """How far down the colour first comes at this x."""
    return next((y for y in range(found.height) if found.getpixel((x, y)) == colour), None)


def test_a_png_is_twice_as_large_as_the_picture_and_has_its_words() -> None:
    picture = drawing(history())
    found = pixels(picture)
    assert found.size == (2 * picture.width, 2 * picture.height)
    name = found.crop((116, 16, 400, 48)).convert("L")
    assert name.getextrema()[0] < 60, "the site's name is drawn in ink"
    empty = pixels(Picture("", picture.width, picture.height, []))
    assert empty.getextrema() == ((255, 255),) * 3


def test_what_was_drawn_is_half_as_high_as_the_capacity() -> None:
    found = pixels(drawing(history(100, 50), ["grid, L1"]))
    x, bottom = 1500, 2 * (78 + 190)
    line = height_of(found, x, CAPACITY)
    below = next(y for y in range(bottom - 1, 0, -1) if abs(found.getpixel((x, y))[0] - MEASURED[0]) > 80)
    assert line is not None
    assert (bottom - below) == pytest.approx((bottom - line) / 2, abs=4)


def test_a_breach_is_marked_in_red_and_its_absence_is_not() -> None:
    assert height_of(pixels(drawing(history(100, 120), ["grid, L1"])), 1500, OVER) is not None
    assert height_of(pixels(drawing(history(100, 99), ["grid, L1"])), 1500, OVER) is None


def test_the_svg_is_well_formed_whatever_a_site_is_called() -> None:
    root = ElementTree.fromstring(chart(history()))
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Büro & Lager" in texts and "grid, L3" in texts
    told = svg(Picture("<&>", 10, 10, [Words(1, 2, "<b>")]))
    assert "<title>&lt;&amp;&gt;</title>" in told and "&lt;b&gt;" in told


def test_a_phase_is_chosen_by_its_name_and_a_wrong_one_is_told() -> None:
    assert len(re.findall(">grid, L", chart(history(), ["grid, L2"]))) == 1
    with pytest.raises(ValueError, match="no line or fuse is called 'sky'; there are grid, L1"):
        chart(history(), ["sky"])
