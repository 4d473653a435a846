"""The page of an inspection as bytes: safe with whatever a log says, the same each time, not too large."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from tests.system.logs_to_inspect import delta_ac_max, flapping_connection, lost_transaction_id

from voltline.logbook.inspecting import inspect
from voltline.logbook.reports.as_html import SCRIPTS, html_report
from voltline.logbook.reports.page_data import MOST_FRAMES
from voltline.logbook.result import Result

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]>&lt;script&gt;",
    "\u202egnp.exe",
    "line\u2028para\u2029end",
    "'\"`${alert(1)}\\",
    "x" * 100_000,
)


class Parsed(HTMLParser):
    """Elements with their attributes, and the text inside each kind of them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._inside: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.texts.append((self._inside[-1], data))


def page_of(folder: Path, log: str, name: str = "charger.log", *, footage: bool = True) -> bytes:
    (folder / name).write_text(log)
    return html_report(inspect([folder / name], footage=footage, processes=1))


def data_of(page: bytes) -> dict[str, Any]:
    found = re.search(rb'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def log_of(*texts: str) -> str:
    """Each text as id tag, as message id, as an action and as no frame at all."""
    lines = []
    for number, text in enumerate(texts):
        for frame in (
            [2, str(number), "Authorize", {"idTag": text}],
            [2, text, "Heartbeat", {}],
            [2, f"a{number}", text, {}],
            [4, f"a{number}", "InternalError", text, {}],
            [
                2,
                f"b{number}",
                "StatusNotification",
                {"connectorId": 1, "errorCode": "NoError", "status": text},
            ],
        ):
            lines.append(f"2026-03-01T08:00:0{number}Z recv CP1: {json.dumps(frame, ensure_ascii=False)}\n")
        lines.append(f"2026-03-01T08:00:0{number}Z recv CP1: [2,{text}\n")
    return "".join(lines)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_what_a_log_says_never_becomes_an_element(text: str, tmp_path: Path) -> None:
    page = page_of(tmp_path, log_of(text))
    plain = Parsed(page_of(tmp_path, log_of("plain"), "plain.log"))
    parsed = Parsed(page)
    assert parsed.elements[10:] == plain.elements[10:]
    assert [one[0] for one in parsed.elements] == [one[0] for one in plain.elements]
    assert not any(name.startswith("on") for _, attributes in parsed.elements for name in attributes)
    embedded = page.split(b'id="data">', 1)[1].split(b"</script>", 1)[0]
    assert not re.search("[<>&\u2028\u2029]", embedded.decode())
    assert text[:100] in json.dumps(data_of(page), ensure_ascii=False) or text[0] == "'"


def test_a_file_without_frames_is_shown_with_what_to_export(tmp_path: Path) -> None:
    (file,) = data_of(page_of(tmp_path, "12:00 Heartbeat\n{}\n"))["files"]
    assert "Export the raw messages" in file["advice"]
    (file,) = data_of(page_of(tmp_path, log_of("a")))["files"]
    assert file["advice"] is None


def test_the_name_of_a_file_is_only_text(tmp_path: Path) -> None:
    page = page_of(tmp_path, log_of("a"), "<img src=x onerror=alert(1)>&\u202e.log")
    parsed = Parsed(page)
    assert "img" not in [name for name, _ in parsed.elements]
    (title,) = [text for inside, text in parsed.texts if inside == "title"]
    assert title.startswith("<img src=x onerror=alert(1)>&\ufffd.log")


def test_the_policy_allows_the_page_s_own_style_and_script_and_nothing_else(tmp_path: Path) -> None:
    page = page_of(tmp_path, log_of("a"))
    parsed = Parsed(page)
    (policy,) = [one["content"] for _, one in parsed.elements if one.get("http-equiv")]
    text = page.decode()
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(style) == len(script) == 1
    hashes = ["sha256-" + b64encode(sha256(one.encode()).digest()).decode() for one in (*style, *script)]
    assert policy == (
        f"default-src 'none'; style-src '{hashes[0]}'; script-src '{hashes[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_the_page_refers_to_nothing_outside_itself(tmp_path: Path) -> None:
    parsed = Parsed(page_of(tmp_path, log_of("a")))
    assert not [one for _, one in parsed.elements if "src" in one or "style" in one]
    assert {one["href"] for _, one in parsed.elements if "href" in one} == {
        "#timeline", "#findings", "#sessions", "#frames",
    }  # fmt: skip


def test_the_page_s_scripts_set_text_and_never_markup() -> None:
    folder = files("voltline.logbook.reports") / "page"
    assert {one.name for one in folder.iterdir()} == {*SCRIPTS, "page.css", "body.html"}
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|https?:|</")
    for name in SCRIPTS:
        assert not forbidden.findall((folder / name).read_text()), name


@pytest.mark.parametrize("log", [delta_ac_max, lost_transaction_id, flapping_connection])
def test_the_same_result_gives_the_same_page(log: Callable[[], str], tmp_path: Path) -> None:
    pages = {page_of(tmp_path, log()) for _ in range(2)}
    assert len(pages) == 1


def test_a_page_can_be_made_without_footage(tmp_path: Path) -> None:
    data = data_of(page_of(tmp_path, lost_transaction_id(), footage=False))
    assert data["shots"] == []
    (station,) = data["stations"]
    assert [one["number"] for one in station["connectors"]] == [0, 1]
    assert len(station["connectors"][1]["load"]) > 100
    assert station["marks"]


def test_the_page_tells_what_the_other_reports_tell(tmp_path: Path) -> None:
    (tmp_path / "charger.log").write_text(delta_ac_max() + "and one line that says nothing\n")
    result: Result = inspect([tmp_path / "charger.log"], footage=True)
    data = data_of(html_report(result))
    assert (data["lines"], data["frames"], data["skipped"]) == (result.lines, result.frames, result.skipped)
    assert [one["id"] for one in data["findings"]] == [one.detector for one in result.inspected.findings]
    (session,) = data["sessions"]
    assert session["energy"] == result.inspected.sessions[0].energy_wh
    (station,) = data["stations"]
    assert [one[1] for one in station["connectors"][1]["limits"]] == [0.1, 10, 0.1, None]
    assert len(data["shots"]) == data["shotCount"] >= result.frames


def test_of_many_frames_some_are_shown_and_the_page_says_so(tmp_path: Path) -> None:
    beat = '2026-03-01 08:00:{:02},000 INFO [ocpp] CP{}: receive message [2,"{}","Heartbeat",{{}}]\n'
    log = "".join(beat.format(i % 60, i % 3, i) for i in range(20_000))
    page = page_of(tmp_path, log)
    data = data_of(page)
    assert len(data["shots"]) <= MOST_FRAMES
    assert data["shotCount"] == data["frames"] == 20_000
    assert {one[1] for one in data["shots"]} == {0, 1, 2}
    assert len(page) < 4_000_000


def test_an_empty_log_gives_a_page_too(tmp_path: Path) -> None:
    data = data_of(page_of(tmp_path, "nothing\n"))
    assert (data["frames"], data["stations"], data["findings"], data["shots"]) == (0, [], [], [])


def test_the_same_station_in_two_logs_keeps_its_sessions_apart(tmp_path: Path) -> None:
    for name in ("one.log", "two.log"):
        (tmp_path / name).write_text(lost_transaction_id())
    data = data_of(html_report(inspect([tmp_path / "one.log", tmp_path / "two.log"], footage=True)))
    assert [one["station"] for one in data["sessions"]] == [0, 0, 0, 1, 1, 1]


def test_a_busy_connector_takes_no_room_from_the_quiet_ones(tmp_path: Path) -> None:
    line = (
        '2026-03-01 {:02}:{:02}:{:02},000 INFO [ocpp] CP{}: receive message [2,"{}","StatusNotification",'
        '{{"connectorId":1,"errorCode":"NoError","status":"{}"}}]\n'
    )
    log = "".join(
        line.format(
            i // 3600,
            i // 60 % 60,
            i % 60,
            i % 50 if i < 500 else 0,
            i,
            ("Available", "Faulted")[i // 50 % 2],
        )
        for i in range(12_000)
    )
    stations = data_of(page_of(tmp_path, log))["stations"]
    assert len(stations) == 50
    assert all(len(one["connectors"][0]["states"]) == 10 for one in stations[1:])
    assert all(one["connectors"][0]["until"] is None for one in stations)


def test_where_states_are_left_out_the_page_knows_from_when(tmp_path: Path) -> None:
    line = (
        '2026-03-01 {:02}:{:02}:{:02},000 INFO [ocpp] CP1: receive message [2,"{}","StatusNotification",'
        '{{"connectorId":1,"errorCode":"NoError","status":"{}"}}]\n'
    )
    log = "".join(
        line.format(i // 3600, i // 60 % 60, i % 60, i, ("Available", "Faulted")[i % 2]) for i in range(6_000)
    )
    (station,) = data_of(page_of(tmp_path, log))["stations"]
    (connector,) = station["connectors"]
    assert len(connector["states"]) == 5_000
    assert connector["until"] == connector["states"][-1][0] + 1000 < station["last"]
