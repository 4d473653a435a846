"""Tokens of the API, and who one is."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter
from msgspec import Meta, Struct

from voltline.base.clock import SystemClock
from voltline.central.api.access import principal_of
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.writing import write
from voltline.central.domain.access import Role, Token, is_name
from voltline.central.services import access

_now = SystemClock().now


class PrincipalView(Struct, frozen=True, kw_only=True):
    """Who asks."""

    name: Annotated[str, Meta(description="The token's name; local where the API asks nobody.")]
    role: Role


class TokenView(Struct, frozen=True, kw_only=True):
    """A token, without what it opens the API with."""

    id: Annotated[str, Meta(description="The second part of the token itself.")]
    name: str
    role: Role
    usable: Annotated[bool, Meta(description="Neither revoked nor expired.")]
    created_at: datetime
    created_by: str
    expires_at: Annotated[datetime | None, Meta(description="null: never.")]
    revoked_at: datetime | None
    last_used_at: Annotated[datetime | None, Meta(description="To the minute; null: never.")]


class TokenList(Struct, frozen=True, kw_only=True):
    """All tokens, in the order in which they were made."""

    items: list[TokenView]


class NewToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="Whose it is, or what for: up to 64 letters, digits, blanks and . _ @ + -",
            examples=["billing"],
        ),
    ]
    role: Annotated[
        Role,
        Meta(
            description="viewer: see everything. operator: work with charge points, transactions and id "
            "tags as well. admin: make and revoke tokens as well."
        ),
    ]
    valid_days: Annotated[
        Annotated[int, Meta(ge=1, le=36500)] | None,
        Meta(description="For how many days; null: until it is revoked."),
    ] = None


class MadeToken(Struct, frozen=True, kw_only=True):
    """A token that was made."""

    token: Annotated[str, Meta(description="What its owner sends; it is not kept and cannot be shown again.")]
    id: str
    name: str
    role: Role
    expires_at: datetime | None


TokenName = Annotated[str, PathParameter(description="The token's name, in any case, or its id.")]


@get("/me", operation_id="getMe", summary="Show who asks", tags=["Access"])
async def me(request: Request[Any, Any, Any]) -> PrincipalView:
    """As whom the API takes the one who asks, and what he may do."""
    principal = principal_of(request)
    return PrincipalView(name=principal.name, role=principal.role)


@get("/tokens", sync_to_thread=True, operation_id="listTokens", summary="List tokens", tags=["Access"])
def tokens(site: NamedDependency[Site]) -> TokenList:
    """All tokens that were ever made, those that open nothing any more as well."""
    return TokenList(items=[_view(token) for token in site.queries.tokens()])


@post(
    "/tokens",
    status_code=HTTPStatus.CREATED,
    operation_id="addToken",
    summary="Make a token",
    tags=["Access"],
    opt={BODY: NewToken},
)
async def add_token(site: NamedDependency[Site], request: Request[Any, Any, Any]) -> MadeToken:
    """Make a token. Once there is one, every request has to show one."""
    body = await read_body(request, NewToken)
    if not is_name(body.name):
        text = "A name begins with a letter or digit; it may have blanks and . _ @ + - inside."
        raise invalid_body(Fault(path="$.name", kind="invalid_value", text=text))
    at = _now()
    expires_at = None if body.valid_days is None else at + timedelta(days=body.valid_days)
    asker = principal_of(request).name
    try:
        token, written = await write(site, access.add_token, body.name, body.role, expires_at, asker, at)
    except access.NameTaken as taken:
        raise ApiError(
            HTTPStatus.CONFLICT,
            "name-taken",
            "Name taken",
            f"There is a token {taken.args[0]!r} already; revoke it first, or choose another name.",
        ) from None
    _changed(site)
    return MadeToken(
        token=written, id=token.id, name=token.name, role=token.role, expires_at=token.expires_at
    )


@delete(
    "/tokens/{name:str}",
    status_code=HTTPStatus.NO_CONTENT,
    operation_id="revokeToken",
    summary="Revoke a token",
    tags=["Access"],
)
async def revoke_token(site: NamedDependency[Site], name: TokenName) -> None:
    """Let a token open nothing from now on. It stays in the list."""
    if await write(site, access.revoke_token, name, _now()) is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "unknown-token",
            "Unknown token",
            f"No token {name!r} can be used; GET /api/v1/tokens lists them.",
        )
    _changed(site)


ROUTES = [me, tokens, add_token, revoke_token]


def _changed(site: Site) -> None:
    if site.gate is not None:
        site.gate.forget()


def _view(token: Token) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        role=token.role,
        usable=token.usable(_now()),
        created_at=token.created_at,
        created_by=token.created_by,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )
