"""New ids and times stand where the recorded ones stood; nothing else of a frame is touched."""

from datetime import timedelta

import pytest

from voltline.replay.mapping import Ids, moved_times, with_message_id


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[2,"old","Heartbeat",{}]', '[2,"new","Heartbeat",{}]'),
        ('[ 2 , "a\\"b" , "Heartbeat", { } ]', '[ 2 , "new" , "Heartbeat", { } ]'),
        ('[3,4711,{"x":"4711"}]', '[3,"new",{"x":"4711"}]'),
        ("no frame", "no frame"),
    ],
)
def test_a_frame_goes_under_another_id_and_is_otherwise_as_it_was_written(before: str, after: str) -> None:
    assert with_message_id(before, "new") == after


def test_a_message_id_that_was_used_again_is_used_again() -> None:
    ids = Ids()
    assert ids.message("1") == ids.message("1") != ids.message("2")
    assert Ids().message("1") != ids.message("1")  # or a central system would take it for a repeat


def test_transactions_have_the_ids_of_this_central_system_once_they_have_begun() -> None:
    ids = Ids()
    frame = '{"transactionId": 17,"connectorId":17}'
    assert ids.transactions(frame) == frame
    ids.transaction_began(17, 4)
    assert ids.transactions(frame) == '{"transactionId": 4,"connectorId":17}'
    assert ids.transactions('{"transactionId":"17"}') == '{"transactionId":"4"}'
    assert ids.transactions('{"transactionId":18}') == '{"transactionId":18}'


def test_minus_one_is_no_transaction_and_stays() -> None:
    ids = Ids()
    ids.transaction_began(-1, 4)
    ids.transaction_began(0, 5)
    assert ids.transactions('{"transactionId":-1}') == '{"transactionId":-1}'
    assert ids.transactions('{"transactionId":0}') == '{"transactionId":0}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"2024-02-28T23:59:59Z"', '"2024-02-29T00:00:04Z"'),
        ('"2024-01-01T00:00:00.5+02:00"', '"2024-01-01T00:00:05.7+02:00"'),
        ('"2024-01-01T00:00:00.123456789Z"', '"2024-01-01T00:00:05.373456000Z"'),
        ('"2024-01-01 00:00:00"', '"2024-01-01 00:00:05"'),
        ('"2022-02-29T25:00:00Z"', '"2022-02-29T25:00:00Z"'),
        ('"since 2024-01-01T00:00:00Z"', '"since 2024-01-01T00:00:00Z"'),
        ('"9999-12-31T23:59:59Z"', '"9999-12-31T23:59:59Z"'),
    ],
)
def test_times_move_in_the_form_in_which_they_were_written(before: str, after: str) -> None:
    assert moved_times(f'{{"timestamp":{before}}}', timedelta(seconds=5.25)) == f'{{"timestamp":{after}}}'
