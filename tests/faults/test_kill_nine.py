"""A killed central system has lost nothing that it acknowledged, and keeps nothing twice.

`.venv/bin/python -m tests.faults.kill_nine` does the same for longer.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.faults.inspection import findings
from tests.faults.kill_nine import Killing, Plan


@pytest.mark.requirement("QUE-05", "TXS-12")
async def test_killed_at_random_moments_it_loses_and_doubles_no_acknowledged_message(tmp_path: Path) -> None:
    plan = Plan(rounds=4, stations=15, seed=9, longest_uptime_s=1.0, looked_into=100)
    report = await Killing(plan, tmp_path, print).run()
    print(*report.lines(), sep="\n")
    assert report.findings == []
    ledger = report.ledger
    assert all(one.acknowledged for one in ledger.messages)
    assert min(len(ledger.starts), len(ledger.readings), len(ledger.stops)) > 50
    # The run was worth it: answers were lost, and messages came twice in every way.
    assert sum(report.unanswered_at_kill) > 10
    assert ledger.resent.total() > 10
    assert ledger.repeated.total() > 10
    assert max(report.restarts_s) < 10


COLUMNS = (
    "station_id, connector_id, sent_transaction_id, transaction_id, measured_at, received_at, sampled_values,"
    " from_stop"
)
FAULTS = {
    "missing: StartTransaction": "DELETE FROM transactions WHERE id = 1",
    "missing: MeterValues": "DELETE FROM meter_values WHERE id = 2",
    "missing: StopTransaction": "UPDATE transactions SET stopped_at = NULL WHERE id = 2",
    "double: MeterValues": f"INSERT INTO meter_values ({COLUMNS}) SELECT {COLUMNS} FROM meter_values LIMIT 1",
    "changed: StopTransaction": "UPDATE transactions SET meter_stop_wh = meter_stop_wh + 1 WHERE id = 1",
    "never sent: readings": 'UPDATE meter_values SET sampled_values = \'[{"value":"1"}]\' WHERE id = 4',
    "out of reach: readings": "DELETE FROM meter_value_spans WHERE transaction_id = 1",
    "never sent: transaction": "UPDATE transactions SET connector_id = 7 WHERE id = 1",
    "kept as those of": "UPDATE meter_values SET transaction_id = 999 WHERE transaction_id = 1",
    "was put into quarantine": (
        "INSERT INTO quarantine (station_id, action, payload, fingerprint, reason, received_at,"
        " last_received_at, times) VALUES (1, 'StopTransaction', '{}', 'x', 'unknown-transaction', '', '', 1)"
    ),
}


async def test_every_kind_of_loss_would_be_found(tmp_path: Path) -> None:
    report = await Killing(Plan(rounds=1, stations=3, seed=1, looked_into=5), tmp_path, print).run()
    with closing(sqlite3.connect(tmp_path / "data" / "voltline.db")) as database:
        assert list(findings(database, report.ledger)) == []
        for symptom, fault in FAULTS.items():
            database.execute(fault)
            assert any(symptom in finding for finding in findings(database, report.ledger)), symptom
            database.rollback()
