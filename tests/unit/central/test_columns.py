"""Instants and texts as databases keep them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from voltline.central.storage.columns import Instant, instant_text, storable_text, utc

offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(timezones=st.one_of(st.just(UTC), offsets))


@given(instants)
def test_instant_survives_to_the_microsecond(at: datetime) -> None:
    text = instant_text(at)
    assert len(text) == 27
    assert datetime.fromisoformat(text) == utc(at)


@given(instants, instants)
def test_text_of_instants_sorts_as_time_does(one: datetime, two: datetime) -> None:
    assert (instant_text(one) < instant_text(two)) == (utc(one) < utc(two))


def test_instant_beyond_the_calendar_keeps_its_wall_clock() -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert instant_text(first) == "0001-01-01T00:00:00.000000Z"


def test_column_reads_back_what_it_wrote() -> None:
    column, dialect = Instant(), sqlite.dialect()
    at = datetime(2024, 5, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    text = column.process_bind_param(at, dialect)
    assert text == "2024-05-01T12:00:00.000000Z"
    read = column.process_result_value(text, dialect)
    assert read == at
    assert read is not None
    assert read.tzinfo is UTC
    assert column.process_bind_param(None, dialect) is None


@pytest.mark.parametrize("text", ["", "plain", "Zähler 😀", "tab\tline\n"])
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert storable_text(text) == text


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_any_text_becomes_storable(text: str) -> None:
    stored = storable_text(text)
    assert "\x00" not in stored
    stored.encode()
