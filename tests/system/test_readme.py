"""What README and docs promise holds: their code runs, is typed, and their links lead somewhere."""

import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from voltline.cli.main import COMMANDS, run

PROJECT = Path(__file__).resolve().parents[2]
README = PROJECT / "README.md"
PAGES = [README, PROJECT / "CONTRIBUTING.md", PROJECT / "CHANGELOG.md", *sorted(PROJECT.glob("docs/**/*.md"))]


def programs(port: int) -> tuple[str, str]:
    """README's central system and charge point, on another port."""
    central, charge_point = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    return central.replace("9000", str(port)), charge_point.replace("9000", str(port))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_listening(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while True:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the central system ended"
        assert time.monotonic() < deadline, "the central system does not listen"
        time.sleep(0.02)


def test_the_central_system_and_the_charge_point_of_the_readme_understand_each_other() -> None:
    port = free_port()
    central, charge_point = programs(port)
    with subprocess.Popen(
        [sys.executable, "-u", "-c", central], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            wait_until_listening(port, server)
            station = subprocess.run(
                [sys.executable, "-c", charge_point], capture_output=True, text=True, timeout=60, check=False
            )
            assert (station.returncode, station.stderr) == (0, "")
            assert station.stdout == "Accepted, a heartbeat every 300 s\n"
            assert server.stdout is not None
            said = [server.stdout.readline(), server.stdout.readline()]
            assert said == ["CP1 is made by Example: Twin\n", "CP1: NumberOfConnectors = 2\n"]
        finally:
            server.terminate()


def test_the_programs_of_the_readme_are_typed_and_short(tmp_path: Path) -> None:
    for name, program in zip(("central_system.py", "charge_point.py"), programs(9000), strict=True):
        (tmp_path / name).write_text(program)
        assert len([line for line in program.splitlines() if line.strip()]) <= 25
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=PROJECT,
    )
    assert mypy.returncode == 0, mypy.stdout + mypy.stderr


def options_and_parts(command: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[set[str], list[str]]:
    """What its help lists: options, and the commands within it."""
    assert run([*command, "--help"]) == 0
    help_text = capsys.readouterr().out
    options = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", help_text, re.MULTILINE))
    assert "--help" in options
    _, _, listed = help_text.partition("\nCommands:\n")
    return options - {"--help"}, re.findall(r"^  (\w+)", listed, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_command_is_in_the_reference(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = (PROJECT / "docs" / "reference" / "cli.md").read_text()
    section = re.split(r"^## ", reference.split(f"## voltline {command}\n")[1], flags=re.MULTILINE)[0]
    options, parts = options_and_parts([command], capsys)
    for part in parts:
        assert f"voltline {command} {part}" in section
        options |= options_and_parts([command, part], capsys)[0]
    assert {option for option in options if option not in section} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
    dead = [link for link in links if not (page.parent / link).exists()]
    assert not dead


def test_every_page_can_be_reached_from_the_index() -> None:
    docs = PROJECT / "docs"
    linked = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", (docs / "index.md").read_text())
    reached = {(docs / link).resolve() for link in linked}
    pages = {page for page in docs.glob("**/*.md") if page.parent != docs and page.parent.name != "decisions"}
    assert pages - reached == set()


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    folder = PROJECT / "docs" / "decisions"
    pages = sorted(folder.glob("[0-9]*.md"))
    assert [int(page.name.split("-")[0]) for page in pages] == list(range(1, len(pages) + 1))
    titles = [page.read_text().splitlines()[0].removeprefix("# ") for page in pages]
    listed = re.findall(r"^(\d+)\. \[(.*)\]\((.*)\)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert [(f"{number}. {title}", name) for number, title, name in listed] == [
        (title, page.name) for title, page in zip(titles, pages, strict=True)
    ]
