"""Files fetched and brought over real sockets, from servers that behave and from servers that do not."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.unit.transport.small_ftp import SmallFtp, small_ftp

from voltline.transport.files.conduct import Conduct, Fault, TransferCancelled, TransferFailed
from voltline.transport.files.transfer import bring, fetch

CONTENT = bytes(range(256)) * 2000


class _Handler(BaseHTTPRequestHandler):
    """`/fw.bin` is the file; other paths have habits."""

    server: "_Web"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        content, start = CONTENT, 0
        match self.path:
            case "/moved":
                return self._answer(302, b"", Location="/fw.bin")
            case "/circle":
                return self._answer(302, b"", Location="/circle")
            case "/private" if self.headers.get("Authorization") != "Basic dXNlcjpwQHNz":
                return self._answer(401, b"Who are you?")
            case "/gone":
                return self._answer(404, b"Nothing here.\n")
        wanted = self.headers.get("Range")
        if wanted and self.path != "/whole-only":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                return self._answer(416, b"", **{"Content-Range": f"bytes */{len(content)}"})
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.path == "/breaks" and not start:
            self.wfile.write(content[:100_000])
            self.close_connection = True
            return None
        self.wfile.write(content[start:])
        return None

    def do_PUT(self) -> None:
        if self.path.startswith("/post-only/") or self.path.startswith("/nothing/"):
            return self._answer(405, b"")
        if self.path.startswith("/too-large/"):
            self.close_connection = True
            return self._answer(413, b"Files may have 10 bytes.\n")
        self.server.brought[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        return self._answer(201, b"")

    def do_POST(self) -> None:
        if self.path.startswith("/nothing/"):
            return self._answer(501, b"")
        self.server.brought[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        return self._answer(200, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Not in a test."""


class _Web(ThreadingHTTPServer):
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.brought: dict[str, bytes] = {}

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is what the test wants."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def running(server: _Web) -> Iterator[_Web]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def web() -> Iterator[_Web]:
    with running(_Web()) as server:
        yield server


@pytest.fixture
def ftp() -> Iterator[SmallFtp]:
    with small_ftp() as server:
        server.files["fw/fw.bin"] = CONTENT
        yield server


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A file to bring."""
    path = tmp_path / "there"
    path.write_bytes(CONTENT)
    return path


def ftp_url(server: SmallFtp, path: str, scheme: str = "ftp") -> str:
    return f"{scheme}://user:p%40ss@localhost:{server.port}/{path}"


def failure(location: str, path: Path, **more: bool) -> TransferFailed:
    with pytest.raises(TransferFailed) as failed:
        fetch(location, path, Conduct(timeout_s=5), **more)
    assert "p@ss" not in str(failed.value)
    assert "p%40ss" not in str(failed.value)
    return failed.value


# ---- HTTP


def test_file_is_fetched_by_http_and_its_progress_told(web: _Web, tmp_path: Path):
    told: list[tuple[int, int | None]] = []
    fetch(f"{web.url}/fw.bin", tmp_path / "f", Conduct(progress=lambda *how: told.append(how)))
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


@pytest.mark.requirement("FWU-14")
def test_broken_download_by_http_goes_on_where_it_broke_off(web: _Web, tmp_path: Path):
    failed = failure(f"{web.url}/breaks", tmp_path / "f")
    assert failed.fault is Fault.FAILED
    had = (tmp_path / "f").stat().st_size
    assert 0 < had <= 100_000
    fetch(f"{web.url}/breaks", tmp_path / "f", Conduct(), resume=True)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert web.asked[-1][1] == f"bytes={had}-"


def test_server_that_cannot_go_on_in_the_middle_sends_all_again(web: _Web, tmp_path: Path):
    (tmp_path / "f").write_bytes(b"x" * 1000)
    fetch(f"{web.url}/whole-only", tmp_path / "f", Conduct(), resume=True)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_download_that_was_whole_already_stays(web: _Web, tmp_path: Path):
    (tmp_path / "f").write_bytes(CONTENT)
    fetch(f"{web.url}/fw.bin", tmp_path / "f", Conduct(), resume=True)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_without_resume_nothing_is_left_of_an_earlier_file(web: _Web, tmp_path: Path):
    (tmp_path / "f").write_bytes(b"x" * (len(CONTENT) + 1))
    fetch(f"{web.url}/fw.bin", tmp_path / "f", Conduct())
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_redirects_are_followed_but_not_for_ever(web: _Web, tmp_path: Path):
    fetch(f"{web.url}/moved", tmp_path / "f", Conduct())
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert "without end" in str(failure(f"{web.url}/circle", tmp_path / "f"))


def test_user_and_password_of_the_address_are_sent_by_http(web: _Web, tmp_path: Path):
    assert failure(f"{web.url}/private", tmp_path / "f").fault is Fault.DENIED
    fetch(f"{web.url}/private".replace("//", "//user:p%40ss@"), tmp_path / "f", Conduct())
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_what_the_server_says_is_told(web: _Web, tmp_path: Path):
    assert str(failure(f"{web.url}/gone", tmp_path / "f")) == "127.0.0.1 says 404 Not Found: Nothing here."


def test_file_is_brought_by_http(web: _Web, there: Path):
    told: list[tuple[int, int | None]] = []
    bring(there, f"{web.url}/up/", "my log.zip", Conduct(progress=lambda *how: told.append(how)))
    assert web.brought == {"/up/my%20log.zip": CONTENT}
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_file_is_posted_where_it_cannot_be_put(web: _Web, there: Path):
    bring(there, f"{web.url}/post-only", "d.zip", Conduct())
    assert web.brought == {"/post-only/d.zip": CONTENT}


@pytest.mark.parametrize(("folder", "fault"), [("nothing", Fault.NOT_SUPPORTED), ("too-large", Fault.FAILED)])
def test_refused_file_says_why(web: _Web, there: Path, folder: str, fault: Fault):
    with pytest.raises(TransferFailed) as failed:
        bring(there, f"{web.url}/{folder}/", "d.zip", Conduct(timeout_s=5))
    assert failed.value.fault is fault


# ---- FTP


def test_file_is_fetched_by_ftp(ftp: SmallFtp, tmp_path: Path):
    fetch(ftp_url(ftp, "fw/fw.bin"), tmp_path / "f", Conduct())
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert ftp.commands[0] == "USER user"


@pytest.mark.requirement("FWU-14")
def test_broken_download_by_ftp_goes_on_where_it_broke_off(ftp: SmallFtp, tmp_path: Path):
    ftp.break_after = 100_000
    assert failure(ftp_url(ftp, "fw/fw.bin"), tmp_path / "f").fault is Fault.FAILED
    had = (tmp_path / "f").stat().st_size
    fetch(ftp_url(ftp, "fw/fw.bin"), tmp_path / "f", Conduct(), resume=True)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert f"REST {had}" in ftp.commands


def test_longer_file_of_an_earlier_download_is_not_gone_on_with(ftp: SmallFtp, tmp_path: Path):
    (tmp_path / "f").write_bytes(b"x" * (len(CONTENT) + 5))
    fetch(ftp_url(ftp, "fw/fw.bin"), tmp_path / "f", Conduct(), resume=True)
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.requirement("LOG-08")
def test_broken_upload_by_ftp_goes_on_where_it_broke_off(ftp: SmallFtp, there: Path):
    ftp.break_after = 100_000
    with pytest.raises(TransferFailed):
        bring(there, ftp_url(ftp, "up/"), "d.zip", Conduct())
    assert len(ftp.files["up/d.zip"]) == 100_000
    bring(there, ftp_url(ftp, "up/"), "d.zip", Conduct(), resume=True)
    assert ftp.files["up/d.zip"] == CONTENT
    assert "REST 100000" in ftp.commands
    assert not any(command.startswith(("PORT", "EPRT")) for command in ftp.commands), "passive only"


@pytest.mark.parametrize(
    ("verb", "reply", "fault"),
    [
        ("PASS", "530 no", Fault.DENIED),
        ("STOR", "553 not here", Fault.DENIED),
        ("STOR", "502 cannot", Fault.NOT_SUPPORTED),
        ("STOR", "501 what?", Fault.BAD_MESSAGE),
        ("STOR", "452 full", Fault.FAILED),
    ],
)
def test_reply_of_the_ftp_server_tells_the_fault(
    ftp: SmallFtp, there: Path, verb: str, reply: str, fault: Fault
):
    ftp.refuse[verb] = reply
    with pytest.raises(TransferFailed, match=reply.replace("?", ".")) as failed:
        bring(there, ftp_url(ftp, "up/"), "d.zip", Conduct())
    assert failed.value.fault is fault


# ---- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its own certificate for localhost."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(path), "-out", f"{path}.crt"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def trusting(certificate: Path) -> Conduct:
    return Conduct(tls=ssl.create_default_context(cafile=f"{certificate}.crt"), timeout_s=5)


@pytest.mark.requirement("FWU-13")
def test_files_go_both_ways_by_ftps(server_tls: ssl.SSLContext, certificate: Path, tmp_path: Path):
    with small_ftp(server_tls) as server:
        server.files["fw.bin"] = CONTENT
        fetch(ftp_url(server, "fw.bin", "ftps"), tmp_path / "f", trusting(certificate))
        bring(tmp_path / "f", ftp_url(server, "up", "ftps"), "f", trusting(certificate))
        assert server.files["up/f"] == (tmp_path / "f").read_bytes() == CONTENT
        assert "AUTH TLS" in server.commands
        assert server.commands.index("PROT P") < server.commands.index("RETR fw.bin")


@pytest.mark.requirement("FWU-13")
def test_files_go_both_ways_by_https(server_tls: ssl.SSLContext, certificate: Path, tmp_path: Path):
    with running(_Web(server_tls)) as server:
        url = f"https://localhost:{server.server_address[1]}"
        fetch(f"{url}/fw.bin", tmp_path / "f", trusting(certificate))
        bring(tmp_path / "f", f"{url}/up/", "f", trusting(certificate))
        assert server.brought["/up/f"] == (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize("scheme", ["ftps", "https"])
def test_server_whose_certificate_nobody_vouches_for_is_not_trusted(
    server_tls: ssl.SSLContext, tmp_path: Path, scheme: str
):
    with running(_Web(server_tls)) as web, small_ftp(server_tls) as ftp:
        port = ftp.port if scheme == "ftps" else web.server_address[1]
        failed = failure(f"{scheme}://user:p%40ss@localhost:{port}/fw.bin", tmp_path / "f")
        assert "certificate" in str(failed)


# ---- addresses, and people who change their minds


@pytest.mark.parametrize(
    ("location", "fault"),
    [
        ("sftp://host/fw.bin", Fault.NOT_SUPPORTED),
        ("fw.bin", Fault.NOT_SUPPORTED),
        ("http:///fw.bin", Fault.BAD_MESSAGE),
        ("http://[half/fw.bin", Fault.BAD_MESSAGE),
        ("ftp://host:none/fw.bin", Fault.BAD_MESSAGE),
        ("http://127.0.0.1:1/fw.bin", Fault.FAILED),
    ],
)
def test_address_that_leads_nowhere_is_told_as_such(tmp_path: Path, location: str, fault: Fault):
    assert failure(location, tmp_path / "f").fault is fault


def test_no_line_break_of_an_address_reaches_an_ftp_server(ftp: SmallFtp, tmp_path: Path):
    failed = failure(ftp_url(ftp, "x%0D%0ADELE%20fw.bin"), tmp_path / "f")
    assert failed.fault is Fault.BAD_MESSAGE
    assert not any(command.startswith("DELE") for command in ftp.commands)


@pytest.mark.parametrize("protocol", ["ftp", "http"])
def test_transfer_that_nobody_wants_any_more_ends(
    ftp: SmallFtp, web: _Web, there: Path, tmp_path: Path, protocol: str
):
    cancelled = threading.Event()
    conduct = Conduct(cancelled=cancelled, progress=lambda done, _: cancelled.set() if done else None)
    location = ftp_url(ftp, "fw/fw.bin") if protocol == "ftp" else f"{web.url}/fw.bin"
    with pytest.raises(TransferCancelled):
        fetch(location, tmp_path / "f", conduct)
    assert (tmp_path / "f").stat().st_size < len(CONTENT)
    cancelled.clear()
    folder = ftp_url(ftp, "up/") if protocol == "ftp" else f"{web.url}/up/"
    with pytest.raises(TransferCancelled):
        bring(there, folder, "d.zip", conduct)
