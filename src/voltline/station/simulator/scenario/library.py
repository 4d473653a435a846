"""The scenarios that come with Voltline."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from voltline.station.simulator.scenario.reading import Scenario, read_scenario

SUFFIX = ".yaml"


def shipped_texts() -> Mapping[str, str]:
    """The text of each file by the name of its scenario, in the order of the alphabet."""
    folder = files("voltline.station.simulator").joinpath("scenarios")
    found = {
        one.name.removesuffix(SUFFIX): one.read_text("utf-8")
        for one in folder.iterdir()
        if one.name.endswith(SUFFIX)
    }
    return dict(sorted(found.items()))


def shipped(name: str) -> Scenario:
    """The scenario of this name; raises KeyError if there is none."""
    return read_scenario(name + SUFFIX, shipped_texts()[name])
