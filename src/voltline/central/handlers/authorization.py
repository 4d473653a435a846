"""May this id tag charge? (S 4.1)"""

from __future__ import annotations

import asyncio
from datetime import datetime

from voltline.central.domain.authorization import Authorization, AuthorizationRules
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import authorization
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    UNSET,
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    IdTagInfo,
)


def authorize(
    desk: Desk, visit: Visit, request: Authorize, at: datetime
) -> asyncio.Future[AuthorizeResponse]:
    """Tell it the status of the tag, never ConcurrentTx (AUT-08, AUT-13)."""
    return desk.writer.submit(_authorize, request, at, desk.authorization)


def _authorize(
    unit: UnitOfWork, request: Authorize, at: datetime, rules: AuthorizationRules
) -> AuthorizeResponse:
    return AuthorizeResponse(
        id_tag_info=id_tag_info(authorization.authorize(unit, request.id_tag, at, rules))
    )


def id_tag_info(told: Authorization) -> IdTagInfo:
    """What a tag is told, as it goes over the wire (S 7.27)."""
    return IdTagInfo(
        status=AuthorizationStatus(told.status),
        parent_id_tag=UNSET if told.parent_id_tag is None else told.parent_id_tag,
        expiry_date=UNSET if told.expires_at is None else told.expires_at,
    )
