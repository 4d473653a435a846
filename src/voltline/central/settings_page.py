"""The page docs/reference/settings.md, made from the declarations.

`python -m voltline.central.settings_page > docs/reference/settings.md` writes it anew; a test compares.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator

from voltline.central.settings import Settings
from voltline.central.settings_sources import Declaration, declarations, toml_value

_HEAD = """\
# Settings

`voltline serve` takes its settings from four places. A later one wins:

1. the defaults in this page,
2. the file `voltline.toml` in the folder where it is started, or the file that `--config FILE` or
   `VOLTLINE_CONFIG` names,
3. environment variables: `VOLTLINE_OCPP_PORT=9001` sets `port` in `[ocpp]`,
4. flags: `--ocpp-port 9001`, or for any setting `--set ocpp.port=9001`.

`voltline serve --print-config` prints what holds, in the form of a `voltline.toml`, and where each value
comes from. Passwords are not printed. When a setting is wrong nothing is started: every fault is printed
with its file and line, variable or flag, and what is allowed there, and the exit code is 2.
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_HEAD, *_sections()]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    section = ""
    hints = typing.get_type_hints(Settings)
    for declaration in declarations().values():
        if declaration.section != section:
            section = declaration.section
            yield f"## [{section}]\n"
            yield f"{hints[section].__doc__.strip()}\n"
            yield "| key | default | allowed | meaning |"
            yield "|---|---|---|---|"
        yield _row(declaration)
        if declaration is _last(section):
            yield ""


def _last(section: str) -> Declaration:
    return [declared for declared in declarations().values() if declared.section == section][-1]


def _row(declaration: Declaration) -> str:
    unit = f" ({declaration.unit})" if declaration.unit else ""
    cells = (
        f"`{declaration.key}`",
        f"`{toml_value(declaration.default)}`",
        declaration.allowed + unit,
        declaration.description,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(page())
