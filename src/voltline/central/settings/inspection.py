"""What the inspector of live traffic looks at."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from voltline.central.settings.section import Section, words


class InspectionSettings(Section, frozen=True, kw_only=True):
    """The inspector: it looks at all that is said between charge points and here, and tells what is wrong."""

    enabled: Annotated[
        bool,
        Meta(
            description="Look at the traffic of charge points, in a process of its own that leaves the "
            "processor to everybody else."
        ),
    ] = True
    detectors: Annotated[
        str,
        Meta(
            pattern=r"^$|^-?[A-Za-z0-9_.]+(\s*,\s*-?[A-Za-z0-9_.]+)*$",
            description="Which detectors look, by id or the beginning of one, separated by commas, such as "
            "C,T. One with a minus is left out, such as -S02. Empty: all.",
            extra={"allowed": "ids of detectors, separated by commas, or nothing"},
        ),
    ] = ""
    thresholds: Annotated[
        str,
        Meta(
            pattern=r"^$|^[A-Za-z0-9_]+\.[a-z0-9_]+=[^,]+(,\s*[A-Za-z0-9_]+\.[a-z0-9_]+=[^,]+)*$",
            description="Thresholds of detectors that are not to be the defaults, separated by commas, such "
            "as C01.bad=80, R03.after_s=5; docs/reference/detectors.md has all.",
            extra={"allowed": "ID.setting=value, separated by commas, or nothing"},
        ),
    ] = ""
    own_detectors: Annotated[
        str, Meta(description="A folder with detectors of your own. Empty: only those that are installed.")
    ] = ""
    close_after_h: Annotated[
        float,
        Meta(
            gt=0,
            le=168,
            description="A finding that was not seen for so long is closed. Those of connections, frames and "
            "answers are closed after one hour. Each time that one comes back this is doubled, up to a week.",
            extra={"unit": "hours"},
        ),
    ] = 24.0
    keep_days: Annotated[
        float,
        Meta(
            gt=0,
            le=36500,
            description="Findings that were closed before are removed.",
            extra={"unit": "days"},
        ),
    ] = 400.0
    most_memory_mib: Annotated[
        int,
        Meta(
            ge=128,
            le=2**20,
            description="Memory that the process may take up. Where that is not enough for all charge "
            "points, only some are looked at.",
            extra={"unit": "MiB"},
        ),
    ] = 1024

    @property
    def only(self) -> tuple[str, ...]:
        return tuple(word for word in words(self.detectors) if not word.startswith("-"))

    @property
    def without(self) -> tuple[str, ...]:
        return tuple(word[1:] for word in words(self.detectors) if word.startswith("-"))

    @property
    def folders(self) -> tuple[str, ...]:
        return (self.own_detectors,) if self.own_detectors else ()

    @property
    def settings(self) -> tuple[tuple[str, str, str], ...]:
        """Detector, name and value of each threshold."""
        parts = (word.partition("=") for word in words(self.thresholds))
        return tuple((*name.split(".", 1), value.strip()) for name, _, value in parts)  # type: ignore[misc]
