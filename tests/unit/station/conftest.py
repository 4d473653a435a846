import pytest
from tests.unit.station.station_lab import Lab


@pytest.fixture
def lab() -> Lab:
    """A station of two connectors, powered, connected and accepted; what it sent until then is forgotten."""
    lab = Lab().boot()
    lab.forget()
    return lab
