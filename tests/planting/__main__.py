"""Plants every fault, one at a time, and prints what is found of it: `python -m tests.planting`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.planting.days import planting_ground
from tests.planting.faults import FAULTS
from tests.planting.planted import found_in, outcome

wanted = sys.argv[1:]
clean = planting_ground()
with TemporaryDirectory() as folder:
    file = Path(folder) / "planted.log"
    usual = found_in(clean, file)
    print(f"{len(clean)} lines, {sum(line.action == 'StartTransaction' for line in clean)} sessions")
    print("| detector | planted | in line | found as | found beside it |")
    print("|---|---|---|---|---|")
    for fault in sorted(FAULTS, key=lambda one: one.detector):
        if wanted and fault.detector not in wanted:
            continue
        try:
            line, hits, others = outcome(fault, clean, usual, file)
        except (LookupError, StopIteration) as error:
            print(f"| {fault.detector} | {fault.name} | no place: {error!r} |")
            continue
        severity = ", ".join(sorted({str(one.severity) for one in hits})) or "NOT FOUND"
        beside = ", ".join(f"{one.detector} {one.title} ({one.count})" for one in others)
        print(f"| {fault.detector} | {fault.name} | {line} | {severity} | {beside} |")
