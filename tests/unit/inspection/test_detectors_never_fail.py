"""Whatever a log holds, in whatever order, with times or without: detectors tell findings and never fail."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.inspection.inspection_lab import Log, clock

CONNECTORS = st.sampled_from([-1, 0, 1, 2])
IDS = st.sampled_from([-1, 0, 1, 2, 2**63])
TIMES = st.sampled_from([clock(0), clock(3600), clock(-86400), "2026-03-01 09:00", "never", None])
STATUSES = st.sampled_from(
    ["Available", "Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Faulted", "Odd"]
)
ANSWERS = st.sampled_from(["Accepted", "Rejected", "Blocked", "Pending", "", None])
LIMITS = st.sampled_from([-5, 0, 0.1, 5.55, 16])
NUMBERS = st.sampled_from(["0", "230", "-1", "", "1e400", "NaN", "23000", "abc"])
MEASURANDS = st.sampled_from(
    ["Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage", "SoC", "Odd"]
)

PROFILES = st.builds(
    lambda purpose, kind, limits, start, tx: {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "transactionId": tx,
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "startSchedule": start,
            "chargingSchedulePeriod": [{"startPeriod": 60 * n, "limit": x} for n, x in enumerate(limits)],
        },
    },
    st.sampled_from(["TxProfile", "TxDefaultProfile", "ChargePointMaxProfile"]),
    st.sampled_from(["Absolute", "Relative", "Recurring"]),
    st.lists(LIMITS, max_size=12),
    TIMES,
    IDS,
)


def _call(
    action: str, *, by_central: bool = False, **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(action), st.fixed_dictionaries(fields), st.just(by_central))


CALLS = st.one_of(
    _call("BootNotification", firmwareVersion=st.sampled_from(["1.0", "0.9", "", "x"])),
    _call("StatusNotification", connectorId=CONNECTORS, status=STATUSES, timestamp=TIMES, errorCode=STATUSES),
    _call("Authorize", idTag=st.sampled_from(["A", "04A1B2C3", "04A1B2C300", ""])),
    _call("StartTransaction", connectorId=CONNECTORS, idTag=st.just("A"), meterStart=IDS, timestamp=TIMES),
    _call("StopTransaction", transactionId=IDS, meterStop=IDS, timestamp=TIMES, reason=STATUSES),
    _call(
        "MeterValues",
        connectorId=CONNECTORS,
        transactionId=IDS,
        meterValue=st.lists(
            st.fixed_dictionaries(
                {
                    "timestamp": TIMES,
                    "sampledValue": st.lists(
                        st.fixed_dictionaries({"value": NUMBERS, "measurand": MEASURANDS}), max_size=3
                    ),
                }
            ),
            max_size=2,
        ),
    ),
    _call("Heartbeat"),
    _call("FirmwareStatusNotification", status=st.sampled_from(["Installed", "DownloadFailed", "Odd"])),
    _call("SecurityEventNotification", type=st.just("Odd"), timestamp=TIMES),
    _call("Reset", by_central=True, type=st.sampled_from(["Hard", "Soft"])),
    _call("RemoteStartTransaction", by_central=True, idTag=st.just("A"), chargingProfile=PROFILES),
    _call("SetChargingProfile", by_central=True, connectorId=CONNECTORS, csChargingProfiles=PROFILES),
    _call("ClearChargingProfile", by_central=True, id=IDS),
    _call("UpdateFirmware", by_central=True, location=st.just("x"), retrieveDate=TIMES),
    _call("ChangeConfiguration", by_central=True, key=st.just("MeterValueSampleInterval"), value=NUMBERS),
)
RESPONSES = st.fixed_dictionaries(
    {},
    optional={
        "status": ANSWERS,
        "transactionId": IDS,
        "currentTime": TIMES,
        "interval": IDS,
        "idTagInfo": st.fixed_dictionaries({"status": ANSWERS}),
    },
)
STEPS = st.tuples(
    CALLS, RESPONSES, st.booleans(), st.sampled_from([0, 1, 60, 4000]), st.sampled_from(["", "lost", "note"])
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=40), st.booleans())
def test_detectors_never_fail(steps: list[Any], timed: bool) -> None:
    log = Log(timed=timed).boot()
    for (action, payload, by_central), response, answered, pause, beside in steps:
        log.later(pause)
        if beside == "lost":
            log.disconnected().connected()
        elif beside == "note":
            log.note("Jan  1 00:00:00 OpenWrt user.info: syslogd started, EV0106 NG, 40204 = 0")
        if answered:
            log.ask(action, payload, response, by_central=by_central)
        else:
            log.call(action, payload, by_central=by_central)
    findings, _ = log.inspected()
    assert all(one.text and one.next_step and one.title for one in findings)
