"""`voltline quirks` lists, shows and checks what charge points get wrong."""

from pathlib import Path

import pytest

from voltline.cli.main import run

OWN = '[[quirk]]\nid = "acme-tags"\nlike = "remote-tag-length"\nmatch = [{ vendor = "Acme*" }]\n'


def test_the_list_has_those_of_voltline_and_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "quirks").mkdir()
    (tmp_path / "quirks" / "own.toml").write_text(OWN)
    assert run(["quirks", "list", "--data", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("delta-ac-max-ten-periods ") for line in lines)
    assert any(line.startswith("acme-tags ") for line in lines)


def test_a_quirk_is_shown_with_who_has_it_and_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["quirks", "show", "delta-ac-max-ten-periods"]) == 0
    shown = capsys.readouterr().out
    assert "firmware <01.26.40" in shown
    assert "max_schedule_periods" in shown
    assert run(["quirks", "show", "remote-tag-length"]) == 0
    assert "nobody, until a file of your own says so" in capsys.readouterr().out
    assert run(["quirks", "show", "nope"]) == 1
    assert "there is no quirk 'nope'" in capsys.readouterr().err


def test_a_file_is_checked_before_it_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN)
    assert run(["quirks", "check", str(file)]) == 0
    assert "acme-tags: vendor Acme*" in capsys.readouterr().out
    file.write_text(OWN.replace("vendor", "vender"))
    assert run(["quirks", "check", str(file)]) == 1
    assert "unknown field `vender`" in capsys.readouterr().err
    assert run(["quirks", "check", str(tmp_path / "absent.toml")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_bad_file_of_ones_own_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "quirks").mkdir()
    (tmp_path / "quirks" / "bad.toml").write_text("[[quirk")
    assert run(["quirks", "list", "--data", str(tmp_path)]) == 1
    assert "bad.toml is not TOML" in capsys.readouterr().err
