"""The database and the REST API, held against the ledger."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from tests.faults.ledger import Ledger, Message, Row, Start, canonical

from voltline.central.storage.meter_value_spans import SPAN


def findings_in_files(data: Path, ledger: Ledger) -> list[str]:
    """What the files of a central system that was killed have wrong.

    Works on a copy: opening the database would do what the restarted central system is to do itself.
    """
    with TemporaryDirectory() as folder:
        for file in data.glob("voltline.db*"):
            shutil.copy(file, folder)
        with closing(sqlite3.connect(Path(folder) / "voltline.db")) as database:
            return [*_of_the_file(database), *findings(database, ledger)]


def _of_the_file(database: sqlite3.Connection) -> Iterator[str]:
    ((verdict,),) = database.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        yield f"the file is damaged: {verdict}"


def findings(database: sqlite3.Connection, ledger: Ledger) -> Iterator[str]:
    """Everything in which tables and ledger differ; nothing, if all is well.

    What was acknowledged must be there once. What was sent and never acknowledged may be there, once.
    Nothing else may be.
    """
    yield from _starts(database, ledger)
    yield from _readings(database, ledger)
    yield from _unreachable(database)
    yield from _stops(database, ledger)
    for action, payload in database.execute("SELECT action, payload FROM quarantine"):
        yield f"{action} was put into quarantine: {payload}"


def _unreachable(database: sqlite3.Connection) -> Iterator[str]:
    """Readings that a transaction's reader would not come upon (storage/meter_value_spans.py)."""
    for transaction_id, span in database.execute(
        f"SELECT DISTINCT transaction_id, id / {SPAN} FROM meter_values WHERE transaction_id IS NOT NULL "
        "EXCEPT SELECT transaction_id, span FROM meter_value_spans"
    ):
        yield f"out of reach: readings of transaction {transaction_id} in span {span}"


def _starts(database: sqlite3.Connection, ledger: Ledger) -> Iterator[str]:
    stored: dict[Row, list[int]] = {}
    for transaction_id, *start in database.execute(
        "SELECT t.id, s.identity, connector_id, id_tag, started_at, meter_start_wh "
        "FROM transactions t JOIN stations s ON s.id = t.station_id"
    ):
        start[3] = datetime.fromisoformat(start[3])
        stored.setdefault(tuple(start), []).append(transaction_id)
    for message in ledger.starts:
        ids = stored.pop(_start_row(message), [])
        if len(ids) > 1:
            yield f"double: {_named(message)} is transactions {ids}"
        elif message.acknowledged and set(ids) != message.transaction_ids:
            yield f"missing: {_named(message)} was given {message.transaction_ids} and is {ids}"
    for row in stored:
        yield f"never sent: transaction {row}"
    given = Counter(one for message in ledger.starts for one in message.transaction_ids)
    yield from (f"transaction id {one} was given {times} times" for one, times in given.items() if times > 1)


def _start_row(message: Start) -> Row:
    payload = message.payload
    return (
        message.identity,
        payload["connectorId"],
        payload["idTag"],
        _moment(payload["timestamp"]),
        payload["meterStart"],
    )


def _readings(database: sqlite3.Connection, ledger: Ledger) -> Iterator[str]:
    stored: Counter[Row] = Counter()
    for identity, connector, sent, transaction, at, sampled, from_stop in database.execute(
        "SELECT s.identity, connector_id, sent_transaction_id, transaction_id, measured_at, sampled_values, "
        "from_stop FROM meter_values v JOIN stations s ON s.id = v.station_id"
    ):
        if sent != transaction:
            yield f"readings of {identity} for transaction {sent} are kept as those of {transaction}"
        moment = datetime.fromisoformat(at)
        stored[(identity, connector, sent, moment, canonical(json.loads(sampled)), bool(from_stop))] += 1
    connectors = {
        one: start.payload["connectorId"] for start in ledger.starts for one in start.transaction_ids
    }
    for message in (*ledger.readings, *ledger.stops):
        rows = list(_reading_rows(message, connectors))
        times = [stored.pop(row, 0) for row in rows]
        if any(count > 1 for count in times):
            yield f"double: {_named(message)}, its readings are there {times} times"
        elif message.acknowledged and 0 in times:
            yield f"missing: {_named(message)}, its readings are there {times} times"
        elif len(set(times)) > 1:
            yield f"half: {_named(message)}, its readings are there {times} times"
    yield from (f"never sent: readings {row}" for row in stored)


def _reading_rows(message: Message, connectors: dict[int, int]) -> Iterator[Row]:
    payload = message.payload
    stop = message.action == "StopTransaction"
    transaction_id = payload.get("transactionId")
    connector = connectors[payload["transactionId"]] if stop else payload["connectorId"]
    for value in payload.get("transactionData" if stop else "meterValue", ()):
        moment, sampled = _moment(value["timestamp"]), canonical(value["sampledValue"])
        yield (message.identity, connector, transaction_id, moment, sampled, stop)


def _stops(database: sqlite3.Connection, ledger: Ledger) -> Iterator[str]:
    stored: dict[int, Row] = {}
    for transaction_id, identity, at, *rest in database.execute(
        "SELECT t.id, s.identity, stopped_at, meter_stop_wh, stop_reason, stop_id_tag "
        "FROM transactions t JOIN stations s ON s.id = t.station_id WHERE stopped_at IS NOT NULL"
    ):
        stored[transaction_id] = (identity, datetime.fromisoformat(at), *rest)
    for message in ledger.stops:
        payload = message.payload
        known = stored.pop(payload["transactionId"], None)
        if known is None:
            if message.acknowledged:
                yield f"missing: {_named(message)}"
        elif known != (
            message.identity,
            _moment(payload["timestamp"]),
            payload["meterStop"],
            payload["reason"],
            payload.get("idTag"),
        ):
            yield f"changed: {_named(message)} is {known}"
    yield from (f"never sent: stop of transaction {one}: {row}" for one, row in stored.items())


def _named(message: Message) -> str:
    words = json.dumps(message.payload)[:160]
    return f"{message.action} of {message.identity}, sent {message.sent} times, {words}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# ---- the REST API


def findings_of_api(http: httpx.Client, ledger: Ledger, random: Random, looked_into: int) -> Iterator[str]:
    """In what the REST API's transactions differ from the ledger, once everything was acknowledged.

    All transactions are compared, and the readings of `looked_into` of them.
    """
    told = {start.transaction_id: start for start in ledger.starts}
    stops = {stop.payload["transactionId"]: stop.payload for stop in ledger.stops}
    listed = list(_transactions(http))
    if sorted(one["id"] for one in listed) != sorted(told):
        yield f"the API lists {len(listed)} transactions, {len(told)} were started"
        return
    energy = sum(one["energy_wh"] for one in listed)
    due = sum(stops[one]["meterStop"] - start.payload["meterStart"] for one, start in told.items())
    if energy != due:
        yield f"the energy of all transactions is {energy} Wh in the API and {due} Wh by the charge points"
    for one in listed:
        start, stop = told[one["id"]], stops[one["id"]]
        expected = (start.identity, False, start.payload["meterStart"], stop["meterStop"])
        if (one["charge_point"], one["active"], one["meter_start_wh"], one["meter_stop_wh"]) != expected:
            yield f"the API shows {one} for {expected}"
    expected_values = _values_by_transaction(ledger)
    for chosen in random.sample(sorted(told), min(looked_into, len(told))):
        items = _get(http, f"/api/v1/transactions/{chosen}/meter-values")["items"]
        if Counter(item["value"] for item in items) != expected_values[chosen]:
            yield f"the API shows other readings of transaction {chosen} than were sent"


def _values_by_transaction(ledger: Ledger) -> dict[int, Counter[str]]:
    values: dict[int, Counter[str]] = {start.transaction_id: Counter() for start in ledger.starts}
    for message in (*ledger.readings, *ledger.stops):
        transaction_id = message.payload.get("transactionId")
        if transaction_id is None:
            continue
        for key in ("meterValue", "transactionData"):
            for instant in message.payload.get(key, ()):
                values[transaction_id].update(sampled["value"] for sampled in instant["sampledValue"])
    return values


def _transactions(http: httpx.Client) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = _get(http, "/api/v1/transactions", {"limit": 1000, **({"cursor": cursor} if cursor else {})})
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _get(http: httpx.Client, path: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = http.get(path, params=params)
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body
