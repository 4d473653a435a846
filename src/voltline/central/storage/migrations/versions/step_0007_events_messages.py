"""Step 7: events messages."""

from __future__ import annotations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the tables forward."""
