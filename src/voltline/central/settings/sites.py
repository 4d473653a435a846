"""How the current of a site is shared out."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from voltline.central.settings.section import Section


class SitesSettings(Section, frozen=True, kw_only=True):
    """Sites whose connectors share a grid connection."""

    lease_s: Annotated[
        float,
        Meta(
            ge=2,
            le=86400,
            description="How long a current above the fail-safe share is lent. It is renewed when half of it "
            "is over, and lapses by itself in a charge point that cannot be reached.",
            extra={"unit": "seconds"},
        ),
    ] = 240.0
    margin_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="By how much the clock of a charge point may be wrong, with the time that a current "
            "takes to follow: for so long a lease counts beyond its end.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    change_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="A connector is given another current at most so often, unless safety needs it.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    fresh_s: Annotated[
        float,
        Meta(
            ge=1,
            le=86400,
            description="How long a reading of a connector's or a building's meter counts.",
            extra={"unit": "seconds"},
        ),
    ] = 90.0
    noise_a: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="By which a building's meter may waver before that counts as too much, out of the "
            "`margin_a` of its fuse.",
            extra={"unit": "ampere"},
        ),
    ] = 0.5
    answer_s: Annotated[
        float,
        Meta(
            ge=0.5,
            le=3600,
            description="A charge point that has not answered a limit for so long is taken for silent.",
            extra={"unit": "seconds"},
        ),
    ] = 35.0
    period_s: Annotated[
        float,
        Meta(
            ge=0.05,
            le=3600,
            description="At most so often is a site shared out anew, unless safety needs it.",
            extra={"unit": "seconds"},
        ),
    ] = 5.0
    verify: Annotated[
        bool,
        Meta(
            description="Ask for the composite schedule after each change of a limit, and do not count on a "
            "limit above which the charge point's own schedule is."
        ),
    ] = True
    history_s: Annotated[
        float,
        Meta(
            ge=0.1,
            le=3600,
            description="Time between two entries of the history of a site.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    keep_days: Annotated[
        float,
        Meta(gt=0, le=36500, description="History that is older is removed.", extra={"unit": "days"}),
    ] = 90.0
