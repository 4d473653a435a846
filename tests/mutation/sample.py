"""Do the tests fail when what they promise is broken? A sample: each mutation breaks one thing in a copy.

    .venv/bin/python tests/mutation/sample.py
    .venv/bin/python tests/mutation/sample.py --only TXS-05
    .venv/bin/python tests/mutation/sample.py --only station/

The mutations are in the .toml files beside this one: a text that occurs once in a file, what stands there
instead, the tests that have to fail then, and the requirements that these tests claim. A mutation is killed
if at least one of its tests fails with it, or never ends; without any mutation all of them have to pass, and
none may be skipped, which is seen to first. The exit code is 1 if a mutation survives.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
NEEDED = ("src", "tests", "pyproject.toml", "examples", "README.md", "docs")
PATIENCE_S = 180


class Mutation(NamedTuple):
    file: str
    """Below src/voltline."""
    find: str
    replace: str
    tests: list[str]
    """Node ids below tests/."""
    requirements: list[str]


class Outcome(NamedTuple):
    mutation: Mutation
    verdict: str
    seconds: float


def mutations() -> list[Mutation]:
    files = sorted(HERE.glob("*.toml"))
    return [Mutation(**one) for file in files for one in tomllib.loads(file.read_text())["mutation"]]


def tree(folder: Path) -> Path:
    """A copy of what the tests need."""
    for name in NEEDED:
        source = PROJECT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("node_modules", "__pycache__", ".hypothesis")
            shutil.copytree(source, folder / name, ignore=ignored)
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


def mutate(folder: Path, mutation: Mutation) -> None:
    file = folder / "src" / "voltline" / mutation.file
    text = file.read_text()
    if text.count(mutation.find) != 1:
        raise SystemExit(f"{mutation.file}: {text.count(mutation.find)} times, not once: {mutation.find!r}")
    file.write_text(text.replace(mutation.find, mutation.replace))


def run(folder: Path, tests: list[str]) -> tuple[int, str]:
    """pytest's exit code, and the last line of what it says."""
    try:
        done = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "pytest",
                    "-q",
                    "-x",
                    "-p",
                    "no:cacheprovider",
                    "-k",
                    "not postgresql",
                ),
                *(f"tests/{test}" for test in tests),
            ],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return 1, f"no end in {PATIENCE_S} s"
    return done.returncode, (done.stdout.strip().splitlines() or [""])[-1]


def require_sound(chosen: list[Mutation]) -> None:
    """All of the tests pass while nothing is broken, or their failing proves nothing."""
    with tempfile.TemporaryDirectory(prefix="voltline-mutation-") as name:
        code, said = run(tree(Path(name)), sorted({test for one in chosen for test in one.tests}))
    if code != 0 or "skipped" in said:
        raise SystemExit(f"without any mutation: {said}")
    print(f"without any mutation: {said}")


def tried(mutation: Mutation) -> Outcome:
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="voltline-mutation-") as name:
        folder = tree(Path(name))
        mutate(folder, mutation)
        code, said = run(folder, mutation.tests)
    verdict = {0: "SURVIVED", 1: "killed"}.get(code, f"UNUSABLE: {said}")
    return Outcome(mutation, verdict, perf_counter() - began)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", help="only those of this requirement, or of such files")
    parser.add_argument("--at-once", type=int, default=2, help="how many at a time (2)")
    options = parser.parse_args()
    only = options.only
    chosen = [one for one in mutations() if not only or only in one.file or only in one.requirements]
    require_sound(chosen)
    survivors = 0
    print(f"{'requirements':28} {'verdict':9} {'s':>5}  file: mutation")
    with ThreadPoolExecutor(options.at_once) as pool:
        for mutation, verdict, seconds in pool.map(tried, chosen):
            survivors += verdict != "killed"
            what = " ".join(mutation.find.split())[:70]
            print(f"{' '.join(mutation.requirements):28} {verdict:9} {seconds:5.1f}  {mutation.file}: {what}")
            sys.stdout.flush()
    print(f"{len(chosen) - survivors} of {len(chosen)} mutations killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
