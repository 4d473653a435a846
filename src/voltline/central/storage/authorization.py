"""Id tags in a table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from voltline.central.domain.authorization import IdTag, tag_key
from voltline.central.storage.schema import id_tags
from voltline.central.storage.scope import Scope


class SqlIdTags:
    """See `services.ports.IdTags`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def find(self, id_tag: str) -> IdTag | None:
        row = self._scope.connection.execute(
            select(id_tags.c.id_tag, id_tags.c.parent_id_tag, id_tags.c.expires_at, id_tags.c.blocked).where(
                id_tags.c.tag_key == tag_key(id_tag)
            )
        ).first()
        return None if row is None else IdTag(**row._mapping)

    def put(self, tag: IdTag, at: datetime) -> None:
        key = tag_key(tag.id_tag)
        values = {
            "id_tag": tag.id_tag,
            "parent_id_tag": tag.parent_id_tag,
            "expires_at": tag.expires_at,
            "blocked": tag.blocked,
            "changed_at": at,
        }
        connection = self._scope.connection
        changed = connection.execute(update(id_tags).where(id_tags.c.tag_key == key).values(**values))
        if changed.rowcount == 0:
            connection.execute(insert(id_tags).values(tag_key=key, **values))

    def remove(self, id_tag: str) -> bool:
        removed = self._scope.connection.execute(delete(id_tags).where(id_tags.c.tag_key == tag_key(id_tag)))
        return removed.rowcount > 0
