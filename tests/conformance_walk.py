"""A million frames of charge points led by chance, each judged by the JSON schemas of OCPP 1.6.

    .venv/bin/python tests/conformance_walk.py --frames 1000000

The official schemas judge where they are at hand, our own elsewhere. The same --seed makes the same frames.
A frame that breaks a schema, or a core that breaks down, ends the run with exit code 1 and the seed of the
walk in which it happened. tests/property/test_generated_frames.py does the same in small.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

PROJECT = Path(__file__).resolve().parent.parent
STEPS = 150
"""Of one walk; then another station begins."""


def main() -> int:
    sys.path.insert(0, str(PROJECT))
    from tests.property.frame_walk import FrameWalk
    from tests.property.judge import Judge, official

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000, help="how many to make (1000000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first walk (0)")
    asked = parser.parse_args()
    judge = Judge()
    seed, began = asked.seed, perf_counter()
    while judge.frames < asked.frames:
        try:
            walk = FrameWalk(seed, judge)
            for _ in range(STEPS):
                walk.step()
        except Exception as fault:
            print(f"seed {seed}, after {judge.frames} frames: {type(fault).__name__}: {fault}")
            if not isinstance(fault, AssertionError):
                raise
            return 1
        seed += 1
    seconds = perf_counter() - began
    for what, count in sorted(judge.judged.items()):
        print(f"{count:>10} {what}")
    schemas = "the official schemas" if official() else "our own schemas"
    print(
        f"{judge.frames} frames of {seed - asked.seed} stations in {seconds:.0f} s, judged by {schemas}: "
        "no violation"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
