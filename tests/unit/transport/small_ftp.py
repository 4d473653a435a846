"""A small FTP server on real sockets, which can fail as servers do (RFC 959, 4217)."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class SmallFtp:
    """Serves `files` (by path, in memory) to one user; whoever connects is served in turn."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.folders = {"up"}
        self.commands: list[str] = []
        self.break_after: int | None = None
        """Hang up after so many bytes of the next file."""
        self.refuse: dict[str, str] = {}
        """Answer these commands so."""
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                control, _ = self._listening.accept()
            except OSError:
                return
            with suppress(OSError):
                _Session(self, control, self._tls).run()


class _Session:
    def __init__(self, server: SmallFtp, control: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self._tls = tls
        self._control = control
        self._lines = control.makefile("r", encoding="utf-8", newline="\r\n")
        self._data: socket.socket | None = None
        self._folder = ""
        self._rest = 0
        self._private = False

    def run(self) -> None:
        self._say("220 ready")
        while line := self._lines.readline().strip():
            verb, _, argument = line.partition(" ")
            self._server.commands.append(line)
            refusal = self._server.refuse.get(verb)
            if refusal is not None:
                self._say(refusal)
            elif verb == "QUIT":
                self._say("221 bye")
                break
            elif not self._do(verb, argument):
                break
        self._lines.close()
        self._control.close()
        if self._data is not None:
            self._data.close()

    def _say(self, text: str) -> None:
        self._control.sendall(f"{text}\r\n".encode())

    def _do(self, verb: str, argument: str) -> bool:
        path = f"{self._folder}/{argument}".strip("/")
        files = self._server.files
        match verb:
            case "AUTH":
                self._say("234 go on")
                assert self._tls is not None
                self._control = self._tls.wrap_socket(self._control, server_side=True)
                self._lines = self._control.makefile("r", encoding="utf-8", newline="\r\n")
            case "USER":
                self._say("331 password?")
            case "PASS":
                self._say("230 in" if argument == "p@ss" else "530 no")
            case "PROT":
                self._private = argument == "P"
                self._say("200 ok")
            case "TYPE" | "PBSZ":
                self._say("200 ok")
            case "CWD":
                known = argument in self._server.folders
                self._folder = argument if known else self._folder
                self._say("250 ok" if known else "550 no such folder")
            case "SIZE":
                self._say(f"213 {len(files[path])}" if path in files else "550 no such file")
            case "PASV":
                self._data = socket.create_server(("127.0.0.1", 0))
                high, low = divmod(self._data.getsockname()[1], 256)
                self._say(f"227 here (127,0,0,1,{high},{low})")
            case "REST":
                self._rest = int(argument)
                self._say("350 ok")
            case "RETR":
                return self._send(files.get(path))
            case "STOR":
                return self._take(path)
            case _:
                self._say("502 unknown")
        return True

    def _connection(self) -> socket.socket:
        assert self._data is not None
        with self._data:
            connection, _ = self._data.accept()
        if self._private:
            assert self._tls is not None
            connection = self._tls.wrap_socket(connection, server_side=True)
        return connection

    def _send(self, content: bytes | None) -> bool:
        if content is None:
            self._say("550 no such file")
            return True
        rest, self._rest = self._rest, 0
        self._say("150 it comes")
        with self._connection() as data:
            end = self._server.break_after
            self._server.break_after = None
            data.sendall(content[rest : None if end is None else rest + end])
            if self._private:
                data.unwrap()
        if end is not None:
            return False
        self._say("226 done")
        return True

    def _take(self, path: str) -> bool:
        rest, self._rest = self._rest, 0
        self._say("150 let it come")
        content = self._server.files.get(path, b"")[:rest]
        end, self._server.break_after = self._server.break_after, None
        with self._connection() as data:
            while block := data.recv(65536):
                content += block
                if end is not None and len(content) >= end:
                    content = content[:end]
                    break
        self._server.files[path] = content
        if end is not None:
            return False
        self._say("226 done")
        return True


@contextmanager
def small_ftp(tls: ssl.SSLContext | None = None) -> Iterator[SmallFtp]:
    """It serves within the context."""
    server = SmallFtp(tls)
    try:
        yield server
    finally:
        server.close()
