import pytest

from voltline.central.domain.stations import StationKey
from voltline.central.domain.status import ConnectorState
from voltline.central.services import status
from voltline.messages import UNSET, ChargePointErrorCode, ChargePointStatus, StatusNotification

from .conftest import Storage
from .saying import NOON, at


def said(
    connector: int, what: ChargePointStatus, second: float | None = 0, info: str | None = None
) -> StatusNotification:
    return StatusNotification(
        connector_id=connector,
        status=what,
        error_code=ChargePointErrorCode.NO_ERROR,
        timestamp=UNSET if second is None else at(second),
        info=UNSET if info is None else info,
    )


def states(storage: Storage, key: StationKey) -> dict[int, ConnectorState]:
    return {state.connector_id: state for state in storage.queries.connectors([key]).get(key, ())}


def test_status_of_connector_0_does_not_touch_the_connectors(storage: Storage) -> None:
    key = storage.station()
    storage.do(status.report, key, said(1, ChargePointStatus.CHARGING), NOON)
    storage.do(status.report, key, said(0, ChargePointStatus.UNAVAILABLE), NOON)
    found = states(storage, key)
    assert list(found) == [0, 1]
    assert found[0].status == "Unavailable"
    assert found[1].status == "Charging"


def test_last_status_holds_and_the_history_keeps_all(storage: Storage) -> None:
    key = storage.station()
    storage.do(status.report, key, said(1, ChargePointStatus.AVAILABLE, 50, "first"), at(50))
    storage.do(status.report, key, said(1, ChargePointStatus.PREPARING, 10), at(60))
    state = states(storage, key)[1]
    assert state.status == "Preparing"
    assert state.info is None
    assert state.since == at(10)
    assert state.received_at == at(60)
    assert storage.column("status_history", "status") == ["Available", "Preparing"]


@pytest.mark.requirement("STN-16")
def test_status_without_a_time_is_of_the_time_of_receipt(storage: Storage) -> None:
    key = storage.station()
    storage.do(status.report, key, said(1, ChargePointStatus.AVAILABLE, None), at(7))
    assert states(storage, key)[1].since == at(7)


def test_words_that_ocpp_does_not_know_are_kept(storage: Storage) -> None:
    key = storage.station()
    odd = ChargePointStatus.unknown("Parked")
    storage.do(status.report, key, said(1, odd), NOON)
    assert states(storage, key)[1].status == "Parked"


def test_connectors_of_charge_points_that_reported_none_are_absent(storage: Storage) -> None:
    key = storage.station()
    assert storage.queries.connectors([key]) == {}
    assert storage.queries.connectors([]) == {}
