"""Hold the engine of charging profiles against the plain reading of the rules, on many random cases.

    .venv/bin/python tests/conformance/composite_oracle.py --cases 100000

Cases are made by hypothesis and shrunk to the smallest one that differs. Prints what was compared; exits with
1 where an answer, a period or a second differed.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.conformance.schedule_cases import CONNECTORS, Case, cases, check


def run(share: tuple[int, int]) -> Counter[str]:
    """So many cases from this seed. Raises AssertionError with the smallest case that differs."""
    count, number = share
    seen: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases())
    def compare(case: Case) -> None:
        check(case)
        seen["cases"] += 1
        seen["profiles sent"] += sum(what == "set" for what, _, _ in case.acts)
        seen["profiles left"] += len(case.station.profiles)
        seen["seconds read"] += case.duration * (2 * (CONNECTORS + 1) + CONNECTORS)

    compare()
    return seen


def main() -> int:
    """Share the cases out over the processors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="another one makes other cases")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args()
    began = time.monotonic()
    each = 2_500  # hypothesis slows down over very long runs
    left, shares = options.cases, []
    while left > 0:
        shares.append((min(each, left), options.seed * 1_000_000 + len(shares)))
        left -= each
    total: Counter[str] = Counter()
    try:
        with multiprocessing.Pool(options.processes) as pool:
            for seen in pool.imap_unordered(run, shares):
                total += seen
                print(f"{total['cases']:>9,} of {options.cases:,} cases agree", flush=True)
    except AssertionError as difference:
        print(f"differs: {difference}")
        for note in getattr(difference, "__notes__", ()):
            print(note)
        return 1
    figures = ", ".join(f"{count:,} {name}" for name, count in total.items())
    print(f"{figures}; no difference; {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
