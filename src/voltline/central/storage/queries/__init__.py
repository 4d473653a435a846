"""The reading side: what the API asks, on connections that can only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from voltline.central.domain.stations import StationKey
from voltline.central.domain.status import ConnectorState
from voltline.central.storage.queries.authorization import IdTagReads
from voltline.central.storage.queries.certificates import CertificateReads
from voltline.central.storage.queries.charging_profiles import ChargingProfileReads
from voltline.central.storage.queries.commands import CommandReads, TokenReads
from voltline.central.storage.queries.configuration import ConfigurationReads
from voltline.central.storage.queries.data_transfer import DataTransferReads
from voltline.central.storage.queries.deviations import DeviationReads
from voltline.central.storage.queries.events import EventReads
from voltline.central.storage.queries.files import FileReads
from voltline.central.storage.queries.findings import FindingReads
from voltline.central.storage.queries.local_lists import LocalListReads
from voltline.central.storage.queries.reservations import ReservationReads
from voltline.central.storage.queries.sites import SiteReads
from voltline.central.storage.queries.stations import StationReads
from voltline.central.storage.queries.transactions import TransactionReads
from voltline.central.storage.schema import connectors


class SqlQueries(
    StationReads,
    ConfigurationReads,
    EventReads,
    DeviationReads,
    FindingReads,
    TransactionReads,
    IdTagReads,
    LocalListReads,
    ReservationReads,
    ChargingProfileReads,
    SiteReads,
    FileReads,
    CertificateReads,
    DataTransferReads,
    CommandReads,
    TokenReads,
):
    """See `services.ports.Queries`. A subject's queries are a base of it, made upon `Reads`."""

    def connectors(self, wanted: Sequence[StationKey]) -> Mapping[StationKey, tuple[ConnectorState, ...]]:
        found: dict[StationKey, list[ConnectorState]] = {}
        rows = (
            select(connectors)
            .where(connectors.c.station_id.in_(wanted))
            .order_by(connectors.c.station_id, connectors.c.connector_id)
        )
        with self._reading() as connection:
            for row in connection.execute(rows):
                values = dict(row._mapping)
                found.setdefault(StationKey(values.pop("station_id")), []).append(ConnectorState(**values))
        return {station: tuple(states) for station, states in found.items()}
