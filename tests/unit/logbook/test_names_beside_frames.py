"""Logs in wordings that nobody knows: charge points are told apart where the lines let one know."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from voltline.inspection.records import Direction
from voltline.logbook.inspecting import inspect
from voltline.logbook.readers.families import FAMILIES
from voltline.logbook.readers.headings import Headings

Frame = tuple[str, bool, str]
"""Charge point, whether it sends, text."""


def talk(*stations: str, turns: int = 4, numbered: bool = False) -> Iterator[Frame]:
    """Heartbeats of each in turn. Message ids are the charge point's own, or numbers that all use."""
    for turn in range(turns):
        for nth, station in enumerate(stations):
            message_id = str(turn) if numbered else f"{station}-{turn}"
            yield station, True, f'[2,"{message_id}","Heartbeat",{{}}]'
            yield station, False, f'[3,"{message_id}",{{"currentTime":"2026-03-01T08:{nth:02}:{turn:02}Z"}}]'


def stations_of(lines: Iterable[str], folder: Path) -> set[str]:
    file = folder / "some.log"
    file.write_text("\n".join(lines))
    return {one.station for one in inspect([file]).inspected.stations}


@pytest.mark.parametrize(
    ("sends", "is_sent"),
    [
        ("{} -> CSMS:", "{} <- CSMS:"),
        ("[{} -> backend]", "[{} <- backend]"),
        ("{}->CSMS", "CSMS->{}"),
        ('INFO "{}" => "central system":', 'INFO "central system" => "{}":'),
        ("[{}] → [server] Heartbeat", "[server] → [{}] Heartbeat"),
    ],
)
def test_a_name_at_an_arrow_from_or_to_the_central_system_is_the_charge_points(
    sends: str, is_sent: str, tmp_path: Path
) -> None:
    lines = [
        f"10:00:00 {(sends if sent else is_sent).format(station)} {text}"
        for station, sent, text in talk("CP-1", "4711", "BURA")
    ]
    assert stations_of(lines, tmp_path) == {"CP-1", "4711", "BURA"}


def test_the_arrow_says_who_sent_a_frame() -> None:
    of = Headings(FAMILIES).of
    for wording in ("CP-1 -> CSMS: ", "[backend <- CP-1] "):
        assert of(wording).direction is Direction.FROM_STATION
    for wording in ("CSMS -> CP-1: ", "[CP-1 <- backend] "):
        assert of(wording).direction is Direction.FROM_CENTRAL
    assert of("ChargePoint -> CSMS: ").station is None


@pytest.mark.parametrize(
    "wording", ["[INFO] [{name}] {way}", "({name}) {way}", "{name} {way}", "[net] {way} [{name}]"]
)
@pytest.mark.parametrize("numbered", [False, True])
def test_a_word_that_calls_and_their_answers_share_is_the_charge_points(
    wording: str, numbered: bool, tmp_path: Path
) -> None:
    names = ("BURA", "NORTH", "x.7")
    lines = [
        f"2026-03-01 08:00:00 {wording.format(name=name, way='<<' if sent else '>>')} {text}"
        for name, sent, text in talk(*names, turns=6, numbered=numbered)
    ]
    assert stations_of(lines, tmp_path) == set(names)


def test_two_charge_points_are_told_apart_in_a_log_of_four_lines(tmp_path: Path) -> None:
    lines = [f"[CP-{name}] {'in' if sent else 'out'} {text}" for name, sent, text in talk("1", "2", turns=1)]
    assert stations_of(lines, tmp_path) == {"CP-1", "CP-2"}


def test_known_words_may_have_a_name_beside_them_too(tmp_path: Path) -> None:
    for sends, is_sent in (("TX:", "RX:"), ("Sending message ➡️ ", "Receive message ⬅️ ")):
        lines = [
            f"[{name}] {sends if sent else is_sent} {text}" for name, sent, text in talk("NORTH", "SOUTH")
        ]
        assert stations_of(lines, tmp_path) == {"NORTH", "SOUTH"}


def test_words_that_vary_otherwise_part_nobody(tmp_path: Path) -> None:
    frames = list(talk("only", turns=40))
    animals = ("eel", "fox", "owl")
    by_turns = [f"[{animals[number % 3]}] {text}" for number, (*_, text) in enumerate(frames)]
    one_after_the_other = [f"[{animals[number // 30]}] {text}" for number, (*_, text) in enumerate(frames)]
    of_each_call = [f"[a{number // 2}] {text}" for number, (*_, text) in enumerate(frames)]
    of_each_way = [f"[{'uplink' if sent else 'downlink'}] {text}" for _, sent, text in frames]
    twice = [f"[{animal}] {text}" for *_, text in frames for animal in ("eel", "fox")]
    for lines in (by_turns, one_after_the_other, of_each_call, of_each_way, twice):
        assert stations_of(lines, tmp_path) == {"some.log"}, lines[:3]


@pytest.mark.parametrize(
    "wording",
    [
        "{name}: ",
        "INFO {name} : ",
        "unit={name} ",
        "unit='{name}', ",
        'INFO "{name}" ',
        "main.py:12 {name} {way}: ",
    ],
)
@pytest.mark.parametrize("numbered", [False, True])
def test_a_name_needs_no_bracket_and_no_arrow(wording: str, numbered: bool, tmp_path: Path) -> None:
    names = ("BURA", "NORTH", "x.7")
    lines = [
        f"2026-03-01 08:00:00 {wording.format(name=name, way='recv' if sent else 'sent')}{text}"
        for name, sent, text in talk(*names, turns=6, numbered=numbered)
    ]
    assert stations_of(lines, tmp_path) == set(names)


def test_a_name_before_an_object_is_found_as_one_before_a_frame(tmp_path: Path) -> None:
    lines = []
    for name, sent, text in talk("CP-1", "CP-2", "CP-3"):
        kind, message_id, *rest = json.loads(text)
        told = {"messageTypeId": kind, "uniqueId": message_id, "payload": rest[-1]}
        lines.append(f"{name}: {json.dumps(told | ({'action': rest[0]} if sent else {}))}")
    assert stations_of(lines, tmp_path) == {"CP-1", "CP-2", "CP-3"}


def test_the_only_name_is_taken_where_it_looks_like_one(tmp_path: Path) -> None:
    for name, expected in (("CP-1", "CP-1"), ("EVB-P2100", "EVB-P2100"), ("4711", "some.log")):
        lines = [f" {'recv' if sent else 'sent'} {name}: {text}" for _, sent, text in talk("one")]
        assert stations_of(lines, tmp_path) == {expected}


@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        ("New connection from /CP_1", "Charger CP_1 disconnected"),
        ("new connection at ws://0.0.0.0:9000/ocpp/CP_1", "bye"),
        ("Charge point CP_1 connected", "Charge point CP_1 has disconnected: 1006"),
        ('station "CP_1" is now connected', 'station "CP_1" was disconnected'),
    ],
)
def test_a_line_of_a_connection_names_the_charge_point(opens: str, closes: str, tmp_path: Path) -> None:
    lines = [f"{'got' if sent else 'wrote'} {text}" for _, sent, text in talk("one")]
    assert stations_of([opens, *lines, closes], tmp_path) == {"CP_1"}


@pytest.mark.parametrize(
    "words",
    ["New connection from 10.0.0.7:4711", "Charger 10.0.0.7 connected", "station 9f3a77c1-22 connected"],
)
def test_an_address_and_the_number_of_a_socket_are_no_names(words: str, tmp_path: Path) -> None:
    lines = [f"{'got' if sent else 'wrote'} {text}" for _, sent, text in talk("one")]
    assert stations_of([words, *lines], tmp_path) == {"some.log"}
