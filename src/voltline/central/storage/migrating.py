"""Bringing a database's tables to the form of this version, by the steps in migrations/versions."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from voltline.central.storage.errors import DatabaseTooNew

SCRIPTS = "voltline.central.storage:migrations"


def upgrade(connection: Connection) -> None:
    """Run the steps that this database has not seen, in the connection's transaction.

    Raises `DatabaseTooNew` if it has seen a step that this version does not know.
    """
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    known = {step.revision for step in script.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_heads()
    unknown = sorted(set(current) - known)
    if unknown:
        raise DatabaseTooNew(
            f"the database was changed by a newer version of Voltline (step {', '.join(unknown)}); "
            "install that version, or use another database"
        )
    if set(current) != set(script.get_heads()):
        command.upgrade(config, "head")


def versions(connection: Connection) -> tuple[str | None, str]:
    """The newest step that this database has seen, None before the first, and the newest that there is."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    newest = ScriptDirectory.from_config(config).get_current_head()
    assert newest is not None
    return MigrationContext.configure(connection).get_current_revision(), newest
