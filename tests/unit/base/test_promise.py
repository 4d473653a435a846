"""A promise tells its one listener, at once, and never stops the one who keeps it."""

import logging

import pytest

from voltline.base.promise import Promise


def test_the_listener_is_told_at_once_whether_it_came_before_or_after() -> None:
    told: list[int] = []
    early, late = Promise[int](), Promise[int]()
    early.add_done_callback(lambda promise: told.append(promise.result()))
    early.set_result(1)
    late.set_result(2)
    late.add_done_callback(lambda promise: told.append(promise.result()))
    assert told == [1, 2]


def test_a_failure_is_what_the_listener_finds() -> None:
    promise = Promise[int]()
    promise.set_exception(KeyError("x"))
    assert promise.done()
    assert isinstance(promise.exception(), KeyError)
    with pytest.raises(KeyError):
        promise.result()


def test_cancelling_counts_once_and_not_after_the_result() -> None:
    promise, kept = Promise[int](), Promise[int]()
    told: list[bool] = []
    promise.add_done_callback(lambda one: told.append(one.cancelled()))
    assert promise.cancel()
    assert not promise.cancel()
    kept.set_result(1)
    assert not kept.cancel()
    assert told == [True]


def test_a_second_listener_and_a_second_result_are_mistakes() -> None:
    promise = Promise[int]()
    promise.add_done_callback(lambda _: None)
    with pytest.raises(RuntimeError, match="listener"):
        promise.add_done_callback(lambda _: None)
    promise.set_result(1)
    with pytest.raises(RuntimeError, match="kept before"):
        promise.set_result(2)


def test_a_listener_that_fails_does_not_stop_the_one_who_keeps_the_promise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    promise = Promise[int]()
    promise.add_done_callback(lambda _: 1 / 0)
    with caplog.at_level(logging.CRITICAL, "voltline.base.promise"):
        promise.set_result(1)
    assert promise.done()
