"""What is done otherwise for the sake of a charge point's quirks, as the API shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

from litestar.response import Response
from msgspec import Meta, Struct
from msgspec.structs import replace

from voltline.central.api.needs import Site
from voltline.central.domain.metering import Reading
from voltline.central.domain.stations import Station
from voltline.central.services.adjusting import notes_so_far
from voltline.quirks import Corrected, Quirks, corrected

ADJUSTMENTS_HEADER = "Voltline-Adjustments"
"""What a quirk changed of a command, or says about it, as a JSON list in ASCII."""


class AdjustmentView(Struct, frozen=True, kw_only=True):
    """What was done otherwise than asked for, or has to be known, for a charge point's quirks."""

    quirk: Annotated[str, Meta(description="Its id; GET /api/v1/quirks says more.")]
    text: str


Adjustments = Annotated[
    list[AdjustmentView],
    Meta(description="What was done otherwise for the sake of the charge point's quirks."),
]


class QuirkView(Struct, frozen=True, kw_only=True):
    """Something that the charge point gets wrong, by its vendor, model and firmware."""

    id: str
    title: str


def adjustment_views() -> list[AdjustmentView]:
    """What was noted while this request was served."""
    return [AdjustmentView(quirk=note.quirk, text=note.text) for note in notes_so_far()]


def tell_adjustments(response: Response[Any]) -> Response[Any]:
    """Put what was noted into a header of the answer."""
    notes = notes_so_far()
    if notes:
        told = json.dumps([{"quirk": note.quirk, "text": note.text} for note in notes])
        response.headers[ADJUSTMENTS_HEADER] = told
    return response


def quirks_of(site: Site, station: Station | None) -> Quirks:
    """What this charge point gets wrong, by what it said of itself last."""
    if station is None:
        return Quirks()
    return site.quirks.of(station.identity, station.vendor, station.model, station.firmware_version)


def quirk_views(site: Site, station: Station) -> list[QuirkView]:
    return [QuirkView(id=one.id, title=one.title) for one in quirks_of(site, station)]


def correction(quirks: Quirks, reading: Reading) -> Corrected | None:
    """What a reading means, where it says something else."""
    if not quirks or reading.format == "SignedData":
        return None
    return corrected(quirks, reading.measurand, reading.unit, reading.value)


def corrected_readings(quirks: Quirks, readings: Iterable[Reading]) -> list[Reading]:
    """The readings with what they mean in the place of what they say."""
    found = []
    for reading in readings:
        meant = correction(quirks, reading)
        found.append(reading if meant is None else replace(reading, value=meant.value, unit=meant.unit))
    return found
