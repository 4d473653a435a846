"""What is kept of reservations, on every database."""

import pytest
from sqlalchemy import text

from voltline.central.domain.reservations import NewReservation, ReservationFilter, ReservationState
from voltline.central.domain.stations import StationKey
from voltline.central.services import reservations, transactions
from voltline.central.storage.reservations import is_active, selected
from voltline.messages import ReservationStatus, ReserveNow, ReserveNowResponse

from .conftest import Storage
from .saying import ANYONE, NOON, at, start


def new(connector: int = 1, tag: str = "TAG", end: float = 600, parent: str | None = None) -> NewReservation:
    return NewReservation(connector_id=connector, id_tag=tag, parent_id_tag=parent, expires_at=at(end))


def answered(storage: Storage, key: StationKey, reservation_id: int, status: ReservationStatus) -> None:
    request = ReserveNow(connector_id=1, expiry_date=at(600), id_tag="TAG", reservation_id=reservation_id)
    storage.do(reservations.answered, key, request, ReserveNowResponse(status=status), NOON)


def test_ids_are_unique_and_those_of_others_are_not_given_out(storage: Storage) -> None:
    key = storage.station()
    first = storage.do(reservations.make, key, new(), NOON)
    answered(storage, key, first.reservation_id + 2, ReservationStatus.ACCEPTED)
    second = storage.do(reservations.make, key, new(), NOON)
    ids = [one.reservation_id for one in storage.queries.reservations()]
    assert len(set(ids)) == 3
    assert second.reservation_id not in (first.reservation_id, first.reservation_id + 2)


def test_start_that_overtakes_the_answer_to_its_reservation_keeps_it_used(storage: Storage) -> None:
    key = storage.station()
    made = storage.do(reservations.make, key, new(), NOON)
    begun = storage.do(
        transactions.begin, key, start(reservation=made.reservation_id, second=1), at(1), ANYONE
    )
    answered(storage, key, made.reservation_id, ReservationStatus.ACCEPTED)
    (kept,) = storage.queries.reservations()
    assert (kept.state, kept.transaction_id) == (ReservationState.USED, begun.transaction_id)


def test_refused_replacement_leaves_what_was_reserved(storage: Storage) -> None:
    key = storage.station()
    made = storage.do(reservations.make, key, new(), NOON)
    answered(storage, key, made.reservation_id, ReservationStatus.ACCEPTED)
    answered(storage, key, made.reservation_id, ReservationStatus.OCCUPIED)
    (kept,) = storage.queries.reservations()
    assert kept.state is ReservationState.ACCEPTED


def test_reservations_expire_at_their_time_once(storage: Storage) -> None:
    key = storage.station()
    storage.do(reservations.make, key, new(end=10), NOON)
    storage.do(reservations.make, key, new(end=20), NOON)
    assert storage.do(reservations.expire, at(9)) == 0
    assert storage.do(reservations.expire, at(10)) == 1
    assert storage.do(reservations.expire, at(10)) == 0
    states = [one.state for one in storage.queries.reservations()]
    assert states == [ReservationState.PENDING, ReservationState.EXPIRED]
    told = [one for one in storage.queries.events() if one.kind == "reservation.changed"]
    assert len(told) == 3


def test_reservations_are_filtered_and_paged(storage: Storage) -> None:
    one, two = storage.station("CP1"), storage.station("CP2")
    for key, tag in ((one, "A"), (one, "B"), (two, "A")):
        storage.do(reservations.make, key, new(tag=tag, end=10 if key == two else 20), NOON)
    storage.do(reservations.expire, at(15))

    def found(**only: object) -> list[tuple[str, str]]:
        filtered = ReservationFilter(**only)  # type: ignore[arg-type]
        return [(item.identity, item.id_tag) for item in storage.queries.reservations(only=filtered)]

    assert found() == [("CP2", "A"), ("CP1", "B"), ("CP1", "A")]
    assert found(identity="cp1") == [("CP1", "B"), ("CP1", "A")]
    assert found(id_tag="a", active=True) == [("CP1", "A")]
    assert found(active=False) == found(state=ReservationState.EXPIRED) == [("CP2", "A")]
    (last,) = storage.queries.reservations(before=storage.queries.reservations()[1].id)
    assert (last.identity, last.id_tag) == ("CP1", "A")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL goes by its statistics
def test_active_reservations_are_found_by_an_index(storage: Storage) -> None:
    query = str(
        selected.where(is_active).compile(
            storage.database.reader_engine, compile_kwargs={"render_postcompile": True, "literal_binds": True}
        )
    )
    with storage.database.reader_engine.connect() as connection:
        plan = " ".join(str(row) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert "ix_reservations_active" in plan
