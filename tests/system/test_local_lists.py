"""Local lists and caches of charge points follow the registered id tags by themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conversing import until
from tests.system.central_here import central_here, eventually
from tests.system.listing_station import ListKeeper
from tests.system.raw_station import RawStation, station

LIST = "/charge-points/CP1/local-list"


@asynccontextmanager
async def arrived(url: str, **configuration: str) -> AsyncIterator[tuple[RawStation, ListKeeper]]:
    """A charge point with a local list that has booted."""
    async with station(url) as cp:
        keeper = ListKeeper(cp, **configuration)
        await cp.boot()
        yield cp, keeper


async def put(api: httpx.AsyncClient, *id_tags: str, **record: Any) -> None:
    for id_tag in id_tags:
        (await api.put(f"/id-tags/{id_tag}", json=record)).raise_for_status()


async def state_is(api: httpx.AsyncClient, state: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}

    async def look() -> bool:
        shown.update((await api.get(LIST)).json())
        return bool(shown["state"] == state)

    await eventually(look)
    return shown


@pytest.mark.requirement("LST-08", "LST-09", "LST-15", "LST-16", "LST-17")
async def test_first_list_is_full_and_goes_in_parts_that_the_charge_point_can_take(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api):
        end = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
        await put(api, "A", "B", "C", "D", "E", "F")
        await put(api, "G", parent_id_tag="FLEET", expires_at=end.isoformat())
        await put(api, "BAD", blocked=True)
        await put(api, "OLD", expires_at="2020-01-01T00:00:00Z")
        async with arrived(url) as (_, keeper):
            await until(lambda: len(keeper.entries) == 7)
            shown = await state_is(api, "synced")
            assert set(keeper.entries) == set("ABCDEFG")
            assert keeper.entries["A"] == {"status": "Accepted"}
            info = keeper.entries["G"]
            assert (info["parentIdTag"], datetime.fromisoformat(info["expiryDate"])) == ("FLEET", end)
            assert [(one["listVersion"], one["updateType"]) for one in keeper.sent] == [
                (1, "Full"),
                (2, "Differential"),
                (3, "Differential"),
            ]
            assert [len(one["localAuthorizationList"]) for one in keeper.sent] == [3, 3, 1]
            assert (shown["version"], shown["entries"], shown["problem"]) == (3, 7, None)
            entries = (await api.get(f"{LIST}/entries")).json()["items"]
            assert {entry["id_tag"] for entry in entries} == set("ABCDEFG")


@pytest.mark.requirement("LST-08", "LST-16", "CAC-11")
async def test_changes_are_sent_as_differences_and_revocations_clear_the_cache(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A", "B", "C", "D")
        async with arrived(url) as (_, keeper):
            await state_is(api, "synced")
            sent = len(keeper.sent)
            await put(api, "E")
            await until(lambda: "E" in keeper.entries)
            assert keeper.cleared == 0
            assert (await api.delete("/id-tags/A")).status_code == 204
            await until(lambda: "A" not in keeper.entries)
            assert (await api.patch("/id-tags/B", json={"blocked": True})).json()["blocked"]
            await until(lambda: set(keeper.entries) == set("CDE"))
            await until(lambda: keeper.cleared >= 1)
            differences = keeper.sent[sent:]
            assert {one["updateType"] for one in differences} == {"Differential"}
            versions = [one["listVersion"] for one in keeper.sent]
            assert versions == sorted(set(versions))
            assert {"idTag": "A"} in [one for sent in differences for one in sent["localAuthorizationList"]]
            shown = (await api.get(LIST)).json()
            assert shown["cache"]["answer"] == "Accepted"


@pytest.mark.requirement("CAC-11")
async def test_charge_point_that_was_away_when_a_tag_was_revoked_clears_its_cache_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A", "B")
        async with arrived(url) as (_, keeper):
            await state_is(api, "synced")
        await api.patch("/id-tags/A", json={"expires_at": "2020-01-01T00:00:00Z"})
        async with arrived(url) as (_, keeper):
            await until(lambda: keeper.cleared == 1)
            await until(lambda: set(keeper.entries) == {"B"})
        async with arrived(url) as (_, keeper):
            await until(lambda: set(keeper.entries) == {"B"})
            assert keeper.cleared == 0  # once is enough


@pytest.mark.requirement("LST-19")
@pytest.mark.parametrize("refusal", ["Failed", "VersionMismatch"])
async def test_refused_difference_is_followed_by_a_full_list(tmp_path: Path, refusal: str) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A", "B", "C", "D")
        async with arrived(url) as (_, keeper):
            await state_is(api, "synced")
            keeper.refusals = [refusal]
            sent = len(keeper.sent)
            await put(api, "E")
            await until(lambda: "E" in keeper.entries)
            await state_is(api, "synced")
            kinds = [one["updateType"] for one in keeper.sent[sent:]]
            assert kinds == ["Differential", "Full", "Differential"]
            assert set(keeper.entries) == set("ABCDE")


@pytest.mark.requirement("LST-19")
async def test_list_that_is_not_the_one_that_was_sent_is_replaced(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A", "B")
        async with arrived(url) as (_, keeper):
            keeper.version = 41
            keeper.entries = {"SOMEBODY": {"status": "Accepted"}}
            await state_is(api, "synced")
            assert (keeper.version, set(keeper.entries)) == (42, {"A", "B"})
            assert keeper.sent[0]["updateType"] == "Full"
            assert (await api.get(LIST)).json()["reported_version"] is not None or keeper.asked


async def test_list_that_is_still_as_it_was_sent_is_left_alone_after_a_reconnect(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A", "B")
        async with arrived(url) as (_, before):
            await state_is(api, "synced")
        async with arrived(url) as (_, keeper):
            keeper.version, keeper.entries = before.version, before.entries
            await until(lambda: keeper.asked == 1)
            await put(api, "C")
            await until(lambda: "C" in keeper.entries)
            assert [one["updateType"] for one in keeper.sent] == ["Differential"]


async def test_list_that_fails_for_good_says_why_and_is_tried_again_on_demand(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A", "B")
        async with station(url) as cp:
            keeper = ListKeeper(cp)
            keeper.refusals = ["Failed"]
            await cp.boot()
            shown = await state_is(api, "failed")
            assert "Failed" in shown["problem"]
            assert (await api.post(f"{LIST}/sync")).status_code == 202
            shown = await state_is(api, "synced")
            assert shown["problem"] is None
            assert set(keeper.entries) == {"A", "B"}


@pytest.mark.parametrize(
    ("configuration", "state", "said"),
    [
        ({"SupportedFeatureProfiles": "Core"}, "not-supported", "SupportedFeatureProfiles"),
        ({"LocalAuthListEnabled": "false"}, "disabled", "LocalAuthListEnabled"),
    ],
)
async def test_charge_point_without_a_list_is_sent_none(
    tmp_path: Path, configuration: dict[str, str], state: str, said: str
) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A")
        async with arrived(url, **configuration) as (_, keeper):
            shown = await state_is(api, state)
            assert said in shown["problem"]
            assert (keeper.sent, keeper.asked) == ([], 0)


@pytest.mark.parametrize("answer", [["NotImplemented", "", {}], {"listVersion": -1}])
async def test_charge_point_that_says_that_it_has_no_list_is_not_asked_again(
    tmp_path: Path, answer: Any
) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A")
        async with station(url) as cp:
            cp.answers["GetLocalListVersion"] = answer
            await cp.boot()
            await state_is(api, "not-supported")
            await put(api, "B")
            await cp.boot()
            cp.answers["TriggerMessage"] = {"status": "Accepted"}
            await api.post(
                "/charge-points/CP1/commands/TriggerMessage", json={"requestedMessage": "Heartbeat"}
            )
            assert [action for action, _ in cp.received].count("GetLocalListVersion") == 1
            assert (await api.post(f"{LIST}/sync")).status_code == 202
            await until(lambda: [a for a, _ in cp.received].count("GetLocalListVersion") == 2)


async def test_most_recently_used_tags_are_kept_where_there_is_not_room_for_all(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A", "B", "C", "D")
        async with station(url) as cp:
            keeper = ListKeeper(cp, LocalAuthListMaxLength="2")
            assert (await cp.boot())["status"] == "Accepted"
            for id_tag in ("C", "D"):
                assert (await cp.call("Authorize", {"idTag": id_tag}))["idTagInfo"]["status"] == "Accepted"
            assert (await api.post(f"{LIST}/sync")).status_code == 202
            await until(lambda: set(keeper.entries) == {"C", "D"})
            shown = await state_is(api, "synced")
            assert (shown["entries"], shown["left_out"]) == (2, 2)


async def test_list_can_be_of_some_groups_or_left_alone(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A", "B", parent_id_tag="FLEET")
        await put(api, "C")
        async with arrived(url) as (_, keeper):
            await until(lambda: set(keeper.entries) == {"A", "B", "C"})
            await state_is(api, "synced")
            edited = await api.patch(LIST, json={"groups": ["fleet"]})
            assert edited.json()["groups"] == ["fleet"]
            await until(lambda: set(keeper.entries) == {"A", "B"})
            await state_is(api, "synced")
            assert (await api.patch(LIST, json={"enabled": False})).json()["state"] == "disabled"
            sent = len(keeper.sent)
            await put(api, "D", parent_id_tag="FLEET")
            await api.patch(LIST, json={"enabled": True})
            await until(lambda: "D" in keeper.entries)
            assert len(keeper.sent) == sent + 1


async def test_list_sent_by_a_command_is_noticed_and_replaced(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api):
        await put(api, "A")
        async with arrived(url) as (_, keeper):
            await state_is(api, "synced")
            body = {
                "listVersion": 7,
                "updateType": "Full",
                "localAuthorizationList": [{"idTag": "X", "idTagInfo": {"status": "Accepted"}}],
            }
            sent = await api.post("/charge-points/CP1/commands/SendLocalList", json=body)
            assert sent.json() == {"status": "Accepted"}
            assert (await api.get(LIST)).json()["state"] == "pending"
            await api.post(f"{LIST}/sync")
            await until(lambda: set(keeper.entries) == {"A"})
            assert (await state_is(api, "synced"))["version"] == 8


async def test_list_of_another_system_is_left_alone_while_no_tag_is_registered(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        keeper = ListKeeper(cp)
        keeper.version, keeper.entries = 5, {"X": {"status": "Accepted"}}
        await cp.boot()
        assert (await api.get(LIST)).json()["state"] == "untouched"
        await put(api, "A")
        await until(lambda: set(keeper.entries) == {"A"})
        assert len(keeper.sent) == 1
