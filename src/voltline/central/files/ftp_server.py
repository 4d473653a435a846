"""The file server by FTP (RFC 959, 3659), with the access of a job as user and password.

What is resumed: downloads by REST, uploads by REST or APPE. Every folder that a charge point names is the
same one, for some build paths of their own from the address that they were given.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import warnings
from pathlib import Path
from typing import Any, ClassVar

from voltline.central.domain.files import safe_name
from voltline.central.files.porter import Pass, Porter
from voltline.central.files.shelf import Incoming, Shelf
from voltline.central.services.ports import StorageUnavailable
from voltline.central.services.ports.files import NoSpace, TooLarge

with warnings.catch_warnings():
    # Up to Python 3.11 it uses asyncore of the standard library, later a copy of its own.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.exceptions import AuthenticationFailed  # type: ignore[import-untyped]
    from pyftpdlib.filesystems import AbstractedFS, FilesystemError  # type: ignore[import-untyped]
    from pyftpdlib.handlers import DTPHandler, FTPHandler  # type: ignore[import-untyped]
    from pyftpdlib.ioloop import IOLoop  # type: ignore[import-untyped]
    from pyftpdlib.servers import FTPServer  # type: ignore[import-untyped]

log = logging.getLogger(__name__)

_COMMANDS = frozenset(
    {
        "ABOR",
        "ALLO",
        "APPE",
        "CDUP",
        "CWD",
        "EPRT",
        "EPSV",
        "FEAT",
        "HELP",
        "LIST",
        "MDTM",
        "MKD",
        "MLSD",
        "MLST",
        "MODE",
        "NLST",
        "NOOP",
        "OPTS",
        "PASS",
        "PASV",
        "PORT",
        "PWD",
        "QUIT",
        "REIN",
        "REST",
        "RETR",
        "SIZE",
        "STAT",
        "STOR",
        "STRU",
        "SYST",
        "TYPE",
        "USER",
        "XCUP",
        "XCWD",
        "XMKD",
        "XPWD",
    }
)
_FETCHING = frozenset("elrm")
_BRINGING = frozenset("elwam")
_POLL_S = 1.0
_MOST_REMEMBERED = 10_000


class _Folder(AbstractedFS):  # type: ignore[misc]
    """The folder of one job, flat."""

    def __init__(self, root: str, cmd_channel: _Session) -> None:
        super().__init__(root, cmd_channel)
        self._session = cmd_channel

    def ftp2fs(self, ftppath: str) -> str:
        """Any path as a name in the folder; for firmware, always the firmware."""
        name = os.path.basename(self.ftpnorm(ftppath).rstrip("/"))
        if not name or name in (".", ".."):
            return str(self.root)
        if (file := self._session.passed.file) is not None:
            return os.path.join(self.root, os.path.basename(file.path))
        return os.path.join(self.root, safe_name(name, "upload.bin"))

    def validpath(self, path: str) -> bool:
        return True  # ftp2fs makes no others

    def chdir(self, path: str) -> None:
        self.cwd = "/"

    def mkdir(self, path: str) -> None:
        return

    def open(self, filename: str, mode: str) -> Any:
        if mode == "rb":
            return open(filename, mode)  # the data channel closes it
        limits, name = self._session.shelf.limits, os.path.basename(filename)
        if filename == self.root:
            raise FilesystemError("name the file")
        if not limits.allows(name):
            raise FilesystemError("files of this type are not taken")
        if not self._session.shelf.has_room(self._session.passed.user, name):
            raise FilesystemError(f"{limits.max_files} files are here already")
        return Incoming(Path(filename), limits, mode=mode)


class _Data(DTPHandler):  # type: ignore[misc]
    """A data connection. That a file was taken is said once it is noted that it is here."""

    def handle_read(self) -> None:
        try:
            super().handle_read()
        except OSError as error:
            cause = error.__cause__ or error
            if isinstance(cause, TooLarge):
                self._refuse(f"552 {cause}.")
            elif isinstance(cause, NoSpace):
                self._refuse(f"452 {cause}.")
            else:
                self._refuse("451 The file cannot be written.")

    handle_read_event = handle_read

    def _refuse(self, answer: str) -> None:
        log.warning("%s could not bring a file: %s", self.cmd_channel.passed.job.identity, answer)
        self._resp = (answer, log.debug)
        self.close()
        self.file_obj.path.unlink(missing_ok=True)

    def close(self) -> None:
        if (
            not self._closed
            and self.receive
            and isinstance(self.file_obj, Incoming)
            and (refusal := self._stored(self.file_obj)) is not None
        ):
            self.transfer_finished = False
            self._resp = (refusal, log.warning)
        super().close()

    def _stored(self, incoming: Incoming) -> str | None:
        """Why a file that was received cannot be kept; None: it is, or was not received whole."""
        try:
            incoming.close()
        except OSError as error:
            return f"452 {error}."
        if not self.transfer_finished:
            return None
        session: _Session = self.cmd_channel
        content = session.shelf.content(incoming.path, incoming.path.name, incoming)
        if session.porter.arrived_on_thread(session.passed.user, content):
            log.info(
                "%s has brought %s by FTP: %d bytes",
                session.passed.job.identity,
                content.name,
                content.size_bytes,
            )
            return None
        return "451 This cannot be noted just now; try again."


class _Session(FTPHandler):  # type: ignore[misc]
    """A control connection."""

    porter: Porter
    shelf: Shelf
    passed: Pass
    banner = "Ready."
    use_gmt_times = True
    max_login_attempts = 3
    auth_failed_timeout = 1
    proto_cmds: ClassVar[dict[str, Any]] = {
        name: told for name, told in FTPHandler.proto_cmds.items() if name in _COMMANDS
    }
    abstracted_fs = _Folder
    dtp_handler = _Data

    def ftp_STOR(self, file: str, mode: str = "w") -> str | None:  # noqa: N802 - named by pyftpdlib
        try:
            self.shelf.require_space()
        except NoSpace as error:
            log.error("%s could not bring a file: %s", self.passed.job.identity, error)
            self.respond(f"452 {error}.")
            return None
        stored: str | None = super().ftp_STOR(file, mode)
        return stored

    def on_file_sent(self, file: str) -> None:
        if self.passed.file is not None and os.path.isfile(file):
            log.info("%s has fetched %s by FTP", self.passed.job.identity, os.path.basename(file))
            self.porter.fetched_on_thread(self.passed.user, "FTP")


class _Authorizer:
    """See `pyftpdlib.authorizers.DummyAuthorizer`, whose place it takes. On the thread of the server."""

    def __init__(self, porter: Porter, shelf: Shelf) -> None:
        self._porter = porter
        self._shelf = shelf
        self._passed: dict[str, Pass] = {}

    def validate_authentication(self, username: str, password: str, handler: _Session) -> None:
        try:
            passed = self._porter.admit(username, password)
        except StorageUnavailable:
            raise AuthenticationFailed("This cannot be looked up just now; try again.") from None
        if passed is None:
            raise AuthenticationFailed("Authentication failed.")
        handler.passed = self._passed[username] = passed
        while len(self._passed) > _MOST_REMEMBERED:
            del self._passed[next(iter(self._passed))]

    def get_home_dir(self, username: str) -> str:
        passed = self._passed[username]
        if passed.file is not None:
            return str(self._shelf.path(passed.file).parent)
        return str(self._shelf.job_folder(username))

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        passed = self._passed.get(username)
        if passed is None or perm not in (_BRINGING if passed.file is None else _FETCHING):
            return False
        # A job may end while somebody is logged in.
        return perm not in "rwa" or self._porter.is_open(username)

    def get_perms(self, username: str) -> str:
        passed = self._passed.get(username)
        return "" if passed is None else "".join(_BRINGING if passed.file is None else _FETCHING)

    def get_msg_login(self, username: str) -> str:
        return "Welcome."

    def get_msg_quit(self, username: str) -> str:
        return "Goodbye."

    def impersonate_user(self, username: str, password: str) -> None:
        return

    def terminate_impersonation(self, username: str) -> None:
        return


class FtpListener:
    """Serves FTP on a socket, on a thread of its own."""

    def __init__(
        self,
        listening: socket.socket,
        porter: Porter,
        shelf: Shelf,
        *,
        passive_ports: range | None = None,
        public_host: str | None = None,
    ) -> None:
        """`passive_ports` are those of data connections, any if None. `public_host` is told in the answer to
        PASV; None: the address that the control connection came to."""
        _let_its_log_be()
        settings: dict[str, Any] = {
            "authorizer": _Authorizer(porter, shelf),
            "porter": porter,
            "shelf": shelf,
            "passive_ports": passive_ports,
            "masquerade_address": public_host,
        }
        self._loop = IOLoop()
        self._server = FTPServer(listening, type("Session", (_Session,), settings), ioloop=self._loop)
        self._server.max_cons = 256
        self._server.max_cons_per_ip = 64
        self._address = self._server.address
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ftp server", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it and what it transfers. Blocks for a moment."""
        self._stopping.set()
        try:
            socket.create_connection(self._address, timeout=_POLL_S).close()  # wakes it
        except OSError as error:
            log.debug("the FTP server was not woken: %s", error)
        self._thread.join(timeout=5 * _POLL_S)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._loop.loop(timeout=_POLL_S, blocking=False)
        except Exception:
            log.exception("the FTP server has ended")
        finally:
            self._loop.close()


def _let_its_log_be() -> None:
    """Keep pyftpdlib from setting up a log of its own on standard error."""
    logger = logging.getLogger("pyftpdlib")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)
