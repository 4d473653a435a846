"""What a log does not say is concluded from what it does, and told with its confidence."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from voltline.inspection.inference import LOOK_AHEAD, Settler, Subject
from voltline.inspection.records import NO_YEAR, Damage, Direction, Record

CP, CS, NONE = Direction.FROM_STATION, Direction.FROM_CENTRAL, Direction.UNKNOWN


def frames(*texts: str, **more: Any) -> list[Record]:
    return [Record("a.log", number, text, **more) for number, text in enumerate(texts, 1)]


def settled(records: Iterable[Record]) -> tuple[list[Record], Settler]:
    settler = Settler()
    out = [one for record in records for one in settler.feed(record)]
    return [*out, *settler.end()], settler


def subjects(settler: Settler) -> list[Subject]:
    return [one.subject for one in settler.inferences]


BOOT = '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
BOOT_CONF = '[3,"1",{"currentTime":"2026-03-01T08:00:00Z","interval":60,"status":"Accepted"}]'
RESET = '[2,"2","Reset",{"type":"Soft"}]'
RESET_CONF = '[3,"2",{"status":"Accepted"}]'


def test_bare_frames_get_their_direction_from_their_action_and_answers_from_their_call() -> None:
    out, settler = settled(frames(BOOT, BOOT_CONF, RESET, RESET_CONF))
    assert [one.direction for one in out] == [CP, CS, CS, CP]
    assert Subject.DIRECTION in subjects(settler)


def test_calls_of_both_sides_that_cross_with_one_id_get_each_its_answer() -> None:
    trigger = '[2,"1","TriggerMessage",{"requestedMessage":"Heartbeat"}]'
    heartbeat = '[2,"1","Heartbeat",{}]'
    clock, accepted = '[3,"1",{"currentTime":"2026-03-01T08:00:00Z"}]', '[3,"1",{"status":"Accepted"}]'
    out, _ = settled(frames(trigger, heartbeat, clock, accepted, heartbeat, trigger, clock, accepted))
    assert [one.direction for one in out] == [CS, CP, CS, CP, CP, CS, CS, CP]


def test_sent_and_received_are_read_from_the_side_that_wrote_the_log() -> None:
    records = frames(BOOT, BOOT_CONF, RESET, RESET_CONF)
    for record, sent in zip(records, (True, False, False, True), strict=True):
        record.sent = sent
    out, settler = settled(records)
    assert [one.direction for one in out] == [CP, CS, CS, CP]
    assert "written by the charge point" in settler.inferences[0].text


def test_the_other_side_may_have_written_it() -> None:
    records = frames(BOOT, BOOT_CONF, RESET, RESET_CONF, '[2,"x","DataTransfer",{"vendorId":"v"}]')
    for record, sent in zip(records, (False, True, True, False, True), strict=True):
        record.sent = sent
    out, _ = settled(records)
    assert [one.direction for one in out] == [CP, CS, CS, CP, CS]


def test_marks_that_are_the_wrong_way_round_are_turned() -> None:
    records = frames(BOOT, BOOT_CONF, RESET, RESET_CONF, '[2,"3","Heartbeat",{}]')
    for record, direction in zip(records, (CS, CP, CP, CS, CS), strict=True):
        record.direction = direction
    out, settler = settled(records)
    assert [one.direction for one in out] == [CP, CS, CS, CP, CP]
    assert "wrong way round" in settler.inferences[0].text


def test_one_call_from_the_wrong_side_turns_nothing() -> None:
    records = frames(BOOT, BOOT_CONF, RESET)
    for record, direction in zip(records, (CP, CS, CP), strict=True):
        record.direction = direction
    out, settler = settled(records)
    assert [one.direction for one in out] == [CP, CS, CP]
    assert subjects(settler) == [Subject.STATION]


def test_the_zone_of_the_log_comes_from_the_times_in_answers() -> None:
    records = frames(BOOT, BOOT_CONF, at=datetime(2026, 3, 1, 9, 0, 1))  # noqa: DTZ001  # as a log has it
    out, settler = settled(records)
    assert [one.at for one in out] == [datetime(2026, 3, 1, 8, 0, 1, tzinfo=UTC)] * 2
    (zone,) = [one for one in settler.inferences if one.subject is Subject.ZONE]
    assert "UTC+01:00" in zone.text


def test_a_zone_that_nothing_tells_is_taken_for_utc_and_said_so() -> None:
    out, settler = settled(frames(RESET, at=datetime(2026, 3, 1, 9)))  # noqa: DTZ001
    assert out[0].at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert [one.confidence for one in settler.inferences if one.subject is Subject.ZONE] == [0.0]


def test_daylight_saving_changes_the_zone_in_mid_log() -> None:
    records = []
    for minute in range(600):
        utc = datetime(2026, 3, 28, 20, tzinfo=UTC) + timedelta(minutes=minute)
        local = utc + timedelta(hours=2 if utc >= datetime(2026, 3, 29, 1, tzinfo=UTC) else 1)
        text = f'[3,"{minute}",{{"currentTime":"{utc:%Y-%m-%dT%H:%M:%SZ}"}}]'
        records.append(Record("a.log", minute + 1, text, at=local.replace(tzinfo=None)))
    out, settler = settled(records)
    wrong = [
        n
        for n, one in enumerate(out)
        if one.at != datetime(2026, 3, 28, 20, tzinfo=UTC) + timedelta(minutes=n)
    ]
    assert len(wrong) <= 2
    assert any("change from UTC+01:00 to UTC+02:00" in one.text for one in settler.inferences)


def test_the_year_comes_from_answers_and_the_next_one_begins_in_january() -> None:
    records = [
        Record("a.log", 1, BOOT, at=datetime(NO_YEAR, 12, 31, 23, 59, 58)),  # noqa: DTZ001
        Record(
            "a.log",
            2,
            '[3,"1",{"currentTime":"2025-12-31T23:59:59Z","interval":60,"status":"Accepted"}]',
            at=datetime(NO_YEAR, 12, 31, 23, 59, 59),  # noqa: DTZ001
        ),
        Record("a.log", 3, '[2,"2","Heartbeat",{}]', at=datetime(NO_YEAR, 1, 1, 0, 0, 30)),  # noqa: DTZ001
    ]
    out, settler = settled(records)
    assert [one.at.year for one in out if one.at is not None] == [2025, 2025, 2026]
    assert Subject.YEAR in subjects(settler)


def test_a_clock_that_is_reset_is_no_new_year() -> None:
    records = [
        Record("a.log", 1, BOOT, at=datetime(NO_YEAR, 3, 5)),  # noqa: DTZ001
        Record("a.log", 2, BOOT_CONF, at=datetime(NO_YEAR, 3, 1, 8)),  # noqa: DTZ001
        Record("a.log", 3, RESET, at=datetime(NO_YEAR, 1, 1)),  # noqa: DTZ001
    ]
    out, _ = settled(records)
    assert [one.at.year for one in out if one.at is not None] == [2026, 2026, 2026]


def test_lines_without_a_name_belong_to_the_only_charge_point_that_is_named() -> None:
    records = frames(BOOT, BOOT_CONF, RESET)
    records[0].station = "CP1"
    out, _ = settled(records)
    assert {one.station for one in out} == {"CP1"}


def test_a_log_without_names_is_called_by_the_serial_number() -> None:
    boot = BOOT.replace('"M"', '"M","chargePointSerialNumber":"SN5"')
    out, settler = settled(frames(boot, BOOT_CONF))
    assert {one.station for one in out} == {"SN5"}
    assert subjects(settler).count(Subject.STATION) == 1


def test_a_truncated_frame_gives_way_to_its_whole_twin() -> None:
    cut = Record("a.log", 1, '[2,"1","Boot', damage=(Damage.TRUNCATED,), log_name="websockets", direction=CP)
    whole = Record("a.log", 2, BOOT, log_name="ocpp", direction=CP)
    out, settler = settled([cut, whole])
    assert [one.line for one in out] == [2]
    assert settler.repeated == 1


def test_a_truncated_frame_without_a_twin_is_kept_in_its_place() -> None:
    cut = Record("a.log", 1, '[2,"1","Boot', damage=(Damage.TRUNCATED,), log_name="websockets", direction=CP)
    others = [
        Record("a.log", n, RESET.replace('"2"', f'"{n}"'), log_name="ocpp", direction=CS)
        for n in range(2, 30)
    ]
    out, settler = settled([cut, *others])
    assert [one.line for one in out] == list(range(1, 30))
    assert settler.repeated == 0


def test_the_look_ahead_is_bounded() -> None:
    settler = Settler()
    given = 0
    for number in range(LOOK_AHEAD * 3):
        given += len(list(settler.feed(Record("a.log", number, '[2,"1","Heartbeat",{}]', station="A"))))
        assert number + 1 - given <= LOOK_AHEAD
    assert given == LOOK_AHEAD * 3
