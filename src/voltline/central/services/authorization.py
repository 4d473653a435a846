"""May this tag charge? (S 4.1)"""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.authorization import (
    Authorization,
    AuthorizationRules,
    IdTag,
    Verdict,
    authorization_of,
)
from voltline.central.services.ports import UnitOfWork


def authorize(unit: UnitOfWork, id_tag: str, at: datetime, rules: AuthorizationRules) -> Authorization:
    """What a tag is told outside of a start: never ConcurrentTx, which has no meaning there (AUT-13)."""
    return authorization_of(unit.id_tags.find(id_tag), at, rules)


def authorize_start(unit: UnitOfWork, id_tag: str, at: datetime, rules: AuthorizationRules) -> Authorization:
    """What a tag is told by StartTransaction.conf.

    Ask only once it is sure that the start is not the repetition of one that was received before:
    otherwise a charge point that lost our answer is told ConcurrentTx because of its own transaction.
    """
    found = authorize(unit, id_tag, at, rules)
    if (
        rules.one_transaction_per_tag
        and found.status is Verdict.ACCEPTED
        and unit.transactions.is_charging(id_tag)
    ):
        return Authorization(
            status=Verdict.CONCURRENT_TX,
            parent_id_tag=found.parent_id_tag,
            expires_at=found.expires_at,
            known=found.known,
        )
    return found


def put_tag(unit: UnitOfWork, tag: IdTag, at: datetime) -> None:
    """Register a tag, or replace what is known of it."""
    unit.id_tags.put(tag, at)


def remove_tag(unit: UnitOfWork, id_tag: str) -> bool:
    """Forget a tag; its transactions stay. False: there was no such tag."""
    return unit.id_tags.remove(id_tag)
