"""What can be set: the name, default, limits, unit and meaning of each setting.

These declarations are the only list of settings. Reading them from files, the environment and flags
(`settings_sources`), the output of `voltline serve --print-config` and the page
docs/reference/settings.md all follow from them.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from voltline.central.domain.authorization import Fallback, UnknownTags
from voltline.central.domain.certificates import SigningPolicy
from voltline.central.domain.file_jobs import Protocol
from voltline.central.domain.stations import RegistrationPolicy


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    PLAIN = "plain"
    JSON = "json"


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of voltline.toml."""


class OcppSettings(_Section, frozen=True, kw_only=True):
    """The port that charge points connect to."""

    host: Annotated[
        str,
        Meta(min_length=1, description="Address to listen on; 0.0.0.0 or :: for all addresses."),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 picks a free one.")] = 9000
    path: Annotated[
        str,
        Meta(
            pattern=r"^$|^/",
            description="Path under which charge points connect, such as /ocpp; the charge point's identity "
            "is the last segment. Empty: any path.",
            extra={"allowed": "a path that begins with a slash, such as /ocpp, or nothing"},
        ),
    ] = ""
    strict: Annotated[
        bool,
        Meta(
            description="Refuse every message that deviates from the specification by a CALLERROR, instead "
            "of using what can be used and recording the deviations."
        ),
    ] = False
    accept_missing_subprotocol: Annotated[
        bool,
        Meta(description="Take a charge point that offers no WebSocket subprotocol for one of OCPP 1.6."),
    ] = True
    max_message_bytes: Annotated[
        int,
        Meta(
            ge=1024,
            le=64 * 1024 * 1024,
            description="Longest text frame that a charge point may send.",
            extra={"unit": "bytes"},
        ),
    ] = 1024 * 1024
    ping_interval_s: Annotated[
        float,
        Meta(
            ge=1,
            le=86400,
            description="Time between two WebSocket pings to a charge point.",
            extra={"unit": "seconds"},
        ),
    ] = 60.0
    ping_timeout_s: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="A charge point that has not answered a ping for so long is disconnected.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    message_timeout_s: Annotated[
        float,
        Meta(
            ge=0.1,
            le=3600,
            description="How long a charge point may take to answer a command.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0


class HttpSettings(_Section, frozen=True, kw_only=True):
    """The port of the REST API."""

    host: Annotated[
        str,
        Meta(
            min_length=1,
            description="Address to listen on. On an address other than loopback everybody has to show a "
            "token: make one first (`voltline token add`), without one Voltline does not start there.",
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 picks a free one.")] = 8080


class DataSettings(_Section, frozen=True, kw_only=True):
    """Where what the charge points report is kept."""

    directory: Annotated[
        str,
        Meta(
            min_length=1,
            description="Folder of the database and of other files; relative to the folder in which "
            "voltline is started. Made when it is absent.",
        ),
    ] = "voltline-data"
    database_url: Annotated[
        str,
        Meta(
            pattern=r"^$|^(sqlite|postgresql)(\+[a-z]+)?://",
            description="Database: postgresql://user:password@host/name or sqlite:///path. "
            "Empty: SQLite in the file voltline.db in data.directory.",
            extra={
                "secret": True,
                "allowed": "postgresql://user:password@host/name, sqlite:///path or nothing",
            },
        ),
    ] = ""
    max_waiting: Annotated[
        int,
        Meta(
            ge=100,
            le=10_000_000,
            description="When so many messages wait for the database, no more are read from the charge "
            "points until it has caught up.",
            extra={"unit": "messages"},
        ),
    ] = 20_000

    outage_close_s: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="When the database has been out of reach for so long, charge points are disconnected "
            "and told to come back later: they keep what they could not deliver.",
            extra={"unit": "seconds"},
        ),
    ] = 20.0

    @property
    def path(self) -> Path:
        return Path(self.directory).expanduser()


class RegistrationSettings(_Section, frozen=True, kw_only=True):
    """Which charge points are let in."""

    policy: Annotated[
        RegistrationPolicy,
        Meta(
            description="accept-all: every charge point is accepted. known-only: one that is not registered "
            "is told Rejected. pending: one that is not registered is told Pending until it is."
        ),
    ] = RegistrationPolicy.ACCEPT_ALL
    heartbeat_interval_s: Annotated[
        int,
        Meta(
            ge=1,
            le=86400,
            description="Time between two heartbeats, told to accepted charge points.",
            extra={"unit": "seconds"},
        ),
    ] = 300
    retry_interval_s: Annotated[
        int,
        Meta(
            ge=1,
            le=86400,
            description="Time until the next BootNotification, told to pending and rejected charge points.",
            extra={"unit": "seconds"},
        ),
    ] = 60


class AuthorizationSettings(_Section, frozen=True, kw_only=True):
    """Who may charge."""

    unknown_tags: Annotated[
        UnknownTags,
        Meta(
            description="accept: an id tag that is not registered may charge. reject: it is told Invalid. "
            "ask: ask_url is asked while the charge point waits. Transactions are kept whatever it is told."
        ),
    ] = UnknownTags.ACCEPT
    ask_url: Annotated[
        str,
        Meta(
            pattern=r"^$|^https?://[^/]",
            description="With unknown_tags = ask: who is asked, by POST of "
            '{"idTag", "chargePoint", "connector"}; answers {"status", "expiryDate", "parentIdTag"}.',
            extra={"secret": True, "allowed": "http://host/path, https://host/path or nothing"},
        ),
    ] = ""
    ask_timeout_s: Annotated[
        float,
        Meta(
            ge=0.05,
            le=60,
            description="How long ask_url may take. Charge points wait some 30 seconds for an answer.",
            extra={"unit": "seconds"},
        ),
    ] = 5.0
    ask_fallback: Annotated[
        Fallback, Meta(description="What becomes of the id tag when ask_url gives no answer in time.")
    ] = Fallback.REJECT
    ask_remember_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long an answer of ask_url is used again: a tag is asked about when it is "
            "presented, and when its transaction starts.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    one_transaction_per_tag: Annotated[
        bool,
        Meta(
            description="Tell an id tag ConcurrentTx when it starts a second transaction while one runs. "
            "Tags that are registered with a limit of their own go by that."
        ),
    ] = False


class LocalListsSettings(_Section, frozen=True, kw_only=True):
    """Local lists of id tags in charge points, by which they work while they are offline."""

    enabled: Annotated[
        bool,
        Meta(
            description="Keep the local list of every charge point that has one as the registered id tags "
            "are, and clear caches after a tag was revoked."
        ),
    ] = True
    delay_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long after a change of id tags charge points are told, so that many changes are "
            "told together.",
            extra={"unit": "seconds"},
        ),
    ] = 2.0


class ProceduresSettings(_Section, frozen=True, kw_only=True):
    """What is done with charge points by itself, beside answering them."""

    after_boot: Annotated[
        bool,
        Meta(
            description="After each boot, and after each connect without boot, read the charge point's "
            "configuration and bring it up to date. false: a charge point is sent what is asked for, only."
        ),
    ] = True
    settle_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long a charge point is left alone after its boot was accepted.",
            extra={"unit": "seconds"},
        ),
    ] = 1.0
    boot_patience_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long a charge point that connects is given to send BootNotification. One that "
            "was accepted before need not, and is gone on with then.",
            extra={"unit": "seconds"},
        ),
    ] = 10.0


class RecordingSettings(_Section, frozen=True, kw_only=True):
    """A record of every frame, both ways, as JSON lines."""

    enabled: Annotated[
        bool, Meta(description="Record every frame in the folder frames in data.directory.")
    ] = False
    max_file_bytes: Annotated[
        int,
        Meta(
            ge=4096,
            description="Size at which a new file is begun.",
            extra={"unit": "bytes"},
        ),
    ] = 64 * 1024 * 1024
    max_files: Annotated[
        int,
        Meta(ge=1, le=10_000, description="Number of files that are kept.", extra={"unit": "files"}),
    ] = 10


class MessagesSettings(_Section, frozen=True, kw_only=True):
    """The message log: every frame, both ways, to be searched by the API."""

    enabled: Annotated[
        bool, Meta(description="Keep the message log, in the file messages.db in data.directory.")
    ] = True
    keep_days: Annotated[
        float, Meta(gt=0, le=36500, description="Frames that are older are removed.", extra={"unit": "days"})
    ] = 30.0
    max_bytes: Annotated[
        int,
        Meta(
            ge=1024 * 1024,
            le=2**50,
            description="When packed frames take up more, the oldest are removed.",
            extra={"unit": "bytes"},
        ),
    ] = 1024 * 1024 * 1024
    leave_out: Annotated[
        str,
        Meta(
            pattern=r"^$|^[A-Za-z]+(\s*,\s*[A-Za-z]+)*$",
            description="Actions whose messages are not kept, separated by commas, such as Heartbeat.",
            extra={"allowed": "names of actions, separated by commas, or nothing"},
        ),
    ] = ""

    @property
    def left_out(self) -> tuple[str, ...]:
        return _words(self.leave_out)


class CommandsSettings(_Section, frozen=True, kw_only=True):
    """The record of every command to a charge point."""

    keep_days: Annotated[
        int,
        Meta(
            ge=1,
            le=36500,
            description="How long it is known who had which command sent, and what came of it.",
            extra={"unit": "days"},
        ),
    ] = 400


class EventsSettings(_Section, frozen=True, kw_only=True):
    """The stream of events."""

    keep_days: Annotated[
        float, Meta(gt=0, le=36500, description="Events that are older are removed.", extra={"unit": "days"})
    ] = 30.0
    keep_events: Annotated[
        int,
        Meta(
            ge=1000, le=10**9, description="So many of the newest are kept at most.", extra={"unit": "events"}
        ),
    ] = 1_000_000
    transaction_update_s: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="Time between two events of the readings of one transaction.",
            extra={"unit": "seconds"},
        ),
    ] = 10.0


class FilesSettings(_Section, frozen=True, kw_only=True):
    """The server that charge points fetch firmware from and bring diagnostics and logs to.

    Each job has an address of its own with a password in it, good until the job ends.
    """

    protocols: Annotated[
        str,
        Meta(
            pattern=r"^\s*((ftp|http)\s*(,\s*(ftp|http)\s*)?)?$",
            description="What is served, the preferred protocol first. A charge point that says which it "
            "knows (SupportedFileTransferProtocols) is given one of those. Empty: there is no file server, "
            "and jobs have to name a location.",
            extra={"allowed": "ftp, http, both with a comma between, or nothing"},
        ),
    ] = "ftp, http"
    host: Annotated[str, Meta(description="Address to listen on. Empty: that of ocpp.host.")] = ""
    public_host: Annotated[
        str,
        Meta(
            description="Name or address of this machine as charge points reach it, where that is not the "
            "one that is listened on. Empty: found out for each charge point."
        ),
    ] = ""
    http_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="Port for HTTP; 0 picks a free one, as does a default port that is in use.",
        ),
    ] = 8081
    ftp_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="Port for FTP; 0 picks a free one, as does a default port that is in use.",
        ),
    ] = 2121
    passive_ports: Annotated[
        str,
        Meta(
            pattern=r"^$|^\d{1,5}-\d{1,5}$",
            description="Ports for data connections of FTP, such as 60000-60100. Empty: any free ones.",
            extra={"allowed": "two ports with a hyphen between, or nothing"},
        ),
    ] = ""
    max_file_bytes: Annotated[
        int, Meta(ge=1, le=2**40, description="Size of the largest file.", extra={"unit": "bytes"})
    ] = 1024 * 1024 * 1024
    min_free_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=2**50,
            description="No file is taken that would leave less on the disk: the database needs it.",
            extra={"unit": "bytes"},
        ),
    ] = 256 * 1024 * 1024
    upload_types: Annotated[
        str,
        Meta(
            description="Endings of the files that charge points may bring, with commas between; * for any. "
            "A file without an ending is always taken."
        ),
    ] = (
        "zip, gz, tgz, tar, bz2, xz, zst, 7z, lz4, log, txt, csv, json, xml, bin, dat, db, pcap, enc, gpg, "
        "sig, asc, diag, dump"
    )

    @property
    def offered(self) -> tuple[Protocol, ...]:
        named = (part.strip() for part in self.protocols.split(","))
        return tuple(dict.fromkeys(Protocol(part) for part in named if part))

    @property
    def passive_range(self) -> range | None:
        if not self.passive_ports:
            return None
        first, last = sorted(int(port) for port in self.passive_ports.split("-"))
        return range(max(first, 1), min(last, 65535) + 1)


class CertificatesSettings(_Section, frozen=True, kw_only=True):
    """Certificates of charge points."""

    requests: Annotated[
        SigningPolicy,
        Meta(
            description="reject: a charge point that asks for a certificate is told Rejected; its "
            "request is kept. queue: it is told Accepted, and its request waits for an operator to bring the "
            "certificate."
        ),
    ] = SigningPolicy.REJECT


class SitesSettings(_Section, frozen=True, kw_only=True):
    """Sites whose connectors share a grid connection."""

    lease_s: Annotated[
        float,
        Meta(
            ge=2,
            le=86400,
            description="How long a current above the fail-safe share is lent. It is renewed when half of it "
            "is over, and lapses by itself in a charge point that cannot be reached.",
            extra={"unit": "seconds"},
        ),
    ] = 240.0
    margin_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="By how much the clock of a charge point may be wrong, with the time that a current "
            "takes to follow: for so long a lease counts beyond its end.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    change_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="A connector is given another current at most so often, unless safety needs it.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    fresh_s: Annotated[
        float,
        Meta(
            ge=1,
            le=86400,
            description="How long a reading of a connector's or a building's meter counts.",
            extra={"unit": "seconds"},
        ),
    ] = 90.0
    noise_a: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="By which a building's meter may waver before that counts as too much, out of the "
            "`margin_a` of its fuse.",
            extra={"unit": "ampere"},
        ),
    ] = 0.5
    answer_s: Annotated[
        float,
        Meta(
            ge=0.5,
            le=3600,
            description="A charge point that has not answered a limit for so long is taken for silent.",
            extra={"unit": "seconds"},
        ),
    ] = 35.0
    period_s: Annotated[
        float,
        Meta(
            ge=0.05,
            le=3600,
            description="At most so often is a site shared out anew, unless safety needs it.",
            extra={"unit": "seconds"},
        ),
    ] = 5.0
    verify: Annotated[
        bool,
        Meta(
            description="Ask for the composite schedule after each change of a limit, and do not count on a "
            "limit above which the charge point's own schedule is."
        ),
    ] = True
    history_s: Annotated[
        float,
        Meta(
            ge=0.1,
            le=3600,
            description="Time between two entries of the history of a site.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    keep_days: Annotated[
        float,
        Meta(gt=0, le=36500, description="History that is older is removed.", extra={"unit": "days"}),
    ] = 90.0


class InspectionSettings(_Section, frozen=True, kw_only=True):
    """The inspector: it looks at all that is said between charge points and here, and tells what is wrong."""

    enabled: Annotated[
        bool,
        Meta(
            description="Look at the traffic of charge points, in a process of its own that leaves the "
            "processor to everybody else."
        ),
    ] = True
    detectors: Annotated[
        str,
        Meta(
            pattern=r"^$|^-?[A-Za-z0-9_.]+(\s*,\s*-?[A-Za-z0-9_.]+)*$",
            description="Which detectors look, by id or the beginning of one, separated by commas, such as "
            "C,T. One with a minus is left out, such as -S02. Empty: all.",
            extra={"allowed": "ids of detectors, separated by commas, or nothing"},
        ),
    ] = ""
    thresholds: Annotated[
        str,
        Meta(
            pattern=r"^$|^[A-Za-z0-9_]+\.[a-z0-9_]+=[^,]+(,\s*[A-Za-z0-9_]+\.[a-z0-9_]+=[^,]+)*$",
            description="Thresholds of detectors that are not to be the defaults, separated by commas, such "
            "as C01.bad=80, R03.after_s=5; docs/reference/detectors.md has all.",
            extra={"allowed": "ID.setting=value, separated by commas, or nothing"},
        ),
    ] = ""
    own_detectors: Annotated[
        str, Meta(description="A folder with detectors of your own. Empty: only those that are installed.")
    ] = ""
    close_after_h: Annotated[
        float,
        Meta(
            gt=0,
            le=168,
            description="A finding that was not seen for so long is closed. Those of connections, frames and "
            "answers are closed after one hour. Each time that one comes back this is doubled, up to a week.",
            extra={"unit": "hours"},
        ),
    ] = 24.0
    keep_days: Annotated[
        float,
        Meta(
            gt=0,
            le=36500,
            description="Findings that were closed before are removed.",
            extra={"unit": "days"},
        ),
    ] = 400.0
    most_memory_mib: Annotated[
        int,
        Meta(
            ge=128,
            le=2**20,
            description="Memory that the process may take up. Where that is not enough for all charge "
            "points, only some are looked at.",
            extra={"unit": "MiB"},
        ),
    ] = 1024

    @property
    def only(self) -> tuple[str, ...]:
        return tuple(word for word in _words(self.detectors) if not word.startswith("-"))

    @property
    def without(self) -> tuple[str, ...]:
        return tuple(word[1:] for word in _words(self.detectors) if word.startswith("-"))

    @property
    def folders(self) -> tuple[str, ...]:
        return (self.own_detectors,) if self.own_detectors else ()

    @property
    def settings(self) -> tuple[tuple[str, str, str], ...]:
        """Detector, name and value of each threshold."""
        parts = (word.partition("=") for word in _words(self.thresholds))
        return tuple((*name.split(".", 1), value.strip()) for name, _, value in parts)  # type: ignore[misc]


class ShutdownSettings(_Section, frozen=True, kw_only=True):
    """How the process ends."""

    grace_s: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="After SIGTERM or ctrl-C, how long messages that have arrived may take to be stored "
            "and answered before the connections are closed.",
            extra={"unit": "seconds"},
        ),
    ] = 5.0


class LogSettings(_Section, frozen=True, kw_only=True):
    """What is written to standard error."""

    level: Annotated[
        LogLevel, Meta(description="The least important lines that are written. debug shows deviations.")
    ] = LogLevel.INFO
    format: Annotated[
        LogFormat, Meta(description="plain: lines for people. json: one JSON object a line.")
    ] = LogFormat.PLAIN


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set; each attribute is a table of voltline.toml."""

    ocpp: OcppSettings = OcppSettings()
    http: HttpSettings = HttpSettings()
    data: DataSettings = DataSettings()
    registration: RegistrationSettings = RegistrationSettings()
    authorization: AuthorizationSettings = AuthorizationSettings()
    local_lists: LocalListsSettings = LocalListsSettings()
    procedures: ProceduresSettings = ProceduresSettings()
    recording: RecordingSettings = RecordingSettings()
    messages: MessagesSettings = MessagesSettings()
    inspection: InspectionSettings = InspectionSettings()
    commands: CommandsSettings = CommandsSettings()
    events: EventsSettings = EventsSettings()
    files: FilesSettings = FilesSettings()
    certificates: CertificatesSettings = CertificatesSettings()
    sites: SitesSettings = SitesSettings()
    shutdown: ShutdownSettings = ShutdownSettings()
    log: LogSettings = LogSettings()


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
