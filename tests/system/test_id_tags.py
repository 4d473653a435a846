"""Id tags: registered, limited, imported, seen, adopted; and asked about elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from tests.conversing import until
from tests.system.central_here import central_here, eventually
from tests.system.raw_station import RawStation, station

from voltline.central.domain.authorization import Fallback, UnknownTags
from voltline.central.settings import AuthorizationSettings

REJECT = AuthorizationSettings(unknown_tags=UnknownTags.REJECT)


async def status_of(cp: RawStation, id_tag: str) -> str:
    return str((await cp.call("Authorize", {"idTag": id_tag}))["idTagInfo"]["status"])


async def begin(cp: RawStation, id_tag: str, connector: int = 1, **more: Any) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    body = {"connectorId": connector, "idTag": id_tag, "meterStart": 0, "timestamp": at}
    return await cp.call("StartTransaction", body | more)


async def end(cp: RawStation, transaction_id: int, **more: Any) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    body = {"transactionId": transaction_id, "meterStop": 10, "timestamp": at}
    return await cp.call("StopTransaction", body | more)


@pytest.mark.requirement("AUT-08", "AUT-10")
async def test_tag_is_registered_shown_changed_and_removed(tmp_path: Path) -> None:
    async with central_here(tmp_path, authorization=REJECT) as (url, api), station(url) as cp:
        await cp.boot()
        assert await status_of(cp, "abc") == "Invalid"
        added = await api.post("/id-tags", json={"id_tag": "ABC", "parent_id_tag": "FLEET", "notes": "Ada"})
        assert added.status_code == 201
        told = (await cp.call("Authorize", {"idTag": "abc"}))["idTagInfo"]
        assert told == {"status": "Accepted", "parentIdTag": "FLEET"}
        again = await api.post("/id-tags", json={"id_tag": "abc"})
        assert (again.status_code, again.json()["type"]) == (409, "urn:voltline:problem:already-registered")
        shown = (await api.get("/id-tags/aBc")).json()
        assert (shown["id_tag"], shown["notes"], shown["running"]) == ("ABC", "Ada", 0)
        assert shown["last_used_at"] is not None
        edited = (await api.patch("/id-tags/abc", json={"blocked": True})).json()
        assert (edited["blocked"], edited["notes"], edited["added_at"]) == (True, "Ada", shown["added_at"])
        assert await status_of(cp, "ABC") == "Blocked"
        await api.put("/id-tags/abc", json={"expires_at": "2020-01-01T00:00:00"})
        assert await status_of(cp, "ABC") == "Expired"
        assert (await api.delete("/id-tags/abc")).status_code == 204
        assert (await api.get("/id-tags/abc")).status_code == 404
        assert (await api.patch("/id-tags/abc", json={})).status_code == 404
        assert (await api.delete("/id-tags/abc")).status_code == 404
        assert await status_of(cp, "ABC") == "Invalid"


async def test_tags_are_listed_filtered_and_sorted_page_by_page(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        for id_tag in ("b", "A", "c"):
            await api.put(f"/id-tags/{id_tag}", json={"parent_id_tag": "G" if id_tag != "c" else None})
        await api.put("/id-tags/d", json={"blocked": True, "expires_at": "2020-01-01T00:00:00Z"})
        await cp.call("Authorize", {"idTag": "B"})

        async def listed(**query: Any) -> list[str]:
            found: list[str] = []
            cursor: str | None = None
            while True:
                page = (
                    await api.get("/id-tags", params=query | ({"cursor": cursor} if cursor else {}))
                ).json()
                found += [item["id_tag"] for item in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    return found

        assert await listed(limit=1) == ["A", "b", "c", "d"]
        assert await listed(limit=3, sort="recently-used") == ["b", "A", "c", "d"]
        assert await listed(limit=1, sort="recently-changed") == ["d", "c", "A", "b"]
        assert await listed(parent="g") == ["A", "b"]
        assert await listed(blocked=True) == ["d"]
        assert await listed(expired=False) == ["A", "b", "c"]
        assert await listed(expired=True, search="D") == ["d"]
        assert await listed(search="%") == []
        csv = (await api.get("/id-tags", params={"format": "csv"})).text.splitlines()
        assert csv[0].startswith("id_tag,parent_id_tag,expires_at,blocked")
        assert len(csv) == 5


@pytest.mark.requirement("AUT-13", "TXS-06")
async def test_tag_that_was_accepted_is_judged_again_when_its_transaction_starts(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        await api.put("/id-tags/T", json={"max_transactions": 1})
        assert await status_of(cp, "T") == "Accepted"
        await api.patch("/id-tags/T", json={"blocked": True})
        assert (await begin(cp, "T"))["idTagInfo"]["status"] == "Blocked"
        await api.patch("/id-tags/T", json={"blocked": False})
        assert (await begin(cp, "T", 2))["idTagInfo"]["status"] == "Accepted"
        assert (await begin(cp, "t", 3))["idTagInfo"]["status"] == "ConcurrentTx"
        assert await status_of(cp, "T") == "Accepted"
        assert (await api.get("/id-tags/T")).json()["running"] == 1


async def test_tags_and_groups_have_limits_of_their_own(tmp_path: Path) -> None:
    one_each = AuthorizationSettings(one_transaction_per_tag=True)
    async with central_here(tmp_path, authorization=one_each) as (url, api), station(url) as cp:
        await cp.boot()
        await api.put("/id-tags/TWO", json={"max_transactions": 2})
        told = [(await begin(cp, "TWO", n, meterStart=n))["idTagInfo"]["status"] for n in (1, 2, 3)]
        assert told == ["Accepted", "Accepted", "ConcurrentTx"]
        await api.put("/id-tags/FLEET", json={"group_max_transactions": 2})
        for id_tag in ("X", "Y", "Z"):
            await api.put(f"/id-tags/{id_tag}", json={"parent_id_tag": "fleet"})
        started = [await begin(cp, id_tag, 4 + n) for n, id_tag in enumerate(("X", "Y", "Z"))]
        assert [one["idTagInfo"]["status"] for one in started] == ["Accepted", "Accepted", "ConcurrentTx"]
        assert {one["idTagInfo"]["parentIdTag"] for one in started} == {"fleet"}
        await end(cp, started[0]["transactionId"])
        assert (await begin(cp, "Z", 8))["idTagInfo"]["status"] == "Accepted"
        await api.patch("/id-tags/fleet", json={"blocked": True})
        assert await status_of(cp, "X") == "Blocked"


async def test_unknown_tags_are_listed_and_can_be_adopted(tmp_path: Path) -> None:
    async with central_here(tmp_path, authorization=REJECT) as (url, api), station(url) as cp:
        await cp.boot()
        await status_of(cp, "New1")
        await begin(cp, "NEW1", 2)
        await status_of(cp, "other")
        listed = (await api.get("/unknown-id-tags")).json()["items"]
        assert [(one["id_tag"], one["times"], one["connector_id"]) for one in listed] == [
            ("other", 1, None),
            ("NEW1", 2, 2),
        ]
        newest = listed[1]
        assert (newest["charge_point"], newest["status"], newest["decided_by"]) == ("CP1", "Invalid", "rule")
        assert newest["first_seen_at"] < newest["last_seen_at"]
        assert (await api.get("/unknown-id-tags", params={"charge_point": "CP2"})).json()["items"] == []
        adopted = await api.post("/unknown-id-tags/new1/adopt", json={"notes": "at the gate"})
        assert (adopted.status_code, adopted.json()["id_tag"]) == (201, "NEW1")
        assert await status_of(cp, "New1") == "Accepted"
        assert (await api.post("/unknown-id-tags/new1/adopt")).status_code == 409
        assert (await api.post("/unknown-id-tags/never/adopt")).status_code == 404
        assert (await api.delete("/unknown-id-tags/OTHER")).status_code == 204
        assert (await api.delete("/unknown-id-tags/OTHER")).status_code == 404
        assert (await api.get("/unknown-id-tags")).json()["items"] == []


async def test_import_is_all_or_nothing_and_says_what_is_wrong_with_each_line(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (_, api):
        await api.put("/id-tags/KEEP", json={"notes": "old"})
        wrong = (
            "id_tag,expires_at,blocked,max_transactions\n"
            "GOOD,2030-01-01T00:00:00Z,no,\n"
            "GOOD2,tomorrow,perhaps,many\n"
            f"{'X' * 21},,,\n"
            "good,,,\n"
            "SHORT\n"
        )
        refused = await api.post("/id-tags.csv", content=wrong)
        assert refused.status_code == 422
        assert [error["path"] for error in refused.json()["errors"]] == [
            "line 3: expires_at",
            "line 3: blocked",
            "line 3: max_transactions",
            "line 4: id_tag",
            "line 5: id_tag",
            "line 6",
        ]
        assert [item["id_tag"] for item in (await api.get("/id-tags")).json()["items"]] == ["KEEP"]

        right = "﻿notes;id_tag;blocked\r\n=1+1;A;true\r\nnew;keep;\r\n\r\n"
        dry = (await api.post("/id-tags.csv", content=right, params={"dry_run": True})).json()
        figures = {"lines": 2, "added": 1, "changed": 1, "unchanged": 0, "removed": 0}
        assert dry == {"dry_run": True} | figures
        assert (await api.get("/id-tags/A")).status_code == 404
        done = (await api.post("/id-tags.csv", content=right)).json()
        assert done == {"dry_run": False} | figures
        assert (await api.get("/id-tags/A")).json()["blocked"] is True
        assert (await api.get("/id-tags/KEEP")).json()["notes"] == "new"


async def test_what_is_exported_can_be_imported(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (_, api):
        record = {
            "parent_id_tag": "P",
            "expires_at": "2030-01-01T00:00:00Z",
            "max_transactions": 3,
            "group_max_transactions": 7,
            "notes": '=cmd, "quoted"\nand more',
        }
        await api.put("/id-tags/-A", json=record)
        await api.put("/id-tags/B", json={"blocked": True})
        exported = await api.get("/id-tags.csv")
        assert exported.headers["content-type"].startswith("text/csv")
        again = {"lines": 2, "added": 0, "changed": 0, "unchanged": 2, "removed": 0, "dry_run": False}
        assert (await api.post("/id-tags.csv", content=exported.content)).json() == again
        await api.put("/id-tags/C", json={})
        others = {"remove_others": True}
        done = (await api.post("/id-tags.csv", content=exported.content, params=others)).json()
        assert (done["removed"], done["unchanged"]) == (1, 2)
        shown = (await api.get("/id-tags/-A")).json()
        assert {name: shown[name] for name in record} == record


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"", "line 1: id_tag"),
        (b"tag\nA\n", "line 1: tag"),
        (b"id_tag,id_tag\nA,A\n", "line 1: id_tag"),
        (b'id_tag\n"A\n', "line 2"),
        (b"id_tag\n\xff\n", "$"),
        (b"id_tag\nA\x00B\n", "line 2: id_tag"),
    ],
)
async def test_file_that_is_no_list_of_tags_is_refused(tmp_path: Path, content: bytes, path: str) -> None:
    async with central_here(tmp_path) as (_, api):
        refused = await api.post("/id-tags.csv", content=content)
        assert refused.status_code == 422
        assert path in [error["path"] for error in refused.json()["errors"]]


# ---- another system is asked


class Oracle:
    """The other system: counts what it is asked, and answers as told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Any = {"status": "Accepted"}
        self.status = 200
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        await self.may_answer.wait()
        if isinstance(self.answer, str):
            return web.Response(text=self.answer, status=self.status)
        return web.json_response(self.answer, status=self.status)


@asynccontextmanager
async def oracle() -> AsyncIterator[tuple[str, Oracle]]:
    told = Oracle()
    app = web.Application()
    app.router.add_post("/ask", told.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/ask", told
    finally:
        told.may_answer.set()
        await runner.cleanup()


def asking(url: str, **more: Any) -> AuthorizationSettings:
    return AuthorizationSettings(unknown_tags=UnknownTags.ASK, ask_url=url, **more)


async def unknown(api: httpx.AsyncClient) -> dict[str, Any]:
    return dict((await api.get("/unknown-id-tags")).json()["items"][0])


@pytest.mark.requirement("AUT-08")
async def test_another_system_is_asked_about_unknown_tags_and_remembered(tmp_path: Path) -> None:
    async with oracle() as (ask_url, other):
        settings = asking(ask_url)
        async with central_here(tmp_path, authorization=settings) as (url, api), station(url) as cp:
            await cp.boot()
            await api.put("/id-tags/OURS", json={"blocked": True})
            other.answer = {
                "status": "Accepted",
                "parentIdTag": "ROAM",
                "expiryDate": "2031-01-01T00:00:00Z",
            }
            assert await status_of(cp, "OURS") == "Blocked"
            assert other.asked == []
            told = (await cp.call("Authorize", {"idTag": "Guest"}))["idTagInfo"]
            expiry = told.pop("expiryDate")
            assert datetime.fromisoformat(expiry) == datetime(2031, 1, 1, tzinfo=UTC)
            assert told == {"status": "Accepted", "parentIdTag": "ROAM"}
            begun = await begin(cp, "guest", 1)
            assert begun["idTagInfo"]["parentIdTag"] == "ROAM"
            stopped = await end(cp, begun["transactionId"], idTag="GUEST")
            assert stopped["idTagInfo"]["status"] == "Accepted"
            assert other.asked == [{"idTag": "Guest", "chargePoint": "CP1", "connector": None}]
            assert (await unknown(api))["decided_by"] == "asked"
            other.answer = {"status": "Blocked"}
            assert (await begin(cp, "Villain", 2))["idTagInfo"]["status"] == "Blocked"
            assert other.asked[1:] == [{"idTag": "Villain", "chargePoint": "CP1", "connector": 2}]


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ({"status": "Sure"}, 200, "cannot be used"),
        ({"status": "ConcurrentTx"}, 200, "ConcurrentTx"),
        ({"status": "Accepted", "parentIdTag": "X" * 21}, 200, "parentIdTag"),
        ({"status": "Accepted", "expiryDate": "2031-01-01T00:00:00"}, 200, "time zone"),
        ("no json", 200, "cannot be used"),
        ({"status": "Accepted"}, 500, "status 500"),
    ],
)
@pytest.mark.parametrize(("fallback", "told"), [(Fallback.ACCEPT, "Accepted"), (Fallback.REJECT, "Invalid")])
async def test_where_the_other_system_has_no_answer_the_fallback_holds_and_is_recorded(
    tmp_path: Path, answer: Any, status: int, said: str, fallback: Fallback, told: str
) -> None:
    async with oracle() as (ask_url, other):
        other.answer, other.status = answer, status
        settings = asking(ask_url, ask_fallback=fallback)
        async with central_here(tmp_path, authorization=settings) as (url, api), station(url) as cp:
            await cp.boot()
            assert await status_of(cp, "GUEST") == told
            seen = await unknown(api)
            assert (seen["decided_by"], seen["status"]) == ("fallback", told)
            assert said in seen["problem"]
            await status_of(cp, "GUEST")
            assert len(other.asked) == 2  # no answer is nothing to remember


async def test_other_system_that_does_not_answer_holds_up_nobody_else(tmp_path: Path) -> None:
    async with oracle() as (ask_url, other):
        other.may_answer.clear()
        settings = asking(ask_url, ask_timeout_s=0.5, ask_fallback=Fallback.ACCEPT)
        async with (
            central_here(tmp_path, authorization=settings) as (url, api),
            station(url) as cp,
            station(url, "CP2") as neighbour,
        ):
            await cp.boot()
            await neighbour.boot()
            await api.put("/id-tags/OURS", json={})
            waiting = asyncio.create_task(status_of(cp, "GUEST"))
            await until(lambda: other.asked)
            assert await status_of(neighbour, "OURS") == "Accepted"
            begun = await begin(neighbour, "OURS", 1)
            await neighbour.call("Heartbeat")
            assert not waiting.done()
            assert await waiting == "Accepted"
            assert "no answer within 0.5 s" in (await unknown(api))["problem"]
            stopping = asyncio.create_task(end(neighbour, begun["transactionId"], idTag="GUEST2"))

            async def stored() -> bool:
                shown = await api.get(f"/transactions/{begun['transactionId']}")
                return shown.json()["active"] is False

            await eventually(stored)  # a stop is stored before anybody is asked
            assert (await stopping)["idTagInfo"]["status"] == "Accepted"


async def test_address_where_nobody_listens_means_the_fallback(tmp_path: Path) -> None:
    settings = asking("http://127.0.0.1:9/ask")
    async with central_here(tmp_path, authorization=settings) as (url, api), station(url) as cp:
        await cp.boot()
        assert await status_of(cp, "GUEST") == "Invalid"
        assert (await unknown(api))["problem"]
