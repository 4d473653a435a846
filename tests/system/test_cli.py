"""The `voltline` command as a process: quick to help, whole when piped, quiet when interrupted."""

import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

VOLTLINE = Path(sys.executable).with_name("voltline")
SLOW_TO_IMPORT = {
    "aiohttp",
    "alembic",
    "asyncio",
    "litestar",
    "msgspec",
    "pydantic",
    "rich",
    "sqlalchemy",
    "uvicorn",
}


def voltline(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([VOLTLINE, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_help_comes_in_under_three_tenths_of_a_second() -> None:
    voltline("--help")  # once for the byte code
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        assert voltline("--help").returncode == 0
        seconds.append(time.perf_counter() - start)
    assert statistics.median(seconds) < 0.3


def test_help_imports_nothing_that_is_slow_to_import() -> None:
    program = (
        "import sys; from voltline.cli.main import run; code = run(['--help']); "
        "print('imported', *sorted({name.partition('.')[0] for name in sys.modules})); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    imported = set(ran.stdout.splitlines()[-1].split())
    assert "typer" in imported
    assert not imported & SLOW_TO_IMPORT


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    ran = subprocess.run(
        ["bash", "-c", f"'{VOLTLINE}' catalogue --json-schema | head -n 1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "{\n", "")


def test_output_without_a_terminal_has_no_colours_and_no_wrapping() -> None:
    page = voltline("catalogue", "StartTransaction").stdout
    assert "\x1b" not in page
    assert any(len(line) > 100 for line in page.splitlines())


@pytest.mark.parametrize("arguments", [["sevre"], ["catalogue", "--nonsense"], ["catalogue", "nonsense"]])
def test_a_wrong_call_is_answered_on_stderr_with_code_2(arguments: list[str]) -> None:
    ran = voltline(*arguments)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("voltline: ")
    assert "Traceback" not in ran.stderr


def test_an_interrupt_ends_it_without_a_word() -> None:
    program = (
        "import voltline.cli.main as main, typer\n"
        "def wait():\n    print('waiting', flush=True); import signal; signal.pause()\n"
        "app = typer.Typer(pretty_exceptions_enable=False); app.command()(wait)\n"
        "raise SystemExit(main.run([], app))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (130, "")
