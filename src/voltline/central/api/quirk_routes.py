"""What particular charge points get wrong."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from voltline.central.api.needs import Site


class QuirkDetail(Struct, frozen=True, kw_only=True):
    """Something that some charge points get wrong."""

    id: str
    title: str
    wrong: Annotated[str, Meta(description="What they do, and what they should do.")]
    source: Annotated[str, Meta(description="How it is known.")]
    file: Annotated[str, Meta(description="Where it is written down.")]
    matches: Annotated[
        list[dict[str, str]],
        Meta(description="Charge points that have it: any of these. Empty: nobody, as far as known."),
    ]


class QuirkList(Struct, frozen=True, kw_only=True):
    """All quirks that are known."""

    items: list[QuirkDetail]


@get(
    "/quirks",
    sync_to_thread=False,
    operation_id="listQuirks",
    summary="List the quirks",
    tags=["Charge points"],
)
def quirks(site: NamedDependency[Site]) -> QuirkList:
    """All that is known of what charge points get wrong; each charge point shows which of them it has."""
    return QuirkList(
        items=[
            QuirkDetail(
                id=one.id,
                title=one.title,
                wrong=one.wrong,
                source=one.source,
                file=one.file,
                matches=[
                    {
                        name: value
                        for name in ("vendor", "model", "identity", "firmware")
                        if (value := getattr(match, name)) not in (None, "*")
                    }
                    for match in one.matches
                ],
            )
            for one in site.quirks
        ]
    )


ROUTES = [quirks]
