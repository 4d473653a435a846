"""Files, folders, archives, rotated logs: what is opened, in which order, and what is said where not."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

from voltline.inspection.records import Direction
from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import Source, Unreadable, sources
from voltline.logbook.reading import read


def line(number: int, day: int = 1) -> str:
    at = f"2026-03-{day:02} 07:00:{number:02}"
    return f'{at} INFO ocpp CP-1: receive message [2,"{day}-{number}","Heartbeat",{{}}]\n'


def ids(paths: list[Path]) -> list[str]:
    return [
        record.text.split('"')[1]
        for source in sources(paths)
        for record in read(source, Coverage(source.name))
    ]


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda raw: raw])
def test_a_packed_log_is_unpacked_whatever_its_name(tmp_path: Path, pack: object) -> None:
    path = tmp_path / "mail-attachment"
    path.write_bytes(pack(line(1).encode()))  # type: ignore[operator]
    assert ids([path]) == ["1-1"]


def test_archives_within_archives_are_opened(tmp_path: Path) -> None:
    inner = tarred({"logs/b.log": line(2).encode(), "logs/c.log.gz": gzip.compress(line(3).encode())})
    path = tmp_path / "all.dat"
    path.write_bytes(zipped({"a.log": line(1).encode(), "more.tgz": inner, "__MACOSX/._a.log": b"\0"}))
    assert sorted(ids([path])) == ["1-1", "1-2", "1-3"]
    assert [source.name.removeprefix(f"{path}/") for source in sources([path])] == [
        "a.log",
        "more.tgz/logs/b.log",
        "more.tgz/logs/c.log.gz",
    ]


def test_a_folder_is_read_with_everything_below_it_but_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "x.log").write_text(line(1))
    (tmp_path / ".hidden").write_text(line(2))
    assert ids([tmp_path]) == ["1-1"]


@pytest.mark.parametrize(
    "names",
    [
        ["cp.log.10", "cp.log.9.gz", "cp.log.1", "cp.log"],
        ["cp.log-20260301", "cp.log-20260302.gz", "cp.log.1", "cp.log"],
        ["ocpp.20260301101500.log", "ocpp.20260302101500.log", "ocpp.20260303101500.log", "ocpp.log"],
        ["cp.1.log", "cp.2.log", "cp.3.log", "cp.4.log"],
    ],
)
def test_rotated_files_are_read_oldest_first_by_what_is_in_them(tmp_path: Path, names: list[str]) -> None:
    for day, name in enumerate(names, 1):
        content = line(1, day).encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert ids([tmp_path]) == [f"{day}-1" for day in range(1, 5)]
    assert len({source.log for source in sources([tmp_path])}) == 1


def test_rotated_files_without_a_year_are_ordered_by_their_numbers(tmp_path: Path) -> None:
    for name, text in {"ocpp.csv": "c", "ocpp.csv.0": "b", "ocpp.csv.9": "a"}.items():
        (tmp_path / name).write_text(
            f'Feb 17 23:41:46.159 [Info][OCPP16J]HeartbeatReq:pu8SendBuf=[2,"{text}","Heartbeat",{{}}]\n'
        )
    assert ids([tmp_path]) == ["a", "b", "c"]


def test_files_of_one_frame_each_are_one_log_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "2026-03-01_06-00-00-2401_ocpp16-out.txt").write_text('[3,"h1",\n{}]')
    (tmp_path / "2026-03-01_06-00-00-2338_ocpp16-in.txt").write_text('[2,"h1","Heartbeat",{}]')
    (source,) = sources([tmp_path])
    records = list(read(source, Coverage(source.name)))
    assert [(record.direction, record.line) for record in records] == [
        (Direction.FROM_STATION, 1),
        (Direction.FROM_CENTRAL, 2),
    ]


def test_a_damaged_archive_is_read_as_far_as_it_goes_and_the_rest_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    whole = gzip.compress(
        b"".join(os.urandom(40).hex().encode() + b" " + line(1).encode() for _ in range(5000))
    )
    path.write_bytes(whole[: len(whole) // 2])
    (source,) = sources([path])
    coverage = Coverage(source.name)
    assert 1000 < sum(1 for _ in read(source, coverage)) < 5000
    assert coverage.problem is not None
    assert "ends early" in coverage.problem


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7 \0", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0", "picture"),
        (b"SQLite format 3\0", "export the table"),
        (b"\x28\xb5\x2f\xfd\0", "zstd -d"),
        (zipped({"[Content_Types].xml": b"<x/>", "xl/a.xml": b"<x/>"}), "save it as CSV"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "save it as CSV"),
        (zipped({}), "without a log"),
        (zipped({"a.log": b"x"})[:30], "without a log"),
        (bytes(range(256)) * 4, "binary file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",  # the archives hold the time of day
)
def test_what_is_no_log_is_refused_with_what_to_do_instead(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "thing.log"
    path.write_bytes(content)
    (source,) = sources([path])
    coverage = Coverage(source.name)
    assert list(read(source, coverage)) == []
    assert coverage.problem is not None
    assert said in coverage.problem
    assert "thing.log" in coverage.problem


def test_a_path_with_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no such file"):
        sources([tmp_path / "missing.log"])
    with pytest.raises(Unreadable, match="empty"):
        sources([tmp_path])


def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(line(1)))
    writer.start()
    assert ids([pipe]) == ["1-1"]
    writer.join()


def test_progress_is_told_in_bytes_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_text(line(1) * 30_000)
    told: list[tuple[int, int | None]] = []
    (source,) = sources([path])
    for _ in read(source, Coverage(source.name), lambda done, size: told.append((done, size))):
        pass
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert len(told) > 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_encoding_is_told_by_the_bytes(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "windows.log"
    text = '2026-03-01 07:00:00 send [2,"1","DataTransfer",{"vendorId":"Ladesäule"}]\r\n' * 3
    path.write_bytes(text.encode(encoding))
    (source,) = sources([path])
    records = list(read(source, Coverage(source.name)))
    assert [record.text for record in records] == ['[2,"1","DataTransfer",{"vendorId":"Ladesäule"}]'] * 3


@pytest.mark.parametrize("hole", [b"\0" * 4096, b"\0" * 4095])
def test_zeros_that_a_loss_of_power_left_take_no_line_with_them(tmp_path: Path, hole: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(hole + line(1).encode() + hole + line(2).encode())
    assert ids([path]) == ["1-1", "1-2"]


def test_an_archive_of_nothing_but_links_is_said_to_have_no_log(tmp_path: Path) -> None:
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("log")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/hosts"
        archive.addfile(entry)
    (source,) = sources([path])
    coverage = Coverage(source.name)
    assert list(read(source, coverage)) == []
    assert "without a log" in (coverage.problem or "")


def test_links_of_a_folder_to_itself_are_not_followed_for_ever(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(line(1))
    (tmp_path / "self").symlink_to(tmp_path)
    (tmp_path / "nowhere.log").symlink_to(tmp_path / "missing")
    assert ids([tmp_path]) == ["1-1"]


@pytest.mark.timeout(30)
def test_a_line_without_an_end_is_read_in_little_memory_and_time(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"A" * (32 << 20) + b"\n" + line(1).encode())
    begun = time.process_time()
    (source,) = sources([path])
    coverage = Coverage(source.name)
    assert len(list(read(source, coverage))) == 1
    assert time.process_time() - begun < 5
    assert (coverage.lines, coverage.skipped) == (2, 1)


def test_a_source_can_be_sent_to_another_process(tmp_path: Path) -> None:
    import pickle

    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.log": line(1).encode()}))
    (source,) = sources([path])
    again: Source = pickle.loads(pickle.dumps(source))
    assert again == source
    assert len(list(read(again, Coverage(again.name)))) == 1
