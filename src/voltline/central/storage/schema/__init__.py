"""The tables, a module a subject. Their history is in migrations/; a test holds that both agree."""

from voltline.central.storage.schema.base import metadata
from voltline.central.storage.schema.configuration import (
    configuration,
    configuration_facts,
    configuration_history,
    desired_configuration,
)
from voltline.central.storage.schema.connectivity import connections
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
from voltline.central.storage.schema.repairs import repairs

__all__ = [
    "boots",
    "configuration",
    "configuration_facts",
    "configuration_history",
    "connections",
    "connectors",
    "data_transfers",
    "desired_configuration",
    "deviation_days",
    "deviations",
    "events",
    "id_tags",
    "metadata",
    "meter_values",
    "quarantine",
    "repairs",
    "stations",
    "status_history",
    "transactions",
    "writer_marks",
]
