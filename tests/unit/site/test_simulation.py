"""A site simulated from a file: what is measured is true, and Voltline never overloads a fuse."""

import json

import pytest

from voltline.cli.main import run
from voltline.siting.files import read_site, shipped_texts
from voltline.siting.live import Live
from voltline.siting.outcome import outcome, outcomes
from voltline.siting.policies import Uncontrolled
from voltline.station.simulator.yaml_text import Unreadable

SMALL = """
about: Six charge points behind 3 x 40 A, in all weathers.
name: small
fuses:
  - {name: grid, rating_a: 40}
connectors:
  - {id: CP, count: 6, fuse: grid, rotations: [RST, STR, TRS], limits_phases: true}
drivers:
  - {name: all, cars_a_day: 14, arrive: "09:00", spread_s: 7200, stay_s: 14400}
weather: {lost: 0.02, offline_a_week: 20, offline_s: 900, reboots_a_week: 10, stubborn: 2, clock_s: 20}
"""


@pytest.mark.parametrize("seed", range(6))
def test_no_fuse_is_overloaded_whatever_the_weather(seed):
    found = outcome("voltline", read_site("small.yaml", SMALL), 1, seed, Live(seed))
    assert found.over_s == 0
    assert found.worst <= 1.0 + 1e-9
    assert found.delivered_kwh > 20


def test_what_overloads_a_fuse_is_seen():
    found = outcome("uncontrolled", read_site("small.yaml", SMALL), 1, 1, Uncontrolled())
    assert found.over_s > 1000
    assert found.worst > 1.5


def test_all_ways_have_the_same_cars_and_none_gives_more_than_the_cars_want():
    found = outcomes(read_site("small.yaml", SMALL), 1, 3)
    assert len({(one.cars, one.wanted_kwh) for one in found}) == 1
    assert all(one.delivered_kwh <= one.wanted_kwh + 0.001 for one in found)
    assert [one.name for one in found if one.over_s > 0] == ["uncontrolled"]


def test_the_same_seed_gives_the_same_week():
    first, second = (outcome("voltline", read_site("x", SMALL), 1, 5, Live(5)) for _ in range(2))
    assert first.history == second.history


@pytest.mark.parametrize("name", shipped_texts())
def test_every_site_that_is_shipped_can_be_read(name):
    assert read_site(name, shipped_texts()[name]).name == name


def test_the_house_of_the_home_is_never_cut_off_by_its_cars():
    found = outcome("voltline", read_site("home", shipped_texts()["home"]), 2, 2, Live(2))
    assert found.over_s == 0
    assert found.delivered_kwh > 20


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("rating_a: 40", "rating_a: forty", "x.yaml:5:18: Expected `float`, got `str` ($.fuses[0].rating_a)"),
        ("fuse: grid,", "fuse: gird,", "x.yaml:7:24: connectors[0].fuse: no fuse is called 'gird'"),
        ("stay_s", "stay", "x.yaml:9:5: Object contains unknown field `stay` ($.drivers[0])"),
        ('"09:00"', '"25:00"', "x.yaml:9:33: drivers[0].arrive: a time of day such as '08:15'"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_place(was, becomes, told):
    with pytest.raises(Unreadable) as caught:
        read_site("x.yaml", SMALL.replace(was, becomes))
    assert str(caught.value).startswith(told)


def test_the_command_compares_draws_and_keeps_a_history(tmp_path, capsys):
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    picture, history = tmp_path / "small.svg", tmp_path / "small.json"
    arguments = [
        "site",
        "simulate",
        str(file),
        "--days",
        "1",
        "--plot",
        str(picture),
        "--history",
        str(history),
    ]
    assert run(arguments) == 0
    told = capsys.readouterr().out
    assert "6 connectors behind 3 x 40 A, 1 days" in told
    assert [line.split("  ")[0] for line in told.splitlines() if "%)" in line] == [
        "voltline",
        "equal share",
        "first come, first served",
        "uncontrolled",
    ]
    assert picture.read_text().startswith("<svg")
    assert json.loads(history.read_text())["lines"] == ["grid, L1", "grid, L2", "grid, L3"]
    assert run(["site", "plot", str(history), "--line", "grid, L2", "-o", str(tmp_path / "l2.svg")]) == 0
    assert "grid, L2" in (tmp_path / "l2.svg").read_text()
    assert run(["site", "plot", str(history), "--line", "attic"]) == 2
    assert "no line or fuse is called 'attic'" in capsys.readouterr().err


def test_a_site_that_is_not_there_is_told_with_those_that_are(capsys):
    assert run(["site", "simulate", "offise"]) == 2
    assert "there come with Voltline: depot, home, office" in capsys.readouterr().err
