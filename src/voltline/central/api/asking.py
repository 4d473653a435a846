"""Who asks."""

from __future__ import annotations

from typing import Any

from litestar import Request

from voltline.central.domain.access import ANYBODY


def asked_by(request: Request[Any, Any, Any]) -> str:
    """The name of whoever makes this request, as it is kept with what he changes."""
    name = getattr(request.scope.get("user"), "name", None)
    return name if isinstance(name, str) and name else ANYBODY.name
