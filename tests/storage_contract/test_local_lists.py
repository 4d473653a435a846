"""What is kept of local lists, on every database."""

import pytest

from voltline.central.domain.local_lists import ListEntry, ListState, LocalList
from voltline.central.domain.stations import RegistrationRules, StationKey
from voltline.central.services import local_lists, stations
from voltline.messages import (
    GetLocalListVersion,
    GetLocalListVersionResponse,
    SendLocalList,
    SendLocalListResponse,
    UpdateStatus,
    UpdateType,
)

from .conftest import Storage
from .saying import NOON, at, boot

ENTRIES = (ListEntry("A"), ListEntry("B", "G", at(100)))


def synced(storage: Storage) -> StationKey:
    key = storage.station()
    storage.do(local_lists.sending, key, 1, 2, 3)
    for version in (1, 2):
        request = SendLocalList(list_version=version, update_type=UpdateType.FULL)
        answer = SendLocalListResponse(status=UpdateStatus.ACCEPTED)
        storage.do(local_lists.update_answered, key, request, answer, NOON)
    storage.do(local_lists.synced, key, 2, 3, storage.queries.packed(ENTRIES), NOON)
    return key


def told(storage: Storage, key: StationKey, version: int) -> LocalList:
    answer = GetLocalListVersionResponse(list_version=version)
    storage.do(local_lists.version_told, key, GetLocalListVersion(), answer, at(5))
    return storage.queries.local_list(key)


def test_list_of_a_new_charge_point_is_untouched(storage: Storage) -> None:
    assert storage.queries.local_list(storage.station()) == LocalList()


def test_content_is_known_once_all_parts_were_taken(storage: Storage) -> None:
    key = synced(storage)
    known = storage.queries.local_list(key)
    assert (known.state, known.version, known.entries, known.left_out) == (ListState.SYNCED, 2, 2, 3)
    assert storage.queries.local_list_content(key) == ENTRIES


def test_content_is_not_known_while_parts_are_sent(storage: Storage) -> None:
    key = synced(storage)
    storage.do(local_lists.sending, key, 3, 4, 0)
    assert storage.queries.local_list_content(key) is None
    assert storage.queries.local_list(key).state is ListState.SENDING


@pytest.mark.parametrize(
    ("version", "state", "known"),
    [
        (2, ListState.SYNCED, True),
        (1, ListState.PENDING, False),
        (0, ListState.PENDING, False),
        (2**40, ListState.PENDING, False),
        (-1, ListState.NOT_SUPPORTED, False),
    ],
)
def test_version_that_is_not_the_one_that_was_sent_makes_the_content_unknown(
    storage: Storage, version: int, state: ListState, known: bool
) -> None:
    found = told(storage, synced(storage), version)
    assert (found.state, found.known) == (state, known)


def test_empty_list_may_say_version_0_whatever_it_was_sent(storage: Storage) -> None:
    key = storage.station()
    storage.do(local_lists.sending, key, 1, 1, 0)
    request = SendLocalList(list_version=1, update_type=UpdateType.FULL)
    storage.do(
        local_lists.update_answered, key, request, SendLocalListResponse(status=UpdateStatus.ACCEPTED), NOON
    )
    storage.do(local_lists.synced, key, 0, 0, storage.queries.packed(()), NOON)
    assert told(storage, key, 0).state is ListState.SYNCED
    assert told(storage, key, 1).state is ListState.SYNCED


def test_that_there_is_no_list_holds_until_other_firmware_boots(storage: Storage) -> None:
    key = storage.station()
    storage.do(stations.boot, key, boot(firmware="1.0"), NOON, RegistrationRules())
    storage.do(local_lists.unsupported, key, "NotSupported", NOON)
    storage.do(stations.boot, key, boot(firmware="1.0"), at(1), RegistrationRules())
    assert storage.do(local_lists.what_it_says, key)[0].state is ListState.NOT_SUPPORTED
    storage.do(stations.boot, key, boot(firmware="1.1"), at(2), RegistrationRules())
    assert storage.do(local_lists.what_it_says, key)[0].state is ListState.PENDING


def test_groups_and_the_wish_to_be_left_alone_are_kept(storage: Storage) -> None:
    key = synced(storage)
    storage.do(local_lists.select, key, False, ("G", 'ä"'), NOON)
    known = storage.queries.local_list(key)
    assert (known.state, known.enabled, known.groups) == (ListState.DISABLED, False, ("G", 'ä"'))
    storage.do(local_lists.ask_again, key)
    assert storage.queries.local_list(key).state is ListState.DISABLED
