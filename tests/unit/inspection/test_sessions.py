"""Sessions are rebuilt as they were, and say what is not known of them."""

from tests.unit.inspection.inspection_lab import Log, clock, events_of

from voltline.inspection.sessions import Ending, Session, SessionClosed, SessionOpened
from voltline.messages import AuthorizationStatus, Reason


def energy(wh: float, unit: str = "Wh") -> dict[str, str]:
    return {"value": str(wh), "measurand": "Energy.Active.Import.Register", "unit": unit}


def power(kw: float) -> dict[str, str]:
    return {"value": str(kw), "measurand": "Power.Active.Import", "unit": "kW"}


def sessions(log: Log) -> list[Session]:
    return [one.session for one in events_of(log) if isinstance(one, SessionClosed)]


def test_a_session_from_start_to_stop_has_everything() -> None:
    log = Log().boot().status("Preparing").start(transaction=9, meter=1000)
    log.later(60).status("Charging").meter(energy(1500), power(7.4), transaction=9)
    log.later(60).meter(energy(2.5, "kWh"), power(11), transaction=9)
    log.later(60).stop(transaction=9, meter=3000, reason="EVDisconnected")
    (session,) = sessions(log)
    assert (session.connector, session.transaction_id, session.id_tag) == (1, 9, "TAG1")
    assert session.energy_wh == 2000
    assert session.peak_power_w == 11_000
    assert session.authorization is AuthorizationStatus.ACCEPTED
    assert session.reason is Reason.EV_DISCONNECTED
    assert session.ending is Ending.STOPPED
    assert [point.energy_wh for point in session.curve] == [1500, 2500]
    assert session.unknowns == ()


def test_two_connectors_are_two_sessions() -> None:
    log = Log().start(1, connector=1, meter=100).start(2, connector=2, meter=700)
    log.later(60).stop(2, meter=800).later(60).stop(1, meter=500)
    assert [(one.connector, one.energy_wh) for one in sessions(log)] == [(2, 100), (1, 400)]


def test_a_session_that_began_before_the_log_is_known_by_its_meter_values() -> None:
    log = Log().heartbeat()
    log.later(60).meter(energy(5000), transaction=77).later(60).meter(energy(5400), transaction=77)
    (session,) = sessions(log)
    assert session.energy_wh == 400
    assert session.unknowns == ("its start is not in the log", "it was open when the log ended")


def test_idle_values_with_transaction_zero_are_no_session() -> None:
    log = Log().meter(energy(5000), transaction=0).later(60).meter(energy(5000), transaction=-1)
    assert sessions(log) == []


def test_a_boot_does_not_end_a_session_its_stop_may_come_after() -> None:
    log = Log().start(4).later(60).boot().later(5).stop(4, meter=2000, reason="PowerLoss")
    (session,) = sessions(log)
    assert session.ending is Ending.STOPPED
    assert session.boots == 1


def test_a_start_that_is_sent_again_is_the_same_session() -> None:
    log = Log()
    payload = {"connectorId": 1, "idTag": "A", "meterStart": 10, "timestamp": clock(0)}
    log.call("StartTransaction", payload)
    log.later(60).ask("StartTransaction", payload, {"transactionId": 3, "idTagInfo": {"status": "Accepted"}})
    log.later(60).stop(3, meter=110)
    (session,) = sessions(log)
    assert session.energy_wh == 100


def test_the_next_start_on_a_connector_ends_what_was_never_stopped() -> None:
    log = Log().start(1, meter=0).later(600).start(2, meter=900).later(60).stop(2, meter=1000)
    first, second = sessions(log)
    assert first.ending is Ending.REPLACED
    assert first.unknowns == ("its stop is not in the log",)
    assert second.ending is Ending.STOPPED


def test_a_stop_with_minus_one_ends_the_session_that_never_got_its_id() -> None:
    log = Log()
    payload = {"connectorId": 1, "idTag": "A", "meterStart": 10, "timestamp": clock(0)}
    log.call("StartTransaction", payload)
    log.later(90).stop(-1, meter=510)
    (session,) = sessions(log)
    assert session.transaction_id is None
    assert session.energy_wh == 500


def test_a_stop_of_an_unknown_transaction_is_a_session_without_a_beginning() -> None:
    opened = [one for one in events_of(Log().stop(5)) if isinstance(one, SessionOpened)]
    (session,) = sessions(Log().stop(5))
    assert len(opened) == 1
    assert session.connector is None
    assert session.energy_wh is None


def test_a_stop_that_is_sent_again_is_no_second_session() -> None:
    log = Log().start(1)
    payload = {"transactionId": 1, "meterStop": 2000, "timestamp": clock(0)}
    log.later(60).call("StopTransaction", payload)
    log.later(60).ask("StopTransaction", payload, {})
    assert len(sessions(log)) == 1


def test_a_late_answer_still_gives_the_transaction_its_id() -> None:
    log = Log()
    message_id = log.call(
        "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 10, "timestamp": clock(0)}
    )
    log.later(40).heartbeat().later(1)
    log.answer(message_id, {"transactionId": 12, "idTagInfo": {"status": "Accepted"}})
    log.later(60).stop(12, meter=20)
    (session,) = sessions(log)
    assert (session.transaction_id, session.energy_wh) == (12, 10)


def test_the_limit_in_force_is_in_the_curve() -> None:
    log = Log().start(1)
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
        },
    }
    log.later(10).meter(energy(1100))
    log.later(10).ask(
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile},
        {"status": "Accepted"},
        by_central=True,
    )
    log.later(10).meter(energy(1200)).later(10)
    log.ask("ClearChargingProfile", {"id": 1}, {"status": "Accepted"}, by_central=True)
    log.later(10).meter(energy(1300)).later(10).stop(1)
    (session,) = sessions(log)
    assert [point.limit_a for point in session.curve] == [None, 10, None]


def test_a_long_session_keeps_a_bounded_curve() -> None:
    log = Log(timed=False).start(1)
    for number in range(3000):
        log.meter(energy(1000 + number), at=60.0 * number)
    (session,) = sessions(log)
    assert session.samples == 3000
    assert 100 < len(session.curve) <= 720
