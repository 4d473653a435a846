"""Commands and tokens as they are kept."""

from datetime import timedelta

import msgspec
import pytest

from voltline.central.domain.access import Role
from voltline.central.domain.commands import Asked, CommandFilter, CommandState, Ended, new_command_id
from voltline.central.services import access, commands
from voltline.central.storage.database import Database

from .conftest import Storage
from .saying import NOON, at


def asked(second: float = 0, action: str = "Reset", by: str = "me") -> Asked:
    when = at(second)
    return Asked(id=new_command_id(when), action=action, payload='{"type":"Soft"}', asked_by=by, at=when)


def ended(command: Asked, state: CommandState = CommandState.ANSWERED, second: float = 1) -> Ended:
    return Ended(id=command.id, state=state, at=at(second), duration_ms=1.5, answer='{"status":"Accepted"}')


def test_a_command_is_open_until_it_has_ended(storage: Storage) -> None:
    station, one = storage.station(), asked()
    storage.do(commands.ask, station, one)
    kept = storage.queries.command(one.id)
    assert kept is not None
    assert (kept.state, kept.charge_point, kept.asked_at) == (CommandState.OPEN, "CP1", NOON)
    assert bytes(kept.payload) == b'{"type":"Soft"}'
    storage.do(commands.end, ended(one))
    kept = storage.queries.command(one.id)
    assert kept is not None
    assert (kept.state, kept.ended_at, kept.duration_ms) == (CommandState.ANSWERED, at(1), 1.5)
    assert kept.answer is not None
    assert bytes(kept.answer) == b'{"status":"Accepted"}'


def test_the_first_end_of_a_command_counts(storage: Storage) -> None:
    station, one = storage.station(), asked()
    storage.do(commands.ask, station, one)
    storage.do(commands.end, ended(one))
    storage.do(commands.end, ended(one, CommandState.TIMED_OUT))
    kept = storage.queries.command(one.id)
    assert kept is not None
    assert kept.state is CommandState.ANSWERED


def test_a_process_that_begins_ends_what_an_earlier_one_left_open(storage: Storage) -> None:
    station, first, second = storage.station(), asked(0), asked(1)
    storage.do(commands.ask, station, first)
    storage.do(commands.ask, station, second)
    storage.do(commands.end, ended(first))
    assert storage.do(commands.interrupt_open, at(9)) == 1
    states = {one.id: (one.state, one.ended_at) for one in storage.queries.commands()}
    assert states == {
        first.id: (CommandState.ANSWERED, at(1)),
        second.id: (CommandState.INTERRUPTED, at(9)),
    }


def test_commands_are_found_by_what_they_are(storage: Storage) -> None:
    station, other = storage.station(), storage.station("CP2")
    kept = [asked(0), asked(1, "ClearCache"), asked(2, by="you"), asked(3)]
    for number, one in enumerate(kept):
        storage.do(commands.ask, other if number == 3 else station, one)
    storage.do(commands.end, ended(kept[0]))

    def found(**only: object) -> list[int]:
        ids = [one.id for one in kept]
        return [ids.index(one.id) for one in storage.queries.commands(only=CommandFilter(**only))]  # type: ignore[arg-type]

    assert found() == [3, 2, 1, 0]
    assert found(charge_point="cp1") == [2, 1, 0]
    assert found(charge_point="CP\x001") == []
    assert found(action="ClearCache") == [1]
    assert found(state=CommandState.ANSWERED) == [0]
    assert found(asked_by="you") == [2]
    assert found(since=at(1), until=at(3)) == [2, 1]
    page = storage.queries.commands(limit=2)
    assert [one.id for one in storage.queries.commands(before=page[-1].id)] == [kept[1].id, kept[0].id]


def test_ids_sort_by_time() -> None:
    ids = [new_command_id(NOON + timedelta(milliseconds=number)) for number in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


def test_old_commands_are_forgotten_some_at_a_time(storage: Storage) -> None:
    station = storage.station()
    for second in range(5):
        storage.do(commands.ask, station, asked(second))
    assert storage.do(commands.discard, at(3), 2) == 2
    assert storage.do(commands.discard, at(3), 2) == 1
    assert storage.do(commands.discard, at(3), 2) == 0
    assert [one.asked_at for one in storage.queries.commands()] == [at(4), at(3)]


def test_a_token_is_kept_as_it_was_made(storage: Storage) -> None:
    assert not storage.queries.any_token()
    token, written = storage.do(access.add_token, "me", Role.OPERATOR, at(60), "test", NOON)
    assert storage.queries.any_token()
    assert storage.queries.token(token.id) == token
    assert storage.queries.tokens() == (token,)
    assert token.opened_by(written[-43:])
    assert storage.queries.token("x\x00") is None


def test_two_usable_tokens_never_have_one_name(storage: Storage) -> None:
    storage.do(access.add_token, "Me", Role.VIEWER, at(60), "test", NOON)
    with pytest.raises(access.NameTaken):
        storage.do(access.add_token, "mE", Role.VIEWER, None, "test", at(59))
    again, _ = storage.do(access.add_token, "ME", Role.VIEWER, None, "test", at(60))
    revoked = storage.do(access.revoke_token, "me", at(61))
    assert revoked == again
    assert not any(token.usable(at(0)) for token in storage.queries.tokens())
    storage.do(access.add_token, "me", Role.VIEWER, None, "test", at(62))
    assert len(storage.queries.tokens()) == 3


def test_a_token_is_revoked_by_name_or_id_and_stays_listed(storage: Storage) -> None:
    token, _ = storage.do(access.add_token, "me", Role.VIEWER, None, "test", NOON)
    assert storage.do(access.revoke_token, "nobody", NOON) is None
    storage.do(access.token_used, token.id, at(1))
    assert storage.do(access.revoke_token, token.id, at(2)) is not None
    assert storage.do(access.revoke_token, token.id, at(3)) is None
    expected = msgspec.structs.replace(token, last_used_at=at(1), revoked_at=at(2))
    assert storage.queries.tokens() == (expected,)


def test_the_secret_of_a_token_is_nowhere_in_the_database(database: Database, storage: Storage) -> None:
    _, written = storage.do(access.add_token, "me", Role.VIEWER, None, "test", NOON)
    (row,) = storage.column("tokens", "digest")
    assert written[-43:].encode() not in bytes(row)  # type: ignore[call-overload]
