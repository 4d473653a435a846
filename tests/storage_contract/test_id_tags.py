"""What is kept of id tags, on every database."""

import pytest

from voltline.central.domain.authorization import (
    AuthorizationRules,
    DecidedBy,
    Fallback,
    IdTag,
    Revocation,
    TagFilter,
    TagOrder,
    UnknownTags,
    Verdict,
    unasked,
)
from voltline.central.services import authorization, id_tags, transactions
from voltline.central.storage import authorization as stored

from .conftest import Storage
from .saying import ANYONE, NOON, ONE_EACH, ONLY_KNOWN, at, start


def test_tag_keeps_all_that_is_said_of_it_and_when_it_was_added(storage: Storage) -> None:
    tag = IdTag(
        id_tag="Tag",
        parent_id_tag="Group",
        expires_at=at(1e6),
        blocked=True,
        max_transactions=2,
        group_max_transactions=2**31 - 1,
        notes="ä\x00\ud800",
    )
    storage.do(id_tags.put_tag, tag, NOON)
    storage.do(id_tags.put_tag, tag, at(10))
    kept = storage.queries.id_tag("TAG")
    assert kept is not None
    assert (kept.added_at, kept.changed_at, kept.last_used_at) == (NOON, at(10), None)
    assert (kept.parent_id_tag, kept.expires_at, kept.blocked) == ("Group", at(1e6), True)
    assert (kept.max_transactions, kept.group_max_transactions) == (2, 2**31 - 1)
    assert kept.notes == "ä\ufffd?"


def test_parent_that_is_blocked_or_has_expired_makes_its_tags_so(storage: Storage) -> None:
    storage.do(id_tags.put_tag, IdTag(id_tag="A", parent_id_tag="fleet", expires_at=at(100)), NOON)
    storage.do(id_tags.put_tag, IdTag(id_tag="FLEET", expires_at=at(10)), NOON)
    told = storage.do(authorization.authorize, "a", NOON, ANYONE)
    assert (told.status, told.expires_at) == (Verdict.ACCEPTED, at(10))
    assert storage.do(authorization.authorize, "a", at(10), ANYONE).status is Verdict.EXPIRED
    storage.do(id_tags.put_tag, IdTag(id_tag="FLEET", blocked=True), NOON)
    assert storage.do(authorization.authorize, "a", NOON, ANYONE).status is Verdict.BLOCKED
    assert storage.queries.usable_tags(NOON) == ()


def test_only_transactions_that_the_tag_was_let_start_count(storage: Storage) -> None:
    key = storage.station()
    storage.do(id_tags.put_tag, IdTag(id_tag="A", max_transactions=2, parent_id_tag="G"), NOON)
    told = [
        storage.do(transactions.begin, key, start("A", n, second=n), NOON, ANYONE).authorization.status
        for n in (1, 2, 3)
    ]
    assert told == [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.CONCURRENT_TX]
    assert storage.queries.running_by_tag(["a", "B"]) == {"a": 2}
    assert storage.do(lambda unit: unit.id_tags.running_in_group("g")) == 2


def test_unregistered_tag_is_limited_by_the_rule_for_all(storage: Storage) -> None:
    key = storage.station()
    first = storage.do(transactions.begin, key, start("X", 1), NOON, ONE_EACH)
    second = storage.do(transactions.begin, key, start("X", 2), NOON, ONE_EACH)
    assert first.authorization.status is Verdict.ACCEPTED
    assert second.authorization.status is Verdict.CONCURRENT_TX


def test_repeated_start_of_an_unknown_tag_is_seen_once(storage: Storage) -> None:
    key = storage.station()
    storage.do(transactions.begin, key, start("X"), NOON, ONLY_KNOWN)
    storage.do(transactions.begin, key, start("X"), at(9), ONLY_KNOWN)
    (seen,) = storage.queries.unknown_id_tags()
    assert (seen.times, seen.identity, seen.connector_id, seen.status) == (1, "CP1", 1, "Invalid")


def test_fallback_and_its_reason_are_kept(storage: Storage) -> None:
    key = storage.station()
    rules = AuthorizationRules(unknown_tags=UnknownTags.ASK, fallback=Fallback.ACCEPT)
    told = AuthorizationRules(unknown_tags=UnknownTags.ASK, told=unasked(rules, "gone"))
    assert storage.do(authorization.authorize_presented, key, "X", NOON, told).status is Verdict.ACCEPTED
    (seen,) = storage.queries.unknown_id_tags(identity="cp1")
    assert (seen.decided_by, seen.problem) == (DecidedBy.FALLBACK, "gone")
    (event,) = [one for one in storage.queries.events() if one.kind == "id-tag.unknown-seen"]
    assert b'"gone"' in bytes(event.subject)


def test_only_the_newest_unknown_tags_are_kept(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    key = storage.station()
    monkeypatch.setattr(stored, "_MOST_UNKNOWN", 50)
    for number in range(100):
        storage.do(authorization.authorize_presented, key, f"T{number}", at(number), ANYONE)
    assert storage.count("unknown_id_tags") == 50
    assert storage.queries.unknown_id_tags(limit=1)[0].id_tag == "T99"


def test_revocations_are_what_takes_a_right_away(storage: Storage) -> None:
    def put(**values: object) -> None:
        storage.do(id_tags.put_tag, IdTag(id_tag="A", **values), NOON)  # type: ignore[arg-type]

    put()
    put(notes="no right is lost", parent_id_tag="G")
    assert storage.column("revocations", "reason") == []
    put(expires_at=at(100))
    put(expires_at=at(200))
    put(blocked=True)
    put(blocked=True, expires_at=at(1))
    put()
    storage.do(id_tags.remove_tag, "A", NOON)
    storage.do(id_tags.put_tag, IdTag(id_tag="WAS-UNKNOWN", blocked=True), NOON)
    assert storage.column("revocations", "reason") == sorted(
        [Revocation.EXPIRES_EARLIER, Revocation.BLOCKED, Revocation.REMOVED, Revocation.BLOCKED]
    )


def test_charge_point_has_to_forget_what_was_revoked_since_it_was_first_seen(storage: Storage) -> None:
    old = storage.station("OLD", at(-10))
    storage.do(id_tags.put_tag, IdTag(id_tag="A", blocked=True), NOON)
    new = storage.station("NEW", at(10))

    def due(key: object) -> object:
        return storage.do(lambda unit: unit.revocations.due(key))

    assert due(new) is None
    newest = due(old)
    assert newest is not None
    storage.do(lambda unit: unit.revocations.cleared(old, newest, "Accepted", at(20)))
    assert due(old) is None
    assert storage.queries.cache_answer(old) == ("Accepted", at(20))
    storage.do(id_tags.put_tag, IdTag(id_tag="B", blocked=True), at(30))
    assert due(old) == due(new) != newest
    storage.do(lambda unit: unit.revocations.answered(old, "Rejected", at(40)))
    storage.do(lambda unit: unit.revocations.answered(new, "Accepted", at(40)))
    assert due(old) == due(new) != newest  # it may have been asked before the tag was revoked
    assert storage.queries.cache_answer(old) == ("Rejected", at(40))


def test_import_is_one_change_and_can_remove_the_others(storage: Storage) -> None:
    storage.do(id_tags.put_tag, IdTag(id_tag="GONE"), NOON)
    storage.do(id_tags.put_tag, IdTag(id_tag="SAME"), NOON)
    before = storage.queries.newest_event()
    tags = [IdTag(id_tag="same"), IdTag(id_tag="SAME2", blocked=True)]
    dry = storage.do(id_tags.import_tags, tags, True, True, NOON)
    assert storage.queries.newest_event() == before
    done = storage.do(id_tags.import_tags, tags, True, False, NOON)
    assert done == dry
    assert (done.added, done.changed, done.unchanged, done.removed, done.revoked) == (1, 1, 0, 1, True)
    assert [tag.id_tag for tag in storage.queries.id_tags()] == ["same", "SAME2"]
    assert storage.queries.newest_event() == before + 1


def test_tags_are_searched_as_text_and_ordered_on_every_database_alike(storage: Storage) -> None:
    for number, id_tag in enumerate(("b_1", "B%2", "a", "Ä")):
        storage.do(id_tags.put_tag, IdTag(id_tag=id_tag, notes=f"Nr {number}"), at(number))
    storage.do(lambda unit: unit.id_tags.used("a", at(9)))

    def found(order: TagOrder = TagOrder.ID_TAG, **only: object) -> list[str]:
        filtered = TagFilter(**only)  # type: ignore[arg-type]
        return [tag.id_tag for tag in storage.queries.id_tags(only=filtered, order=order)]

    assert set(found()) == {"a", "B%2", "b_1", "Ä"}
    assert found(text="_") == ["b_1"]
    assert found(text="%") == ["B%2"]
    assert found(text="ä") == ["Ä"]
    assert found(text="NR 2") == ["a"]
    assert found(TagOrder.RECENTLY_USED)[0] == "a"
    assert found(TagOrder.RECENTLY_CHANGED) == ["Ä", "a", "B%2", "b_1"]
    assert storage.queries.usable_tags(NOON)[0].id_tag == "a"
