"""The writer's side of a database: transactions, each a unit of work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import uuid4

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from voltline.central.storage.access import SqlTokens
from voltline.central.storage.authorization import SqlIdTags, SqlRevocations
from voltline.central.storage.certificates import SqlCertificates, SqlSecurityEvents
from voltline.central.storage.charging_profiles import SqlChargingProfiles
from voltline.central.storage.commands import SqlCommands
from voltline.central.storage.configuration import SqlConfigurations
from voltline.central.storage.data_transfer import SqlDataTransfers
from voltline.central.storage.database import Database
from voltline.central.storage.deviations import SqlDeviations
from voltline.central.storage.events import SqlEvents
from voltline.central.storage.file_jobs import SqlFileJobs
from voltline.central.storage.files import SqlFiles
from voltline.central.storage.findings import SqlFindings
from voltline.central.storage.local_lists import SqlLocalLists
from voltline.central.storage.metering import SqlMeterValues
from voltline.central.storage.quarantine import SqlQuarantine, SqlRepairs
from voltline.central.storage.reservations import SqlReservations
from voltline.central.storage.schema import writer_marks
from voltline.central.storage.scope import Scope
from voltline.central.storage.sites import SqlSites
from voltline.central.storage.stations import SqlStations
from voltline.central.storage.status import SqlConnectors
from voltline.central.storage.transactions import SqlTransactions

log = logging.getLogger(__name__)


class SqlUnitOfWork:
    """See `services.ports.UnitOfWork`. One object for all transactions of a writer, one after the other."""

    def __init__(self, scope: Scope, events: SqlEvents) -> None:
        self.events = events
        self.commands = SqlCommands(scope)
        self.tokens = SqlTokens(scope)
        self.deviations = SqlDeviations(scope)
        self.findings = SqlFindings(scope)
        self.meter_values = SqlMeterValues(scope)
        self.stations = SqlStations(scope, self.meter_values)
        self.configuration = SqlConfigurations(scope)
        self.connectors = SqlConnectors(scope)
        self.id_tags = SqlIdTags(scope)
        self.revocations = SqlRevocations(scope)
        self.local_lists = SqlLocalLists(scope)
        self.reservations = SqlReservations(scope)
        self.charging_profiles = SqlChargingProfiles(scope)
        self.sites = SqlSites(scope)
        self.transactions = SqlTransactions(scope)
        self.data_transfers = SqlDataTransfers(scope)
        self.file_jobs = SqlFileJobs(scope)
        self.files = SqlFiles(scope)
        self.certificates = SqlCertificates(scope)
        self.security_events = SqlSecurityEvents(scope)
        self.quarantine = SqlQuarantine(scope)
        self.repairs = SqlRepairs(scope)


class SqlStore:
    """See `group_commit.Store`: one connection, one writer, one thread.

    On PostgreSQL every transaction leaves its number in `writer_marks`: where a connection breaks
    during a commit nobody knows whether it took place, and the mark tells. A commit on SQLite that
    returns an error did not take place.
    """

    def __init__(self, database: Database, *, on_events: Callable[[], None] | None = None) -> None:
        """`on_events` is called on the writer's thread after each commit that had events in it."""
        self._database = database
        self._scope = Scope()
        self._unit = SqlUnitOfWork(self._scope, SqlEvents(self._scope, on_events))
        self._connection: Connection | None = None
        self._writer = uuid4().hex
        self._batch = 0
        mark = insert(writer_marks)
        self._mark = mark.on_conflict_do_update(
            index_elements=[writer_marks.c.writer], set_={"batch": mark.excluded.batch}
        )

    def begin(self) -> SqlUnitOfWork:
        if self._connection is None:
            self._connection = self._database.writer_engine.connect()
        self._scope.connection = self._connection
        self._connection.begin()
        self._batch += 1
        return self._unit

    def flush(self) -> None:
        self._unit.meter_values.flush()
        self._unit.events.flush()

    def commit(self) -> None:
        assert self._connection is not None
        if not self._database.is_sqlite:
            self._connection.execute(self._mark, {"writer": self._writer, "batch": self._batch})
        self._connection.commit()
        self._unit.transactions.settle(committed=True)
        self._unit.meter_values.settle()
        self._unit.events.settle(committed=True)

    def rollback(self) -> None:
        self._unit.meter_values.discard()
        self._unit.transactions.settle(committed=False)
        self._unit.events.settle(committed=False)
        if self._connection is None:
            return
        try:
            self._connection.rollback()
        except Exception:
            # It is of no use any more; the database forgets what was not committed.
            self._connection.invalidate()
        if self._connection.invalidated:
            self._disconnect()

    def recovered(self) -> None:
        self._unit.meter_values.expect_repeats()

    def is_outage(self, error: Exception) -> bool:
        return self._database.is_outage(error)

    def was_committed(self) -> bool:
        if self._database.is_sqlite:
            return False
        with self._database.writer_engine.connect() as connection:
            found = select(writer_marks.c.batch).where(writer_marks.c.writer == self._writer)
            return connection.execute(found).scalar() == self._batch

    def close(self) -> None:
        self.rollback()
        self._disconnect()
        if self._database.is_sqlite:
            return
        try:
            with self._database.writer_engine.begin() as connection:
                connection.execute(delete(writer_marks).where(writer_marks.c.writer == self._writer))
        except DBAPIError as error:
            # A mark that stays does no harm.
            log.warning("the writer's mark was left in the database: %s", error.orig)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
