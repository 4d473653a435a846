"""Step 8: access commands."""

from __future__ import annotations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Bring the tables forward."""
