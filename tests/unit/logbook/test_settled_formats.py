"""What forms of logs leave unsaid, or say oddly, comes out right: who sent a frame, when, to whom."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voltline.inspection.inference import Settler
from voltline.inspection.records import Direction, Record, RecordKind
from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import sources
from voltline.logbook.reading import read

FIXTURES = Path(__file__).parents[2] / "corpus" / "logs"
SIDES = {Direction.FROM_STATION: "station", Direction.FROM_CENTRAL: "central", Direction.UNKNOWN: "unknown"}
SIX = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)

# file: sender and seconds after six of each frame
SETTLED = {
    "f22_ocpp_go_in_evcc.txt": [("station", 0), ("central", 0)],
    "f25_times_of_day.txt": [("station", 0.25), ("central", 0.5), ("station", 61199.5),
                             ("central", 61200.25)],
    "f26_dates.txt": [("central" if second % 2 else "station", second) for second in range(10)],
    "f27_months_first.txt": [("station", 0), ("central", 1), ("station", 12 * 86400 + 2)],
    "f28_arrows_that_part.txt": [
        ("station", None), ("central", None), ("station", None), ("central", None), ("station", 3602),
        ("station", None), ("central", 3603),
    ],
    "f29_tags_and_dumps.txt": [
        ("station", 0), ("central", 0), ("central", 1), ("station", 2), ("central", 3),
    ],
    "f30_pairs.csv": [("station", 0), ("central", 1)],
    "f31_frames.json": [("station", None), ("central", None)],
    "f32_structured.jsonl": [
        ("station", 0), ("central", 1), ("station", 2.5), ("station", 3), ("central", 3), ("station", 4),
    ],
    "f35_compose.txt": [("station", 0), ("central", 1)],
    "f36_day_and_time.csv": [("station", 0), ("central", 1)],
    "f37_flags.jsonl": [("station", 0), ("central", 1)],
    "f38_german_and_soap.txt": [("station", 0), ("central", 1)],
    "f39_without_ids.csv": [("station", 0), ("central", 0), ("central", 5), ("station", 5)],
    # What is a minute after its CALL may be a moment after it.
    "f40_names_and_whole_minutes.txt": [
        ("station", 300), ("central", 300), ("station", 300), ("station", 300), ("central", 300),
        ("central", 300), ("station", 360), ("central", 360), ("station", 480), ("central", 600),
    ],
    "f33_other_languages.txt": [("station", 0), ("central", 1), ("station", None)],
}  # fmt: skip


def settled(path: Path) -> tuple[list[Record], Settler]:
    settler = Settler()
    (source,) = sources([path])
    given = [one for record in read(source, Coverage(source.name)) for one in settler.feed(record)]
    return [*given, *settler.end()], settler


def frames(path: Path) -> list[Record]:
    return [record for record in settled(path)[0] if record.kind is RecordKind.FRAME]


@pytest.mark.parametrize("name", SETTLED)
def test_each_frame_has_its_sender_and_its_time(name: str) -> None:
    told = [
        (SIDES[record.direction], None if record.at is None else (record.at - SIX).total_seconds())
        for record in frames(FIXTURES / name)
    ]
    assert told == SETTLED[name]


@pytest.mark.parametrize("name", ["f22_ocpp_go_in_evcc.txt", "f23_journal_cut.txt", "f30_pairs.csv",
                                  "f31_frames.json", "f32_structured.jsonl", "f35_compose.txt"])  # fmt: skip
def test_only_the_charge_point_that_is_named_is_found(name: str) -> None:
    assert {record.station for record in settled(FIXTURES / name)[0]} == {"DEPOT-7"}


def test_frames_of_two_python_loggers_are_known_as_told_twice() -> None:
    loggers = [record.log_name for record in frames(FIXTURES / "f24_websockets_plain.txt")]
    assert loggers == ["websockets.server", None, None, "websockets.protocol"]


def test_a_cut_frame_takes_no_later_line_with_it() -> None:
    texts = [(record.truncated, record.text[:7]) for record in frames(FIXTURES / "f23_journal_cut.txt")]
    assert texts == [(True, '[2,"s1"'), (False, '[3,"s1"'), (True, '[2,"d1"'), (False, '[3,"d1"')]


def test_a_tab_in_a_value_is_its_senders_unless_tabs_stand_for_commas_too(tmp_path: Path) -> None:
    mended, odd = frames(FIXTURES / "f34_steve_spreadsheet.txt")
    assert '"info":"door open"' in mended.text
    assert odd.text.startswith("[1,")
    log = tmp_path / "log"
    wrong = '[2,"1","DataTransfer",{"vendorId":"a\tb"}]'
    log.write_text(f"2026-03-01 07:00:00 RX {wrong}\n")
    (record,) = frames(log)
    assert (record.text, record.damage) == (wrong, ())


def test_a_call_that_is_no_json_has_its_sender_by_its_action(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('[2,"m1","MeterValues",{\n  "transactionId":,\n}]\n[4,"m1","FormationViolation","",{}]\n')
    assert [SIDES[record.direction] for record in frames(log)] == ["station", "central"]


def test_a_table_of_pairs_that_is_newest_first_is_turned_round_with_each_pair_in_order(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    heading, *rows = (FIXTURES / "f39_without_ids.csv").read_text().splitlines()
    answer = rows[0].replace("06:00:00Z,", "06:00:02Z,")
    log.write_text("\n".join([heading, rows[1], answer, rows[0]]))
    told = [(record.line, record.text[1]) for record in frames(log)]
    assert told == [(4, "2"), (4, "3"), (3, "2"), (3, "3"), (2, "2"), (2, "3")]


def test_charge_points_are_told_apart_by_their_topics(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = [
        f"ocpp/{name}/{way} {frame}\n"
        for number in range(4)
        for name in ("CP1", "CP2")
        for way, frame in (
            ("in", f'[2,"{number}","Authorize",{{"idTag":"{name}"}}]'),
            ("out", f'[3,"{number}",{{"idTagInfo":{{"status":"Accepted"}}}}]'),
        )
    ]
    log.write_text("".join(lines))
    assert [record.station for record in frames(log)] == ["CP1", "CP1", "CP2", "CP2"] * 4


def test_only_names_of_compose_are_taken_off(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('CP1 | [2,"1","Heartbeat",{}]\nCP10 | [2,"2","Heartbeat",{}]\n')
    assert len(frames(log)) == 2


def test_days_are_counted_where_a_log_has_only_times_of_day(tmp_path: Path) -> None:
    log = tmp_path / "log"
    clocks = ["22:00:00", "09:00:00", "08:59:59", "23:59:59", "00:00:01", "23:59:59", "00:00:02"]
    log.write_text("".join(f'{clock} RX [2,"{n}","Heartbeat",{{}}]\n' for n, clock in enumerate(clocks)))
    records, settler = settled(log)
    days = [record.at and (record.at.month, record.at.day) for record in records]
    # A line that is late is of the day before; one that is a second early is of the same day.
    assert days == [(1, 1), (1, 2), (1, 2), (1, 2), (1, 3), (1, 2), (1, 3)]
    assert any("no dates" in inference.text for inference in settler.inferences)


def test_a_time_that_no_zone_can_be_applied_to_is_none(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('9999-12-31 23:59:59-12:00 RX [3,"1",{"currentTime":"9999-12-31T23:59:59-12:00"}]\n')
    assert [record.at for record in frames(log)] == [None]


@pytest.mark.parametrize(
    "clock",
    [
        "2026-03-01T07:00:00.123456789+01:00[Europe/Berlin]", "2026-03-01 07:00:00 +0100 CET",
        "Sunday, 01 Mar 2026 06:00:00 GMT", "3/1/2026, 6:00:00 AM +00:00", "01-Mar-2026 06:00:00 UTC",
        "2026-03-01 - 06:00:00 Z", "[2026/03/01|06:00:00Z]",
    ],
)  # fmt: skip
def test_clocks_with_a_zone_are_read_wherever_they_were_set(tmp_path: Path, clock: str) -> None:
    log = tmp_path / "log"
    log.write_text(f'{clock} RX [2,"1","Heartbeat",{{}}]\n')
    (record,) = frames(log)
    assert record.at is not None
    assert record.at - SIX < timedelta(seconds=1)
