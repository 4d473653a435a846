"""Step 3: id tags local lists reservations."""

from __future__ import annotations

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Bring the tables forward."""
