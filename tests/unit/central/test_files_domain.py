"""Names of files, addresses and what statuses mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.central.domain.file_jobs import (
    Access,
    FileJobKind,
    News,
    Protocol,
    chosen_protocol,
    news,
    protocols_of,
    request_id,
)
from voltline.central.domain.files import UploadLimits, safe_name, upload_types
from voltline.central.procedures.file_jobs import location_of
from voltline.central.services.file_jobs import shown
from voltline.messages import (
    DiagnosticsStatus,
    FirmwareStatus,
    SignedFirmwareStatus,
    UploadLogStatus,
)

WORDS = {
    FileJobKind.FIRMWARE_UPDATE: FirmwareStatus,
    FileJobKind.SIGNED_FIRMWARE_UPDATE: SignedFirmwareStatus,
    FileJobKind.DIAGNOSTICS: DiagnosticsStatus,
    FileJobKind.LOG: UploadLogStatus,
}


@given(st.text())
def test_a_safe_name_is_one_name(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= 100
    assert not set(safe) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert not safe.startswith(".")
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("fw-2.0.bin", "fw-2.0.bin"),
        ("../../etc/passwd", "passwd"),
        ("C:\\logs\\a b.log", "a_b.log"),
        (".htaccess", "htaccess"),
        ("..", "file"),
        ("", "file"),
        ("x" * 300 + ".tar.gz", "x" * 97 + ".gz"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_types_of_uploads_are_told_by_their_endings() -> None:
    limits = UploadLimits(max_bytes=1, min_free_bytes=0, types=upload_types("zip, .LOG"))
    assert [limits.allows(name) for name in ("a.zip", "a.log", "A.Log", "noending", "a.html")] == [
        True,
        True,
        True,
        True,
        False,
    ]
    assert UploadLimits(max_bytes=1, min_free_bytes=0, types=upload_types("*")).allows("a.html")


@pytest.mark.parametrize("kind", list(FileJobKind))
def test_every_word_of_the_specification_means_something(kind: FileJobKind) -> None:
    for word in WORDS[kind]:
        assert news(kind, None, str(word)) is not News.UNKNOWN
    assert news(kind, None, "Dreaming") is News.UNKNOWN


@pytest.mark.parametrize("kind", list(FileJobKind))
def test_nothing_comes_after_success(kind: FileJobKind) -> None:
    end = "Installed" if kind.is_firmware else "Uploaded"
    for word in WORDS[kind]:
        if str(word) not in (end, "Idle"):
            assert news(kind, end, str(word)) is News.LATE


def test_requests_of_different_attempts_differ() -> None:
    numbers = [request_id(job, attempt) for job in range(1, 50) for attempt in range(1, 11)]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.requirement("FWU-13", "FWU-14", "DGN-08")
def test_protocol_is_one_that_the_charge_point_knows_or_else_the_preferred_one() -> None:
    both = (Protocol.FTP, Protocol.HTTP)
    assert chosen_protocol(None, frozenset(), both) is Protocol.FTP
    assert chosen_protocol(None, protocols_of("HTTP, HTTPS"), both) is Protocol.HTTP
    assert chosen_protocol(None, protocols_of("sftp"), both) is Protocol.FTP
    assert chosen_protocol(Protocol.HTTP, protocols_of("FTP"), both) is Protocol.HTTP
    assert chosen_protocol(Protocol.FTP, frozenset(), (Protocol.HTTP,)) is None
    assert chosen_protocol(None, frozenset(), ()) is None


@pytest.mark.requirement("FWU-13")
def test_addresses() -> None:
    access = Access(user="u1", password="p1")
    ftp = location_of(Protocol.FTP, "10.0.0.1", 2121, access, "fw 2.bin")
    assert ftp == "ftp://u1:p1@10.0.0.1:2121/fw%202.bin"
    assert location_of(Protocol.HTTP, "::1", 80, access, None) == "http://[::1]:80/u1-p1/"


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("ftp://u:p@h:21/d/f", "ftp://u:***@h:21/d/f"),
        ("ftp://u:p@x@h/d@f", "ftp://u:***@h/d@f"),
        ("http://h/d/f", "http://h/d/f"),
        ("ftp://u@h/f", "ftp://u@h/f"),
        ("nonsense", "nonsense"),
    ],
)
def test_passwords_are_not_shown(location: str, told: str) -> None:
    assert shown(location) == told
