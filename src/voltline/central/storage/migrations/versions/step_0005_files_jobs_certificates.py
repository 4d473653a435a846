"""Step 5: files jobs certificates."""

from __future__ import annotations

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Bring the tables forward."""
