"""docs/howto/simulate-charge-points.md names what there is, and its template can be used."""

import re
from pathlib import Path
from textwrap import dedent

from voltline.messages import ChargePointErrorCode
from voltline.station.simulator.faults import FAULTS
from voltline.station.simulator.spoiling import MALFORMED, Harm, Which
from voltline.station.simulator.templates import read, templates
from voltline.station.simulator.verbs import table_of

PAGE = (Path(__file__).parents[3] / "docs" / "howto" / "simulate-charge-points.md").read_text()
NAMED = set(re.findall(r"`([^`]+)`", PAGE))


def test_page_names_every_verb_that_breaks_something():
    verbs = {word.split()[0] for word in NAMED}
    assert set(table_of(*FAULTS)) <= verbs
    assert f"the {len(ChargePointErrorCode) - 1} error codes" in PAGE


def test_page_names_every_kind_of_malformed_frame_and_every_harm():
    assert set(MALFORMED) | set(Harm) <= NAMED
    assert "|".join(Which) in PAGE.replace("\\", "")


def test_page_names_every_template():
    assert set(templates()) <= NAMED


def test_template_of_the_page_can_be_used():
    text = PAGE[PAGE.index('    title = "Acme') : PAGE.index("## Let time pass")]
    assert read(dedent(text), "acme.toml").options().vendor_keys[0].name == "LedBrightness"
