"""Group F: firmware, commands that were not done, and secrets."""

from typing import Any

import pytest
from tests.unit.inspection.inspection_lab import Log, clock

from voltline.inspection.findings import Severity, Who
from voltline.inspection.secrets import secrets_in, without_secrets

KEY = "5f3c9a77d1e24b60a9b7"


def boot(log: Log, firmware: str) -> Log:
    return log.later(30).ask(
        "BootNotification",
        {"chargePointVendor": "Lab", "chargePointModel": "One", "firmwareVersion": firmware},
        {"currentTime": clock(log.now), "interval": 300, "status": "Accepted"},
    )


def update(log: Log, **more: Any) -> Log:
    request = {"location": "ftp://files.example/fw.bin", "retrieveDate": clock(log.now)} | more
    return log.later(60).ask("UpdateFirmware", request, {}, by_central=True)


def progress(log: Log, *statuses: str) -> Log:
    for status in statuses:
        log.later(60).ask("FirmwareStatusNotification", {"status": status})
    return log


# ---- F01


@pytest.mark.parametrize("status", ["DownloadFailed", "InstallationFailed"])
def test_f01_tells_a_failure(status: str) -> None:
    (finding,) = progress(update(boot(Log(), "1.0")), "Downloading", status).found("F01")
    assert finding.title == f"Firmware update failed: {status}"


def test_f01_tells_an_update_without_end() -> None:
    log = progress(update(boot(Log(), "1.0")), "Downloading").later(4000).heartbeat()
    (finding,) = log.found("F01")
    assert finding.title == "Firmware update stalled"


def test_f01_tells_one_that_changed_nothing_or_went_back() -> None:
    log = boot(
        progress(update(boot(Log(), "1.0")), "Downloading", "Downloaded", "Installing", "Installed"), "1.0"
    )
    assert [one.title for one in log.found("F01")] == ["Firmware update changed nothing"]
    log = boot(progress(update(boot(Log(), "1.10")), "Installed"), "1.9")
    assert [one.title for one in log.found("F01")] == ["Firmware version went back"]


def test_f01_lets_boot_and_installed_come_in_either_order() -> None:
    log = boot(progress(update(boot(Log(), "1.9")), "Downloading", "Installed"), "1.10")
    assert log.later(4000).heartbeat().found("F01") == []
    log = progress(boot(progress(update(boot(Log(), "1.9")), "Installing"), "1.10"), "Installed")
    assert log.later(4000).heartbeat().found("F01") == []


def test_f01_waits_for_the_date_that_was_given_and_for_the_end_of_the_log() -> None:
    log = boot(Log(), "1.0")
    assert update(log, retrieveDate=clock(86400)).later(4000).heartbeat().found("F01") == []
    assert progress(update(boot(Log(), "1.0")), "Downloading").later(600).heartbeat().found("F01") == []


# ---- F02


def change(log: Log, key: str, status: str) -> Log:
    request = {"key": key, "value": "1"}
    return log.later(5).ask("ChangeConfiguration", request, {"status": status}, by_central=True)


def test_f02_tells_uploads_locks_and_lists_that_failed() -> None:
    log = Log().boot().ask("DiagnosticsStatusNotification", {"status": "UploadFailed"})
    log.ask("UnlockConnector", {"connectorId": 2}, {"status": "UnlockFailed"}, by_central=True)
    request = {"listVersion": 3, "updateType": "Differential", "localAuthorizationList": []}
    log.ask("SendLocalList", request, {"status": "VersionMismatch"}, by_central=True)
    assert {one.title for one in log.found("F02")} == {
        "Upload failed",
        "Unlock failed",
        "Local list not taken: VersionMismatch",
    }


def test_f02_weighs_settings_by_whether_the_key_is_obligatory() -> None:
    severities = {
        ("HeartbeatInterval", "NotSupported"): Severity.WARNING,
        ("BlinkRepeat", "NotSupported"): Severity.INFO,
        ("VendorThing", "NotSupported"): Severity.INFO,
        ("HeartbeatInterval", "Rejected"): Severity.WARNING,
        ("HeartbeatInterval", "RebootRequired"): Severity.INFO,
    }
    for (key, status), severity in severities.items():
        (finding,) = change(Log().boot(), key, status).found("F02")
        assert finding.severity is severity, (key, status)


def test_f02_is_silent_when_all_goes_well() -> None:
    log = change(Log().boot(), "HeartbeatInterval", "Accepted")
    log.ask("DiagnosticsStatusNotification", {"status": "Uploaded"})
    log.ask("UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}, by_central=True)
    assert log.found("F02") == []


# ---- F03


def event(log: Log, kind: str) -> Log:
    return log.ask("SecurityEventNotification", {"type": kind, "timestamp": clock(log.now)})


def test_f03_tells_suspicious_events_from_everyday_ones() -> None:
    (finding,) = event(Log().boot(), "TamperDetectionActivated").found("F03")
    assert finding.severity is Severity.ERROR
    (finding,) = event(Log().boot(), "StartupOfTheDevice").found("F03")
    assert finding.severity is Severity.INFO


def test_f03_tells_a_key_in_clear_and_never_shows_it() -> None:
    request = {"key": "AuthorizationKey", "value": KEY}
    log = Log().boot().ask("ChangeConfiguration", request, {"status": "Rejected"}, by_central=True)
    log.note(f"[Info]CommandParsing:key=AuthorizationKey,value={KEY}")
    findings, _ = log.inspected()
    told = [one for one in findings if one.detector == "F03"]
    assert [(one.who, one.count) for one in told] == [(Who.LOG_KEEPER, 2)]
    assert not [one for one in findings if any(KEY in line.text for line in one.evidence) or KEY in one.text]


@pytest.mark.parametrize(
    "line",
    [
        '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"********"}]',
        '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":""}]',
        "CommandParsing:key=AuthorizationKey,value=false",
        '[2,"1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"600"}]',
    ],
)
def test_f03_does_not_take_a_masked_or_missing_key_for_one(line: str) -> None:
    assert secrets_in(line) == ()
    assert without_secrets(line) == line


@pytest.mark.parametrize(
    "line",
    [
        f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{KEY}"}}]',
        f'[2,"1","ChangeConfiguration",{{"value": "{KEY}", "key": "authorizationkey"}}]',
        f'"OCPP1.6" TX: "[3,\\"1\\",{{\\"configurationKey\\":[{{\\"key\\":\\"AuthorizationKey\\",'
        f'\\"readonly\\":false,\\"value\\":\\"{KEY}\\"}}]}}]"',
        f"Authorization: Basic {KEY}==",
        f"location=ftp://user:{KEY}@files.example/x",
    ],
)
def test_keys_are_taken_out_of_every_form_of_line(line: str) -> None:
    assert KEY not in without_secrets(line)
