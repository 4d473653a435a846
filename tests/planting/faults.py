"""All planted faults."""

from tests.planting import faults_connection, faults_meter, faults_rpc, faults_sessions, faults_vendor
from tests.planting.planted import FAULTS

__all__ = ["FAULTS", "faults_connection", "faults_meter", "faults_rpc", "faults_sessions", "faults_vendor"]
