"""What a charge point with a local list answers, by the book (S 5.10, 5.15, 7.1, 7.47, 7.48)."""

from typing import Any

from tests.system.raw_station import RawStation

ENABLED = {
    "SupportedFeatureProfiles": "Core,LocalAuthListManagement,Reservation",
    "LocalAuthListEnabled": "true",
    "SendLocalListMaxLength": "3",
    "LocalAuthListMaxLength": "100",
    "AuthorizationCacheEnabled": "true",
    "ReserveConnectorZeroSupported": "false",
}


class ListKeeper:
    """Keeps a local list and a count of cleared caches; answers GetConfiguration."""

    def __init__(self, cp: RawStation, **configuration: str) -> None:
        self.version = 0
        self.entries: dict[str, dict[str, Any]] = {}
        self.sent: list[dict[str, Any]] = []
        self.asked = 0
        self.cleared = 0
        self.refusals: list[str] = []
        """Statuses to answer the next SendLocalList with, one after the other."""
        self.configuration = ENABLED | configuration
        cp.answering["SendLocalList"] = self._send
        cp.answering["GetLocalListVersion"] = self._version
        cp.answering["ClearCache"] = self._clear
        cp.answering["GetConfiguration"] = self._get

    def _send(self, payload: dict[str, Any]) -> dict[str, str]:
        self.sent.append(payload)
        if self.refusals:
            return {"status": self.refusals.pop(0)}
        entries = payload.get("localAuthorizationList", [])
        full = payload["updateType"] == "Full"
        keys = [entry["idTag"].lower() for entry in entries]
        if len(set(keys)) < len(keys) or len(keys) > int(self.configuration["SendLocalListMaxLength"]):
            return {"status": "Failed"}
        if full and any("idTagInfo" not in entry for entry in entries):
            return {"status": "Failed"}
        if payload["listVersion"] in (0, -1):
            return {"status": "Failed"}
        if not full and payload["listVersion"] <= self.version:
            return {"status": "VersionMismatch"}
        if full:
            self.entries = {}
        for entry in entries:
            if "idTagInfo" in entry:
                self.entries[entry["idTag"]] = entry["idTagInfo"]
            else:
                self.entries.pop(entry["idTag"], None)
        if len(self.entries) > int(self.configuration["LocalAuthListMaxLength"]):
            return {"status": "Failed"}
        self.version = payload["listVersion"] if self.entries else 0
        return {"status": "Accepted"}

    def _version(self, _: Any) -> dict[str, int]:
        self.asked += 1
        return {"listVersion": self.version}

    def _clear(self, _: Any) -> dict[str, str]:
        self.cleared += 1
        return {"status": "Accepted"}

    def _get(self, payload: dict[str, Any]) -> dict[str, Any]:
        wanted = payload.get("key") or list(self.configuration)
        known = [key for key in wanted if key in self.configuration]
        return {
            "configurationKey": [
                {"key": key, "readonly": True, "value": self.configuration[key]} for key in known
            ],
            "unknownKey": [key for key in wanted if key not in known],
        }
