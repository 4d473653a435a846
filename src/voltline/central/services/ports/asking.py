"""Another system that says whether id tags may charge that nobody registered here."""

from __future__ import annotations

from typing import Protocol

from voltline.central.domain.authorization import Authorization


class Asking(Protocol):
    async def told(self, id_tag: str, identity: str, connector_id: int | None) -> Authorization:
        """What it says, or said a short time ago; what the rules say where it gives no answer in time.

        Never raises, and takes no longer than was set.
        """
        ...
