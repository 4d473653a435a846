"""What can be set: the name, default, limits, unit and meaning of each setting.

These declarations are the only list of settings. Reading them from files, the environment and flags
(`settings_sources`), the output of `voltline serve --print-config` and the page
docs/reference/settings.md all follow from them.
"""

from __future__ import annotations

from msgspec import Struct

from voltline.central.settings.charge_points import (
    AuthorizationSettings,
    CertificatesSettings,
    LocalListsSettings,
    ProceduresSettings,
    RegistrationSettings,
)
from voltline.central.settings.files import FilesSettings
from voltline.central.settings.inspection import InspectionSettings
from voltline.central.settings.keeping import (
    CommandsSettings,
    DataSettings,
    EventsSettings,
    MessagesSettings,
    RecordingSettings,
)
from voltline.central.settings.ports import HttpSettings, OcppSettings
from voltline.central.settings.process import LogFormat, LogLevel, LogSettings, ShutdownSettings
from voltline.central.settings.sites import SitesSettings

__all__ = [
    "AuthorizationSettings",
    "CertificatesSettings",
    "CommandsSettings",
    "DataSettings",
    "EventsSettings",
    "FilesSettings",
    "HttpSettings",
    "InspectionSettings",
    "LocalListsSettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "MessagesSettings",
    "OcppSettings",
    "ProceduresSettings",
    "RecordingSettings",
    "RegistrationSettings",
    "Settings",
    "ShutdownSettings",
    "SitesSettings",
]


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
