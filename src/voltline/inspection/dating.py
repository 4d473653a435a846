"""The zone, the year and the date of a log's own times, from the times that its frames carry."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from voltline.inspection.records import NO_DATE, NO_YEAR, Record, RecordKind
from voltline.inspection.whole_minutes import WholeMinutes
from voltline.wire.frame_types import CallFrame

__all__ = ["LogClock"]

QUARTER: Final = timedelta(minutes=15)
WIDEST_ZONE: Final = timedelta(hours=14)
HALF_A_QUARTER: Final = QUARTER / 2
CHANGES_AFTER: Final = 3
"""So many answers in a row with another zone: the clocks were changed."""
NEW_YEAR: Final = timedelta(days=300)
"""Back by more than this, with no year in the log: a new year has begun."""
MIDNIGHT: Final = timedelta(hours=2)
"""Back by more than this, with no dates in the log: midnight has passed."""
BACK_OVER_MIDNIGHT: Final = timedelta(hours=23)
"""On by more than this: the line is late, of the day before."""

# What the central system says it is, and when a charge point says something was.
_CURRENT_TIME = re.compile(r'"currentTime"\s*:\s*"([^"]{10,40})"')
_TIMESTAMP = re.compile(r'"timestamp"\s*:\s*"([^"]{10,40})"')

_ZERO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NAIVE_ZERO: Final = _ZERO.replace(tzinfo=None)

Told = tuple[str, float, str]
"""A sentence, its confidence, and what it is about: `zone`, `year` or `date`."""


class LogClock:
    """Gives naive times of one log their zone, and times without a year or a date theirs."""

    def __init__(self) -> None:
        self._naive_zero = _NAIVE_ZERO
        """What the log's clocks showed at `_ZERO`."""
        self._quarters = 0
        self._others: list[int] = []
        self._year: int | None = None
        self._last: datetime | None = None
        """The latest time of a log without years, with its year."""
        self._has_votes = False
        self._first_day = date(NO_YEAR, 1, 1)
        """Of a log without dates."""
        self._latest: datetime | None = None
        """The last time of a log in which some have no date, with its date."""
        self._lacks_dates = False
        self._swaps = False
        """Whether days up to the 12th are months, and their months days."""
        self._minutes = WholeMinutes()

    def decide(self, ahead: list[Record]) -> Iterator[Told]:
        """Vote over the first records. What was concluded, if anything had to be."""
        timed = [record for record in ahead if record.at is not None]
        self._lacks_dates = any(_is_dateless(record.at) for record in timed if record.at is not None)
        if self._lacks_dates:
            yield self._decide_date(timed)
        if any(_is_yearless(record.at) for record in timed if record.at is not None):
            yield self._decide_year(timed)
        if any(record.at is not None and record.at.tzinfo is None for record in timed):
            yield self._decide_zone(timed)

    def _decide_date(self, timed: list[Record]) -> Told:
        dated = [record.at for record in timed if record.at is not None and not _is_dateless(record.at)]
        if dated:
            self._first_day = dated[0].date()
            return "Times without a date are taken to be of the day of the line before.", 0.5, "date"
        for pattern in (_CURRENT_TIME, _TIMESTAMP):
            votes: Counter[date] = Counter()
            for record in timed:
                assert record.at is not None
                lacks = _is_dateless(record.at)
                at = self._with_date(record.at)
                told = _told_time(record, pattern)
                if told is not None and lacks:
                    votes[_nearest_day(at, told) - (at.date() - self._first_day)] += 1
            self._latest = None
            if votes:
                self._first_day, count = votes.most_common(1)[0]
                what = "answers of the central system" if pattern is _CURRENT_TIME else "charge point's times"
                text = (
                    f"The log has no dates; it begins on {self._first_day} by the {what} ({votes.total()})."
                )
                return text, round(count / (votes.total() + 1), 2), "date"
        return (
            "The log has no dates, and no frame tells one: its first day is shown as 1 January.",
            0.0,
            "date",
        )

    def _decide_year(self, timed: list[Record]) -> Told:
        votes: Counter[int] = Counter()
        for pattern in (_CURRENT_TIME, _TIMESTAMP):
            year_at_start: int | None = None
            for record in timed:
                assert record.at is not None
                told = _told_time(record, pattern)
                if told is not None and _is_yearless(record.at):
                    votes[_nearest_year(record.at, told)] += 1
            if votes:
                year_at_start = min(year for year, count in votes.items() if count * 5 >= votes.total())
                self._year = year_at_start
                what = "answers of the central system" if pattern is _CURRENT_TIME else "charge point's times"
                text = f"The log has no years; it begins in {year_at_start} by the {what} ({votes.total()})."
                return text, round(votes[year_at_start] / (votes.total() + 1), 2), "year"
        return "The log has no years, and no frame tells one: its dates are shown as of 1904.", 0.0, "year"

    def _decide_zone(self, timed: list[Record]) -> Told:
        year, last = self._year, self._last
        votes: Counter[int] = Counter()
        swapped: Counter[int] = Counter()
        for pattern in (_CURRENT_TIME, _TIMESTAMP):
            counted: set[datetime] = set()
            for record in timed:
                assert record.at is not None
                told = _told_time(record, pattern)
                if told is None or record.at.tzinfo is not None:
                    continue
                at = self._completed(record.at)
                if told in counted:
                    continue  # a state that is reported anew bears the time since when it has lasted
                counted.add(told)
                quarters = _quarters(at.replace(tzinfo=UTC) - told)
                if quarters is not None:
                    votes[quarters] += 1
                elif at.day <= 12:
                    quarters = _quarters(_swapped(at).replace(tzinfo=UTC) - told)
                    if quarters is not None:
                        swapped[quarters] += 1
            self._year, self._last, self._latest = year, last, None
            # Old frames that a charge point sends late may fit by chance; answers are of now.
            if swapped.total() > votes.total() + (0 if pattern is _CURRENT_TIME else 2):
                self._swaps, votes = True, swapped
            if votes:
                break
        if not votes:
            return "The log's times have no zone, and nothing tells it: they are taken for UTC.", 0.0, "zone"
        self._has_votes = True
        self._quarters, count = votes.most_common(1)[0]
        self._naive_zero = _NAIVE_ZERO + self._quarters * QUARTER
        text = (
            f"The log's times are {_name(self._quarters)}: {count} of {votes.total()} times in frames say so."
        )
        if self._swaps:
            text += " Its days stand where its months were looked for."
        return text, round(count / (votes.total() + 1), 2), "zone"

    def settle(self, record: Record, at: datetime) -> Told | None:
        """Make the time `at` of a record one in UTC with its year. Tells where the zone changes."""
        try:
            if self._lacks_dates or at.year <= NO_YEAR:
                at = self._completed(at)
            if at.tzinfo is not None:
                record.at = at.astimezone(UTC)
                return None
            if self._swaps and at.day <= 12:
                at = _swapped(at)
            if at.fold:
                at = self._minutes.placed(record, at)
            told = None
            # Only answers tell the time; a CALL, the longer kind, need not be searched.
            if (
                type(record.frame) is not CallFrame
                and '"currentTime"' in record.text
                and self._has_votes
                and not record.text.startswith("[2")
            ):
                told = self._watch(record, at)
            # Counted from naught: a tenth of the time that replace takes.
            record.at = _ZERO + (at - self._naive_zero)
        except OverflowError:  # a year that no zone can be applied to
            record.at = None
            return None
        return told

    def _watch(self, record: Record, at: datetime) -> Told | None:
        """Whether an answer says that the log's zone has changed; `at` is the log's time."""
        found = None if record.kind is not RecordKind.FRAME else _CURRENT_TIME.search(record.text)
        told = None if found is None else _aware_time(found[1])
        if told is None:
            return None
        if -HALF_A_QUARTER < _ZERO + (at - self._naive_zero) - told < HALF_A_QUARTER:
            self._others.clear()
            return None
        quarters = _quarters(at.replace(tzinfo=UTC) - told)
        if quarters is None or quarters == self._quarters:
            self._others.clear()
            return None
        self._others.append(quarters)
        if len(self._others) < CHANGES_AFTER or len(set(self._others[-CHANGES_AFTER:])) > 1:
            return None
        before = _name(self._quarters)
        self._quarters = quarters
        self._naive_zero = _NAIVE_ZERO + quarters * QUARTER
        self._others.clear()
        return f"The log's times change from {before} to {_name(quarters)} here.", 0.75, "zone"

    def _completed(self, at: datetime) -> datetime:
        """A time with whatever its log does not say."""
        if self._lacks_dates:
            at = self._with_date(at)
        return self._with_year(at)

    def _with_date(self, at: datetime) -> datetime:
        last = self._latest
        if _is_dateless(at):
            day = self._first_day if last is None else last.date()
            dated = datetime.combine(day, at.time())
            if last is not None and last - dated > MIDNIGHT:
                dated += timedelta(days=1)
            elif last is not None and dated - last > BACK_OVER_MIDNIGHT:
                return dated - timedelta(days=1)
            at = dated
        self._latest = at.replace(tzinfo=None)
        return at

    def _with_year(self, at: datetime) -> datetime:
        if at.year > NO_YEAR:
            return at
        year = self._year or NO_YEAR
        dated = _dated(at, year)
        last = self._last
        if last is not None and self._year is not None:
            if last - dated > NEW_YEAR:
                self._year = year + 1
            elif dated - last > NEW_YEAR:
                self._year = year - 1
            dated = _dated(at, self._year)
        self._last = dated
        return dated


def _is_yearless(at: datetime) -> bool:
    return at.year <= NO_YEAR and not _is_dateless(at)


def _is_dateless(at: datetime) -> bool:
    return at.year == NO_DATE.year


def _swapped(at: datetime) -> datetime:
    """The other reading of a date whose day may be its month; `at.day` is at most 12."""
    return at.replace(month=at.day, day=at.month)


def _nearest_day(at: datetime, told: datetime) -> date:
    """The day that brings a time of day of an unknown zone next to a known time."""
    days = [told.date() + timedelta(days=n) for n in (-1, 0, 1)]
    naive = told.replace(tzinfo=None)
    return min(days, key=lambda day: abs(datetime.combine(day, at.time()) - naive))


def _dated(at: datetime, year: int) -> datetime:
    try:
        return at.replace(year=year)
    except ValueError:  # the 29th of February of a year that has none
        return at.replace(year=year, month=3, day=1)


def _nearest_year(at: datetime, told: datetime) -> int:
    naive = told.replace(tzinfo=at.tzinfo)
    years = (told.year - 1, told.year, told.year + 1)
    return min(years, key=lambda year: abs(_dated(at, year) - naive))


def _quarters(apart: timedelta) -> int | None:
    """The zone that explains the distance, in quarters of an hour; None if none does."""
    quarters = round(apart / QUARTER)
    if abs(apart) > WIDEST_ZONE or abs(apart - quarters * QUARTER) > timedelta(minutes=5):
        return None
    return quarters


def _told_time(record: Record, pattern: re.Pattern[str]) -> datetime | None:
    """The first aware and believable time of that name in a frame."""
    if record.kind is not RecordKind.FRAME:
        return None
    found = pattern.search(record.text)
    if found is None:
        return None
    told = _aware_time(found[1])
    return None if told is None else told.astimezone(UTC)


def _aware_time(text: str) -> datetime | None:
    """The time that a text is, if it has a zone and is believable."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return told if told.tzinfo is not None and 2009 < told.year < 9999 else None


def _name(quarters: int) -> str:
    if not quarters:
        return "UTC"
    hours, rest = divmod(abs(quarters) * 15, 60)
    return f"UTC{'+' if quarters > 0 else '-'}{hours:02}:{rest:02}"
