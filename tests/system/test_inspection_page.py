"""The page of an inspection in a real browser: it runs, complains of nothing, and shows what the log says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.browser import Chromium, Page
from tests.system.logs_to_inspect import BEGIN, delta_ac_max, flapping_connection, lost_transaction_id

from voltline.logbook.inspecting import inspect
from voltline.logbook.reports.as_html import html_report
from voltline.logbook.result import Result


@contextmanager
def shown(
    chromium: Chromium, folder: Path, log: str, *, name: str = "charger.log"
) -> Iterator[tuple[Page, Result]]:
    """The page, opened from a file; afterwards it must have loaded and complained of nothing."""
    (folder / name).write_text(log)
    result = inspect([folder / name], footage=True, processes=1)
    file = folder / "page.html"
    file.write_bytes(html_report(result))
    with chromium.page(file.as_uri()) as page:
        page.size(1400, 1000)
        page.wait_for("document.documentElement.dataset.ready === 'yes'")
        yield page, result
        assert page.complaints == []
        assert page.requests == [file.as_uri()]


def count(page: Page, selector: str) -> int:
    return int(page.value(f"document.querySelectorAll({selector!r}).length"))


def text(page: Page, selector: str) -> str:
    return str(page.value(f"document.querySelector({selector!r}).innerText"))


def stretch(page: Page) -> tuple[int, int]:
    """The begin and end of what the timeline shows, in ms."""
    page.settle()
    begin, end = page.value("(({begin, end}) => [begin, end])(document.getElementById('timeline').dataset)")
    return int(begin), int(end)


def canvas(page: Page, share_x: float = 0.5, share_y: float = 0.7) -> tuple[float, float]:
    """A place on the first picture, in the window."""
    box = page.value(
        "(() => { const c = document.querySelector('canvas'); c.scrollIntoView({block: 'center'});"
        " const b = c.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()"
    )
    return box[0] + box[2] * share_x, box[1] + box[3] * share_y


def colours(page: Page) -> dict[str, int]:
    """How many pixels of the first picture have each colour of a status, of the limit and the power."""
    script = """(() => {
      const c = document.querySelector('canvas');
      const all = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      const names = ['status-charging', 'status-suspendedevse', 'limit', 'power', 'offline', 'critical',
                     'error', 'warning'];
      const found = {};
      for (const name of names) {
        const hex = colour(name);
        const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
        found[name] = 0;
        for (let i = 0; i < all.length; i += 4) {
          if (all[i] === r && all[i + 1] === g && all[i + 2] === b && all[i + 3] === 255) found[name] += 1;
        }
      }
      return found;
    })()"""
    return dict(page.value(script))


@pytest.mark.parametrize("log", [delta_ac_max, lost_transaction_id, flapping_connection])
def test_the_page_counts_what_the_result_counts(
    log: Callable[[], str], chromium: Chromium, tmp_path: Path
) -> None:
    with shown(chromium, tmp_path, log()) as (page, result):
        assert count(page, "#findings article") == len(result.inspected.findings)
        assert count(page, "#sessions tbody tr") == len(result.inspected.sessions)
        assert count(page, "#frames tbody tr") == 200
        assert f"of {page.value('DATA.shots.length')} lines" in text(page, "#frames [role=status]")
        assert page.value("DATA.shots.length") >= result.frames
        assert f"{result.frames}\n" in text(page, ".tiles")
        for finding in result.inspected.findings:
            assert finding.title in text(page, "#findings")
            assert finding.next_step in text(page, "#findings")


def test_limits_of_next_to_nothing_and_a_schedule_too_long_are_seen(
    chromium: Chromium, tmp_path: Path
) -> None:
    with shown(chromium, tmp_path, delta_ac_max()) as (page, _):
        drawn = colours(page)
        for name in (
            "status-charging",
            "status-suspendedevse",
            "limit",
            "power",
            "offline",
            "error",
            "warning",
        ):
            assert drawn[name] > 20, (name, drawn)
        findings = text(page, "#findings")
        assert "G03 Schedule with too many periods" in findings
        assert "G01 Limit of next to nothing" in findings
        page.mouse("mouseMoved", *canvas(page, 0.32))
        assert "SuspendedEVSE" in text(page, ".tip")
        assert "0.1 A a phase" in text(page, ".tip")


def test_a_lost_transaction_id_is_told_where_it_happened(chromium: Chromium, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, lost_transaction_id()) as (page, result):
        assert "Lost transaction id" in text(page, ".lead")
        assert "no transaction id" in text(page, "#sessions tbody tr:nth-child(2)")
        assert colours(page)["critical"] > 50
        page.value("document.querySelector('#finding-0 .acts button').click()")
        begin, end = stretch(page)
        assert begin < page.value("DATA.findings[0].first") < page.value("DATA.findings[0].last") < end
        page.value("document.querySelector('#finding-0 .acts button:nth-child(2)').click()")
        assert '"transactionId": -1' in text(page, "#frames tr.chosen")
        (unanswered,) = [i for i, one in enumerate(result.inspected.findings) if one.detector == "R01"]
        page.value(f"document.querySelector('#finding-{unanswered} .acts button:nth-child(2)').click()")
        assert "StartTransaction" in text(page, "#frames tr.chosen")
        assert "no answer" in text(page, "#frames tr.chosen")


def test_a_flapping_connection_shows_every_gap(chromium: Chromium, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, flapping_connection()) as (page, _):
        assert page.value("DATA.stations[0].gaps.length") == 22
        assert colours(page)["offline"] > 22 * 5
        assert "22 gaps" in page.value("lanesOf(DATA.stations[0]).lanes.find((one) => one.right).right")
        assert "Connection keeps breaking" in text(page, "#findings")


def test_the_timeline_is_zoomed_and_moved_by_buttons_wheel_drag_and_keys(
    chromium: Chromium, tmp_path: Path
) -> None:
    with shown(chromium, tmp_path, delta_ac_max()) as (page, _):
        whole = stretch(page)
        page.value("document.querySelector('#timeline [title^=\"Zoom in\"]').click()")
        halved = stretch(page)
        assert halved[1] - halved[0] == pytest.approx((whole[1] - whole[0]) / 2, abs=2)
        page.value("document.querySelector('#timeline [title^=Show]').click()")
        assert stretch(page) == whole

        x, y = canvas(page)
        page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-100)
        assert stretch(page) == whole  # the wheel is the page's until the picture was clicked
        x, y = canvas(page)
        page.click(x, y)
        page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-300)
        zoomed = stretch(page)
        assert zoomed[1] - zoomed[0] < 0.6 * (whole[1] - whole[0])

        page.mouse("mousePressed", x, y, button="left", buttons=1)
        page.mouse("mouseMoved", x - 200, y, button="left", buttons=1)
        page.mouse("mouseReleased", x - 200, y, button="left")
        moved = stretch(page)
        assert moved[0] > zoomed[0]
        assert moved[1] - moved[0] == pytest.approx(zoomed[1] - zoomed[0], abs=2)

        page.key("ArrowLeft")
        assert stretch(page)[0] < moved[0]
        page.key("+")
        assert stretch(page)[1] - stretch(page)[0] < moved[1] - moved[0]
        page.key("0")
        assert stretch(page) == whole


def test_a_stretch_that_is_drawn_over_fills_the_width(chromium: Chromium, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, delta_ac_max()) as (page, _):
        whole = stretch(page)
        x, y = canvas(page, 0.25)
        other, _ = canvas(page, 0.5)
        page.mouse("mousePressed", x, y, button="left", buttons=1)
        page.mouse("mouseMoved", other, y, button="left", buttons=1)
        page.mouse("mouseReleased", other, y, button="left")
        begin, end = stretch(page)
        length = whole[1] - whole[0]
        assert begin == pytest.approx(whole[0] + length / 4, abs=length / 100)
        assert end == pytest.approx(whole[0] + length / 2, abs=length / 100)


def test_frames_are_found_by_words_action_and_direction(chromium: Chromium, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, lost_transaction_id()) as (page, _):
        page.value("(f => { f.search.value = 'bob authorize'; f.filter(); })(PAGE.frames)")
        assert count(page, "#frames tbody tr") == 1
        page.value(
            "(f => { f.search.value = ''; f.action.value = 'StopTransaction'; f.filter(); })(PAGE.frames)"
        )
        assert count(page, "#frames tbody tr") == 6
        page.value("(f => { f.side.value = '2'; f.filter(); })(PAGE.frames)")
        assert count(page, "#frames tbody tr") == 3
        page.value("(f => { f.action.value = f.side.value = ''; f.kind.value = 'unanswered'; })(PAGE.frames)")
        page.value("PAGE.frames.filter()")
        assert text(page, "#frames tbody tr .action") == "StartTransaction"
        page.value("document.querySelector('#frames .raw').click()")
        assert '\n    "idTag": "BOB",\n' in page.value("document.querySelector('#frames .raw').textContent")


def test_sessions_are_sorted_by_any_column(chromium: Chromium, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, lost_transaction_id()) as (page, _):
        tags = "[...document.querySelectorAll('#sessions tbody tr')].map(tr => tr.children[2].innerText)"
        assert page.value(tags) == ["ALICE", "BOB", "CAROL"]
        page.value("document.querySelectorAll('#sessions th button')[5].click()")
        assert page.value(tags) == ["ALICE", "BOB", "CAROL"]  # most energy first
        page.value("document.querySelectorAll('#sessions th button')[5].click()")
        assert page.value(tags) == ["CAROL", "BOB", "ALICE"]


def test_a_hostile_log_is_shown_as_text(chromium: Chromium, tmp_path: Path) -> None:
    evil = "</script><img src=x onerror=document.title='gone'>"
    line = '2026-03-01T08:00:{:02}Z recv CP1: [2,"{}","{}",{{"idTag":"{}","a":"\u202egnp\u2028"}}]\n'
    log = "".join(
        line.format(n, n, action, evil) for n, action in enumerate(("Authorize", evil, "Heartbeat"))
    )
    with shown(chromium, tmp_path, log, name="<b>&charger.log") as (page, _):
        page.value("for (const one of document.querySelectorAll('details')) one.open = true")
        page.value("for (const one of document.querySelectorAll('.raw')) one.click()")
        assert count(page, "img") == count(page, "h1 b") == 0
        assert page.value("document.title").startswith("<b>&charger.log")
        shown_text = page.value("document.querySelector('#frames').innerText")
        assert evil in shown_text
        assert "\\u202egnp\\u2028" in shown_text
        assert "\u202e" not in page.value("document.body.innerText")


def test_a_script_that_is_not_the_page_s_own_is_refused(chromium: Chromium, tmp_path: Path) -> None:
    (tmp_path / "charger.log").write_text(lost_transaction_id())
    page_bytes = html_report(inspect([tmp_path / "charger.log"], footage=True))
    file = tmp_path / "page.html"
    file.write_bytes(page_bytes.replace(b"<noscript>", b"<script>document.title = 'gone'</script><noscript>"))
    with chromium.page(file.as_uri()) as page:
        page.wait_for("document.documentElement.dataset.ready === 'yes'")
        assert page.value("document.title") != "gone"
        assert page.complaints


def test_a_phone_shows_the_page_without_scrolling_sideways(chromium: Chromium, tmp_path: Path) -> None:
    for log in (delta_ac_max, flapping_connection):
        with shown(chromium, tmp_path, log()) as (page, _):
            page.size(390, 844, phone=True)
            page.value("for (const one of document.querySelectorAll('details')) one.open = true")
            assert page.value("document.documentElement.scrollWidth") <= 390


def test_on_a_phone_fingers_zoom_move_and_ask(chromium: Chromium, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, delta_ac_max()) as (page, _):
        page.size(390, 844, phone=True)
        whole = stretch(page)
        x, y = canvas(page)
        page.touch("touchStart", (x - 30, y), (x + 30, y))
        for apart in (60, 90, 120):
            page.touch("touchMove", (x - apart, y), (x + apart, y))
        page.touch("touchEnd")
        zoomed = stretch(page)
        assert zoomed[1] - zoomed[0] == pytest.approx((whole[1] - whole[0]) / 4, rel=0.1)
        page.touch("touchStart", (x, y))
        for moved in (30, 60, 90):
            page.touch("touchMove", (x - moved, y))
        page.touch("touchEnd")
        assert stretch(page)[0] > zoomed[0]
        page.touch("touchStart", (x, y))
        page.touch("touchEnd")
        assert "Connector 1" in text(page, ".tip")


def test_in_the_dark_the_pictures_are_drawn_dark(chromium: Chromium, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, delta_ac_max()) as (page, _):
        bright = page.value("colour('surface')")
        page.size(1400, 1000, dark=True)
        page.settle()
        assert page.value("colour('surface')") != bright
        assert colours(page)["status-charging"] > 100


def test_a_log_without_times_says_that_there_is_nothing_to_draw(chromium: Chromium, tmp_path: Path) -> None:
    log = '[2,"1","Heartbeat",{}]\n[3,"1",{"currentTime":"2026-03-01T08:00:00Z"}]\n'
    with shown(chromium, tmp_path, log) as (page, _):
        assert "nothing to draw" in text(page, "#timeline")
        assert count(page, "#frames tbody tr") == 2


def test_a_page_of_a_hundred_thousand_frames_opens_and_stays_quick(
    chromium: Chromium, tmp_path: Path
) -> None:
    beat = '{} INFO [ocpp] CP{:02}: receive message [2,"{}","Heartbeat",{{}}]\n'
    stamp = f"{BEGIN:%Y-%m-%d} {{:02}}:{{:02}}:{{:02}},000"
    lines = (
        beat.format(stamp.format(i // 3600 % 24, i // 60 % 60, i % 60), i % 30, i) for i in range(100_000)
    )
    with shown(chromium, tmp_path, "".join(lines)) as (page, result):
        assert result.frames == 100_000
        loading: dict[str, Any] = page.value("performance.getEntriesByType('navigation')[0].toJSON()")
        assert loading["duration"] < 10_000  # 0.6 s on two idle cores; here others may be at work
        assert count(page, ".station") == 6
        page.value("PAGE.timeline.find('cp29')")
        assert text(page, ".station h3") == "CP29"
        assert "of 100,000 lines are in this page" in text(page, "#frames")
