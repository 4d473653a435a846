import pytest

from voltline.central.domain.authorization import IdTag, Verdict
from voltline.central.services import id_tags, transactions
from voltline.central.services.authorization import authorize

from .conftest import Storage
from .saying import ANYONE, NOON, ONE_EACH, ONLY_KNOWN, at, start


@pytest.mark.requirement("GEN-02")
def test_tag_is_found_in_any_case(storage: Storage) -> None:
    storage.do(id_tags.put_tag, IdTag(id_tag="AbCd", parent_id_tag="Fleet"), NOON)
    told = storage.do(authorize, "aBcD", NOON, ONLY_KNOWN)
    assert told.status is Verdict.ACCEPTED
    assert told.parent_id_tag == "Fleet"
    assert told.known


@pytest.mark.requirement("AUT-08")
def test_unknown_tag_is_told_what_the_rules_say(storage: Storage) -> None:
    assert storage.do(authorize, "X", NOON, ANYONE).status is Verdict.ACCEPTED
    told = storage.do(authorize, "X", NOON, ONLY_KNOWN)
    assert told.status is Verdict.INVALID
    assert not told.known


@pytest.mark.requirement("AUT-10")
def test_tag_expires_at_its_time_and_one_without_never_does(storage: Storage) -> None:
    storage.do(id_tags.put_tag, IdTag(id_tag="A", expires_at=at(10)), NOON)
    storage.do(id_tags.put_tag, IdTag(id_tag="B"), NOON)
    assert storage.do(authorize, "A", at(9.999), ANYONE).status is Verdict.ACCEPTED
    expired = storage.do(authorize, "A", at(10), ANYONE)
    assert expired.status is Verdict.EXPIRED
    assert expired.expires_at == at(10)
    assert storage.do(authorize, "B", at(1e9), ANYONE).status is Verdict.ACCEPTED


def test_blocked_tag_is_blocked_until_it_is_put_again(storage: Storage) -> None:
    storage.do(id_tags.put_tag, IdTag(id_tag="A", blocked=True), NOON)
    assert storage.do(authorize, "a", NOON, ANYONE).status is Verdict.BLOCKED
    storage.do(id_tags.put_tag, IdTag(id_tag="a"), NOON)
    assert storage.do(authorize, "A", NOON, ANYONE).status is Verdict.ACCEPTED
    assert storage.count("id_tags") == 1


def test_removed_tag_is_unknown(storage: Storage) -> None:
    storage.do(id_tags.put_tag, IdTag(id_tag="A"), NOON)
    assert storage.do(id_tags.remove_tag, "a", NOON)
    assert not storage.do(id_tags.remove_tag, "a", NOON)
    assert storage.do(authorize, "A", NOON, ONLY_KNOWN).status is Verdict.INVALID


@pytest.mark.requirement("AUT-13")
def test_authorize_is_never_told_concurrent_tx(storage: Storage) -> None:
    key = storage.station()
    storage.do(transactions.begin, key, start("TAG"), NOON, ONE_EACH)
    assert storage.do(authorize, "TAG", NOON, ONE_EACH).status is Verdict.ACCEPTED


def test_two_tags_that_differ_after_thousands_of_characters_are_two(storage: Storage) -> None:
    key = storage.station()
    long = "x" * 20_000
    one = storage.do(transactions.begin, key, start(long + "1"), NOON, ANYONE)
    two = storage.do(transactions.begin, key, start(long + "2"), NOON, ANYONE)
    assert one.transaction_id != two.transaction_id
    kept = storage.queries.transaction(one.transaction_id)
    assert kept is not None
    assert kept.start.id_tag == long + "1"
