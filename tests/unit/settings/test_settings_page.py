"""The reference page says what the declarations say."""

from pathlib import Path

from voltline.central.settings_page import page

WRITTEN = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


def test_reference_page_is_up_to_date() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == page(), (
        "run: python -m voltline.central.settings_page > docs/reference/settings.md"
    )
