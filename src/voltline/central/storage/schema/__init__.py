"""The tables, a module a subject. Their history is in migrations/; a test holds that both agree."""

from voltline.central.storage.schema.base import metadata
from voltline.central.storage.schema.events import deviation_days, deviations, events
from voltline.central.storage.schema.first_floor import (
    boots,
    connectors,
    data_transfers,
    id_tags,
    meter_values,
    quarantine,
    stations,
    status_history,
    transactions,
    writer_marks,
)

__all__ = [
    "boots",
    "connectors",
    "data_transfers",
    "deviation_days",
    "deviations",
    "events",
    "id_tags",
    "metadata",
    "meter_values",
    "quarantine",
    "stations",
    "status_history",
    "transactions",
    "writer_marks",
]
