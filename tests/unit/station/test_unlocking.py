"""Letting go of the cable on demand, and when the vehicle is unplugged (OCPP 1.6, 4.10 and 5.18)."""

import pytest
from tests.unit.station.station_lab import Lab

from voltline.messages import (
    ChargePointErrorCode,
    GetConfiguration,
    Reason,
    StatusNotification,
    StopTransaction,
    UnlockConnector,
)
from voltline.station.core.happenings import CableRemoved, FaultCleared, FaultRaised, ImpossibleHappening
from voltline.station.core.intents import Energize, Lock, Offer, Reboot


def unlock(lab: Lab, connector_id: int = 1) -> str:
    return str(lab.ask(UnlockConnector(connector_id=connector_id)).status)


def break_lock(lab: Lab, connector_id: int = 1) -> None:
    code = ChargePointErrorCode.CONNECTOR_LOCK_FAILURE
    lab.do(FaultRaised(connector_id=connector_id, error_code=code))


@pytest.mark.requirement("ULK-06", "ULK-04", "ULK-03")
def test_lock_that_does_not_obey_is_tried_and_told(lab: Lab):
    lab.charge()
    break_lock(lab)
    lab.forget()
    assert unlock(lab) == "UnlockFailed"
    assert Lock(1, False) in lab.intents
    assert lab.last(StopTransaction).reason == Reason.UNLOCK_COMMAND
    lab.do(FaultCleared(1))
    assert unlock(lab) == "Unlocked"


@pytest.mark.requirement("ULK-06")
def test_lock_whose_fault_shows_when_it_is_tried_has_failed(lab: Lab):
    lab.charge()
    lab.jammed = {1}
    assert unlock(lab) == "UnlockFailed"
    assert lab.last(StatusNotification).error_code == "ConnectorLockFailure"
    with pytest.raises(ImpossibleHappening, match="locked"):
        lab.unplug()
    lab.jammed = set()
    lab.do(FaultCleared(1))
    assert unlock(lab) == "Unlocked"
    lab.do(CableRemoved(1))


@pytest.mark.requirement("ULK-06")
def test_another_fault_does_not_keep_the_lock_from_obeying(lab: Lab):
    lab.charge()
    lab.do(FaultRaised(connector_id=1, error_code=ChargePointErrorCode.GROUND_FAILURE))
    assert unlock(lab) == "Unlocked"
    assert not lab.locked()


@pytest.mark.requirement("TXE-12", "TXE-19")
@pytest.mark.parametrize("key", ["StopTransactionOnEVSideDisconnect", "UnlockConnectorOnEVSideDisconnect"])
def test_what_follows_unplugging_can_be_configured_where_the_cable_has_a_lock(lab: Lab, key: str):
    shown = lab.ask(GetConfiguration(key=[key])).configuration_key[0]
    assert (shown.value, shown.readonly) == ("true", False)
    assert lab.set(key, "false") == "Accepted"


@pytest.mark.requirement("ULK-07")
def test_unlocking_moves_the_lock_of_the_cable_and_nothing_else(lab: Lab):
    lab.forget()
    assert unlock(lab, 2) == "Unlocked"
    assert [one for one in lab.intents if isinstance(one, Energize | Lock | Offer | Reboot)] == [
        Lock(2, False)
    ]
