"""Records that outlive a loss of power: named, whole or absent, and one station's own."""

from pathlib import Path

import msgspec
import pytest

from voltline.station.core.intents import Intent, Keep, Notice
from voltline.station.core.memory import Memory
from voltline.station.device.storage import FolderInUse, FolderStorage, MemoryStorage, Storage, folder_of


class Kept(msgspec.Struct):
    number: int


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path / "station") if request.param == "folder" else MemoryStorage()


def memory_over(storage: Storage) -> tuple[Memory, list[Intent]]:
    intents: list[Intent] = []
    return Memory(intents.append, storage.load()), intents


def test_what_was_kept_is_recalled_after_a_loss_of_power(storage: Storage):
    memory, intents = memory_over(storage)
    memory.keep("counter", Kept(1))
    memory.keep("counter", Kept(2))
    memory.keep("gone", Kept(3))
    memory.keep("gone", None)
    for intent in intents:
        assert isinstance(intent, Keep)
        storage.keep(intent.name, intent.value)
    later, _ = memory_over(storage)
    assert later.recall("counter", Kept) == Kept(2)
    assert later.recall("gone", Kept) is None


def test_records_of_one_kind_come_in_the_order_of_their_names(storage: Storage):
    for number in (2, 10, 1):
        storage.keep(f"queue.{number:04d}", msgspec.json.encode(Kept(number)))
    storage.keep("other", b"{}")
    memory, _ = memory_over(storage)
    assert [record.number for _, record in memory.recall_each("queue.", Kept)] == [1, 2, 10]


@pytest.mark.parametrize("damage", [b"", b'{"number"', b'{"number":"x"}', b"\xff\xfe", b"[]"])
def test_damaged_record_counts_as_absent_and_is_told(storage: Storage, damage: bytes):
    storage.keep("counter", damage)
    memory, intents = memory_over(storage)
    assert memory.recall("counter", Kept) is None
    (notice,) = intents
    assert isinstance(notice, Notice)
    assert "'counter' is damaged" in notice.text


def test_where_nothing_lasts_nothing_is_laid_down():
    intents: list[Intent] = []
    memory = Memory(intents.append, None)
    memory.keep("counter", Kept(1))
    assert intents == []
    assert memory.recall("counter", Kept) is None


def test_record_that_was_not_finished_leaves_the_old_one(tmp_path: Path):
    storage = FolderStorage(tmp_path)
    storage.keep("counter", b'{"number":1}')
    (tmp_path / "counter.part").write_bytes(b'{"num')
    assert storage.load() == {"counter": b'{"number":1}'}
    assert not (tmp_path / "counter.part").exists()


def test_folder_serves_one_station_at_a_time(tmp_path: Path):
    first = FolderStorage(tmp_path)
    with pytest.raises(FolderInUse, match="another station is using"):
        FolderStorage(tmp_path)
    first.close()
    FolderStorage(tmp_path).close()


@pytest.mark.parametrize("identity", ["CP1", "..", "a/b", "EVSE.1 ü"])
def test_every_identity_has_a_folder_of_its_own_under_the_common_one(tmp_path: Path, identity: str):
    folder = folder_of(tmp_path, identity)
    assert folder.parent == tmp_path
    assert folder.name not in ("", ".", "..")
