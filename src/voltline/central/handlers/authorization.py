"""May this id tag charge? (S 4.1)"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime

from msgspec.structs import replace

from voltline.central.domain.authorization import Authorization, AuthorizationRules
from voltline.central.domain.stations import StationKey
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import authorization
from voltline.central.services.ports import UnitOfWork
from voltline.central.services.ports.asking import Asking
from voltline.messages import (
    UNSET,
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    IdTagInfo,
)


def authorize(desk: Desk, visit: Visit, request: Authorize, at: datetime) -> Awaitable[AuthorizeResponse]:
    """Tell it the status of the tag, never ConcurrentTx (AUT-08, AUT-13)."""
    if desk.asking is None:
        return desk.writer.submit(_authorize, visit.key, request, at, desk.authorization)
    return _authorize_asking(desk, desk.asking, visit, request, at)


async def _authorize_asking(
    desk: Desk, asking: Asking, visit: Visit, request: Authorize, at: datetime
) -> AuthorizeResponse:
    rules = await rules_for(desk, asking, visit, request.id_tag, None)
    return await desk.writer.submit(_authorize, visit.key, request, at, rules)


async def rules_for(
    desk: Desk, asking: Asking, visit: Visit, id_tag: str, connector_id: int | None
) -> AuthorizationRules:
    """The rules, with what another system says of a tag that nobody registered. Registered ones are not
    asked about."""
    if await desk.writer.submit(authorization.is_known, id_tag):
        return desk.authorization
    return replace(desk.authorization, told=await asking.told(id_tag, visit.identity, connector_id))


def _authorize(
    unit: UnitOfWork, station: StationKey, request: Authorize, at: datetime, rules: AuthorizationRules
) -> AuthorizeResponse:
    told = authorization.authorize_presented(unit, station, request.id_tag, at, rules)
    return AuthorizeResponse(id_tag_info=id_tag_info(told))


def id_tag_info(told: Authorization) -> IdTagInfo:
    """What a tag is told, as it goes over the wire (S 7.27)."""
    return IdTagInfo(
        status=AuthorizationStatus(told.status),
        parent_id_tag=UNSET if told.parent_id_tag is None else told.parent_id_tag,
        expiry_date=UNSET if told.expires_at is None else told.expires_at,
    )
