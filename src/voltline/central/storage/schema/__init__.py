"""The tables, a module a subject. Their history is in migrations/; a test holds that both agree."""

from voltline.central.storage.schema.authorization import cleared_caches, revocations, unknown_id_tags
from voltline.central.storage.schema.base import is_in, metadata
from voltline.central.storage.schema.certificates import (
    certificate_actions,
    certificate_requests,
    installed_certificates,
    security_events,
)
from voltline.central.storage.schema.charging_profiles import charging_limits, charging_profiles
from voltline.central.storage.schema.commands import commands, tokens
from voltline.central.storage.schema.configuration import (
    configuration,
    configuration_facts,
    configuration_history,
    desired_configuration,
)
from voltline.central.storage.schema.connectivity import connections
from voltline.central.storage.schema.data_transfer import data_transfer_rules
from voltline.central.storage.schema.events import deviation_days, deviations, events
from voltline.central.storage.schema.files import file_job_history, file_jobs, files
from voltline.central.storage.schema.findings import findings
from voltline.central.storage.schema.first_floor import (
    boots,
    connectors,
    data_transfers,
    id_tags,
    meter_value_spans,
    meter_values,
    quarantine,
    stations,
    status_history,
    transactions,
    writer_marks,
)
from voltline.central.storage.schema.local_lists import local_lists
from voltline.central.storage.schema.repairs import repairs
from voltline.central.storage.schema.reservations import reservations
from voltline.central.storage.schema.sites import site_history, sites

__all__ = [
    "boots",
    "certificate_actions",
    "certificate_requests",
    "charging_limits",
    "charging_profiles",
    "cleared_caches",
    "commands",
    "configuration",
    "configuration_facts",
    "configuration_history",
    "connections",
    "connectors",
    "data_transfer_rules",
    "data_transfers",
    "desired_configuration",
    "deviation_days",
    "deviations",
    "events",
    "file_job_history",
    "file_jobs",
    "files",
    "findings",
    "id_tags",
    "installed_certificates",
    "is_in",
    "local_lists",
    "metadata",
    "meter_value_spans",
    "meter_values",
    "quarantine",
    "repairs",
    "reservations",
    "revocations",
    "security_events",
    "site_history",
    "sites",
    "stations",
    "status_history",
    "tokens",
    "transactions",
    "unknown_id_tags",
    "writer_marks",
]
