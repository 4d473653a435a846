"""What a composite schedule costs: 20 profiles of 24 periods over 24 hours, and the limit of this moment.

    .venv/bin/python benchmarks/composite_schedule.py

Three ways in which profiles lie over each other: `stacked`, each covers the day and the highest hides the
others; `staggered`, each is over half an hour before the one below it; `interleaved`, a slice of the day to
each, so that all 480 periods are seen. `schedule` is with the profiles ready for questions, as a charge point
has them; `at once` makes them ready too, as whoever asks once. The second-by-second reading of the rules, by
which the tests judge the engine, is timed beside it for ten minutes of the day, and told for all of it.

There is no peer in Python to time: mobilityhouse/ocpp, the peer of the other benchmarks, has messages and no
schedules. Those that compute one are of other worlds, and this script needs no compiler: EVerest's libocpp
(C++), OpenOCPP (C++), ocpp-kit (Rust). SteVe (Java) sends profiles and computes none.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import msgspec
from tests.conformance.schedule_reading import Profile, Station, Transaction

from voltline.messages import ChargingProfile, ChargingRateUnit
from voltline.smart_charging.limits import Supply
from voltline.smart_charging.plan import Installed
from voltline.smart_charging.schedule import Feed, connector_schedule
from voltline.smart_charging.stack import Session, Stack

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY_S = 86_400
PROFILES = 20, 24
RECURRING = {"chargingProfileKind": "Recurring", "recurrencyKind": "Daily"}


def profiles(way: str) -> list[dict[str, Any]]:
    """As they are sent; TxDefaultProfiles on connector 1, of one day that recurs."""
    count, periods = PROFILES
    found = []
    for level in range(count):
        start, length = NOON - timedelta(days=3), DAY_S
        step = DAY_S // periods
        if way == "staggered":
            length = DAY_S - 1800 * level
        elif way == "interleaved":
            length, step = DAY_S // count, DAY_S // count // periods
            start += timedelta(seconds=length * level)
        found.append(
            {
                "chargingProfileId": level,
                "stackLevel": level,
                "chargingProfilePurpose": "TxDefaultProfile",
                **RECURRING,
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "startSchedule": start.isoformat(),
                    "duration": length,
                    "chargingSchedulePeriod": [
                        {"startPeriod": step * number, "limit": 6.0 + (number * 7 + level * 3) % 26}
                        for number in range(periods)
                    ],
                },
            }
        )
    return found


def timed(what: Callable[[], Any], seconds: float = 1.0) -> float:
    """The median of one call, in seconds."""
    what()
    took = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(took) < 3:
        began = time.perf_counter()
        what()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each figure")
    seconds = parser.parse_args().seconds
    print(
        f"{'profiles':<12} {'periods':>8} {'schedule':>10} {'at once':>10} {'now':>9} {'plain reading':>14}"
    )
    for way in ("stacked", "staggered", "interleaved"):
        sent = profiles(way)
        installed = [Installed(1, msgspec.convert(one, ChargingProfile), NOON) for one in sent]
        stack, session = Stack(installed), Session(None, 1, NOON - timedelta(minutes=10))
        feed = Feed(Supply(), 32.0, session)

        def schedule(stack: Stack = stack, feed: Feed = feed) -> Any:
            return connector_schedule(stack, NOON, DAY_S, ChargingRateUnit.A, feed)

        whole = timed(schedule, seconds)
        built = timed(lambda made=installed, feed=feed: schedule(Stack(made), feed), seconds)
        now = timed(lambda stack=stack, session=session: stack.of_transaction(NOON, session), seconds)
        station = Station(3, 230, False, 32.0, 20, 20, 24, {"A", "W"})
        station.transactions[1] = Transaction(1, 1, session.started_at)
        station.profiles = [Profile(1, NOON, one, None) for one in sent]
        plain = timed(lambda station=station: station.schedule(1, NOON, 600, "A", 1), seconds) * DAY_S / 600
        count = len(schedule().charging_schedule_period)
        print(
            f"{way:<12} {count:>8} {whole * 1e3:>7.2f} ms {built * 1e3:>7.2f} ms {now * 1e6:>6.1f} us"
            f" {plain:>12.1f} s"
        )


if __name__ == "__main__":
    main()
