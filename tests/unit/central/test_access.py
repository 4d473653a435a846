"""Tokens, roles, and who is let in by them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.central_api.fakes import FakeWriter

from voltline.central.domain.access import Role, Token, is_name, new_token, parts
from voltline.central.gate import FRESH_S, Gate

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def made(name: str = "me", role: Role = Role.OPERATOR, **more: Any) -> tuple[Token, str]:
    return new_token(name, role, at=NOW, created_by="test", **more)


def test_a_token_is_opened_by_its_secret_alone() -> None:
    token, written = made()
    split = parts(written)
    assert split is not None
    token_id, secret = split
    assert token_id == token.id
    assert token.opened_by(secret)
    assert not token.opened_by(secret[:-1] + ("A" if secret[-1] != "A" else "B"))
    other = parts(made()[1])
    assert other is not None
    assert not token.opened_by(other[1])


def test_nothing_that_is_kept_of_a_token_holds_its_secret() -> None:
    token, written = made()
    split = parts(written)
    assert split is not None
    assert split[1] not in repr(token)
    assert split[1].encode() not in token.salt + token.digest


@given(st.text())
def test_whatever_is_sent_as_a_token_can_be_looked_at(text: str) -> None:
    assert parts(text) is None or text.startswith("vlt_")


@pytest.mark.parametrize("name", ["me", "Big Billing", "a.b_c@d+e-f", "Ä", "x" * 64])
def test_good_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", " me", "me ", "a/b", "a\nb", "x" * 65, "\x00", "a\x00b", "-"])
def test_bad_names(name: str) -> None:
    assert not is_name(name)


def test_each_role_may_do_what_the_ones_before_it_may() -> None:
    assert [[role.covers(needed) for needed in Role] for role in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


class Tokens:
    """Tokens as the database has them; counts how often it is asked."""

    def __init__(self, *tokens: Token) -> None:
        self.known = {token.id: token for token in tokens}
        self.asked = 0

    def token(self, token_id: str) -> Token | None:
        self.asked += 1
        return self.known.get(token_id)

    def tokens(self) -> tuple[Token, ...]:
        return tuple(self.known.values())

    def any_token(self) -> bool:
        return bool(self.known)


class Hall:
    """A gate with a clock to be turned."""

    def __init__(self, *tokens: Token, loopback: bool = True) -> None:
        self.tokens = Tokens(*tokens)
        self.writer = FakeWriter()
        self.seconds = 0.0
        self.gate = Gate(
            self.tokens,
            self.writer,
            loopback=loopback,
            now=lambda: NOW + timedelta(seconds=self.seconds),
            clock=lambda: self.seconds,
        )


async def test_nobody_is_asked_while_only_this_machine_can_ask_and_there_never_was_a_token() -> None:
    hall = Hall()
    assert not await hall.gate.asks()
    token, _ = made()
    hall.tokens.known[token.id] = token
    hall.seconds = FRESH_S + 0.1
    assert await hall.gate.asks()


async def test_everybody_is_asked_where_others_can_ask() -> None:
    assert await Hall(loopback=False).gate.asks()


async def test_a_token_that_is_not_usable_any_more_keeps_the_gate_shut() -> None:
    token, written = made(expires_at=NOW + timedelta(seconds=1))
    hall = Hall(token)
    assert await hall.gate.principal(written) == token.principal
    hall.seconds = 1
    assert await hall.gate.principal(written) is None
    assert await hall.gate.asks()


async def test_the_database_is_not_asked_for_every_request() -> None:
    token, written = made()
    hall = Hall(token)
    for _ in range(100):
        assert await hall.gate.principal(written) == token.principal
    assert hall.tokens.asked == 1


async def test_a_token_that_another_process_revokes_opens_nothing_after_some_seconds() -> None:
    token, written = made()
    hall = Hall(token)
    assert await hall.gate.principal(written) is not None
    hall.tokens.known.clear()
    hall.seconds = FRESH_S + 0.1
    assert await hall.gate.principal(written) is None


async def test_the_use_of_a_token_is_noted_once_a_minute() -> None:
    token, written = made()
    hall = Hall(token)
    noted = []
    for second in range(180):
        hall.seconds = second
        await hall.gate.principal(written)
        for _, _, (token_id, at) in hall.writer.submitted:
            noted.append(at)
            hall.tokens.known[token_id] = msgspec.structs.replace(token, last_used_at=at)
        hall.writer.finish()
    assert noted == [NOW, NOW + timedelta(seconds=60), NOW + timedelta(seconds=120)]


@pytest.mark.parametrize("written", ["", "x", "vlt_", "vlt_000000000000_" + "A" * 43, "é" * 60])
async def test_what_is_no_token_opens_nothing(written: str) -> None:
    token, _ = made()
    assert await Hall(token).gate.principal(written) is None
