"""Hold the engine of charging profiles against the plain reading of the rules, on many random cases.

    .venv/bin/python tests/conformance/composite_oracle.py --cases 100000

A case is a set of profiles that a charge point has come to by commands; whenever the set changes it is
compared anew. They are made by hypothesis and shrunk to the smallest that differs. Prints what was compared;
exits with 1 where an answer, a period or a second differed.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter, deque
from itertools import count, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.conformance.schedule_cases import Case, cases, check

EXAMPLES = 500
"""At a time: hypothesis slows down over long runs."""
SETS = "profile sets"


def run(share: tuple[int, int]) -> Counter[str]:
    """So many examples from this seed. Raises AssertionError with the smallest case that differs."""
    examples, number = share
    seen: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases())
    def compare(case: Case) -> None:
        seen.update(check(case))

    compare()
    return seen


def main() -> int:
    """Share the cases out over the processors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="another one makes other profiles")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args()
    began = time.monotonic()
    shares = ((EXAMPLES, options.seed * 1_000_000 + number) for number in count())
    total: Counter[str] = Counter()
    try:
        with multiprocessing.Pool(options.processes) as pool:
            running = deque(pool.apply_async(run, (share,)) for share in islice(shares, options.processes))
            while total[SETS] < options.cases:
                total += running.popleft().get()
                print(f"{total[SETS]:>9,} of {options.cases:,} profile sets agree", flush=True)
                running.append(pool.apply_async(run, (next(shares),)))
    except AssertionError as difference:
        print(f"differs: {difference}")
        for note in getattr(difference, "__notes__", ()):
            print(note)
        return 1
    figures = ", ".join(f"{number:,} {name}" for name, number in total.items())
    print(f"{figures}; no difference; {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
