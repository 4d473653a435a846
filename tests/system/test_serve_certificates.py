"""Certificates and security events, message by message."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import RawStation, station

CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"
PEM = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"
ROOT, MAKER = "CentralSystemRootCertificate", "ManufacturerRootCertificate"
_numbers = count(1)


def hashes(serial: str, algorithm: str = "SHA384") -> dict[str, str]:
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": "aa",
        "issuerKeyHash": "bb",
        "serialNumber": serial,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flags = ("--set", "procedures.after_boot=false", "--set", "certificates.requests=queue")
    with serving(tmp_path_factory.mktemp("serve") / "data", *flags) as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.http}/api/v1", timeout=30) as client:
        yield client


@pytest.fixture
def identity() -> str:
    return f"CP{next(_numbers)}"


@pytest.fixture
async def cp(server: Serving, identity: str) -> AsyncIterator[RawStation]:
    async with station(server.ocpp, identity) as visitor:
        await visitor.boot()
        yield visitor


async def requests(api: httpx.AsyncClient, identity: str, **filters: str) -> list[dict[str, Any]]:
    params = {"charge_point": identity, **filters}
    return list((await api.get("/certificate-requests", params=params)).json()["items"])


@pytest.mark.requirement("CSR-08")
async def test_request_is_rejected_where_nobody_signs(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("serve") / "data") as nobody:
        async with (
            station(nobody.ocpp) as cp,
            httpx.AsyncClient(base_url=f"{nobody.http}/api/v1") as api,
        ):
            await cp.boot()
            assert await cp.call("SignCertificate", {"csr": CSR}) == {"status": "Rejected"}
            (kept,) = await requests(api, "CP1")
            assert (kept["state"], kept["csr"]) == ("refused", CSR)
            brought = await api.post(
                f"/certificate-requests/{kept['id']}/certificate", json={"certificate_chain": PEM}
            )
            assert (brought.status_code, brought.json()["type"]) == (
                409,
                "urn:voltline:problem:request-not-open",
            )


@pytest.mark.requirement("CSR-08", "CSR-16")
async def test_certificate_is_brought_to_an_open_request(
    api: httpx.AsyncClient, cp: RawStation, identity: str
) -> None:
    assert await cp.call("SignCertificate", {"csr": CSR}) == {"status": "Accepted"}
    (kept,) = await opened(api, identity)
    path = f"/certificate-requests/{kept['id']}"
    long = await api.post(f"{path}/certificate", json={"certificate_chain": "x" * 10_001})
    assert long.status_code == 422
    cp.answers["CertificateSigned"] = {"status": "Rejected"}
    answer = await api.post(f"{path}/certificate", json={"certificate_chain": "bad"})
    assert answer.json() == {"status": "Rejected"}
    assert (await api.get(path)).json()["state"] == "not-taken"
    cp.answers["CertificateSigned"] = {"status": "Accepted"}
    answer = await api.post(f"{path}/certificate", json={"certificate_chain": PEM})
    assert answer.json() == {"status": "Accepted"}
    assert cp.received[-1] == ("CertificateSigned", {"certificateChain": PEM})
    settled = (await api.get(path)).json()
    assert (settled["state"], settled["certificate_chain"]) == ("signed", PEM)
    again = await api.post(f"{path}/certificate", json={"certificate_chain": PEM})
    assert again.status_code == 409
    history = (await api.get(f"/charge-points/{identity}/certificate-history")).json()["items"]
    assert [(one["action"], one["status"]) for one in history] == [
        ("CertificateSigned", "Accepted"),
        ("CertificateSigned", "Rejected"),
    ]


async def opened(api: httpx.AsyncClient, identity: str) -> list[dict[str, Any]]:
    """The requests once they are open, which is after their answers."""
    while True:
        found = await requests(api, identity)
        if all(one["state"] == "open" for one in found):
            return found


async def test_request_that_is_sent_again_is_one(
    api: httpx.AsyncClient, cp: RawStation, identity: str
) -> None:
    for _ in range(2):
        assert await cp.call("SignCertificate", {"csr": CSR}) == {"status": "Accepted"}
        (kept,) = await opened(api, identity)
    assert kept["times"] == 2
    dismissed = await api.post(f"/certificate-requests/{kept['id']}/dismiss", json={"reason": "no"})
    assert (dismissed.json()["state"], dismissed.json()["reason"]) == ("dismissed", "no")
    assert await requests(api, identity, state="open") == []


@pytest.mark.requirement("CMG-09")
async def test_roots_are_installed_listed_and_deleted_by_their_own_hashes(
    api: httpx.AsyncClient, cp: RawStation, identity: str
) -> None:
    path = f"/charge-points/{identity}/certificates"
    cp.answers["InstallCertificate"] = {"status": "Accepted"}
    installed = await api.post(path, json={"use": ROOT, "certificate": PEM})
    assert installed.json() == {"status": "Accepted"}
    assert cp.received[-1] == ("InstallCertificate", {"certificateType": ROOT, "certificate": PEM})
    cp.answers["GetInstalledCertificateIds"] = {
        "status": "Accepted",
        "certificateHashData": [hashes("1a"), hashes("2b", "SHA512")],
    }
    listed = (await api.post(f"{path}/refresh")).json()["items"]
    assert len(listed) == 4  # the charge point says the same for both uses
    assert (await api.get(path)).json()["items"] == listed
    doomed = next(one for one in listed if one["serial_number"] == "2b")
    cp.answers["DeleteCertificate"] = {"status": "Failed"}
    assert (await api.delete(f"{path}/{doomed['id']}")).json() == {"status": "Failed"}
    assert len((await api.get(path)).json()["items"]) == 4
    cp.answers["DeleteCertificate"] = {"status": "Accepted"}
    assert (await api.delete(f"{path}/{doomed['id']}")).json() == {"status": "Accepted"}
    assert cp.received[-1] == ("DeleteCertificate", {"certificateHashData": hashes("2b", "SHA512")})
    left = (await api.get(path)).json()["items"]
    assert {one["serial_number"] for one in left} == {"1a"}
    cp.answers["GetInstalledCertificateIds"] = {"status": "NotFound"}
    assert (await api.post(f"{path}/refresh")).json()["items"] == []
    assert (await api.delete(f"{path}/{left[0]['id']}")).status_code == 404


@pytest.mark.requirement("SEV-03")
async def test_security_event_is_answered_kept_told_and_counted_when_repeated(
    api: httpx.AsyncClient, cp: RawStation, identity: str
) -> None:
    event = {"type": "TamperDetectionActivated", "timestamp": "2026-01-01T01:00:00+01:00", "techInfo": "lid"}
    for _ in range(2):
        assert await cp.call("SecurityEventNotification", event) == {}
    other = {"type": "InvalidMessages", "timestamp": "2026-02-01T00:00:00Z"}
    assert await cp.call("SecurityEventNotification", other) == {}

    async def listed(**filters: Any) -> list[dict[str, Any]]:
        params = {"charge_point": identity, **filters}
        return list((await api.get("/security-events", params=params)).json()["items"])

    newest, first = await listed()
    assert (newest["type"], newest["critical"], newest["times"]) == ("InvalidMessages", False, 1)
    assert (first["tech_info"], first["critical"], first["times"]) == ("lid", True, 2)
    assert first["happened_at"] == "2026-01-01T00:00:00Z"
    assert [one["type"] for one in await listed(critical=True)] == ["TamperDetectionActivated"]
    assert [one["type"] for one in await listed(type="InvalidMessages")] == ["InvalidMessages"]
    assert [one["type"] for one in await listed(since="2026-01-15T00:00:00Z")] == ["InvalidMessages"]
    assert [one["type"] for one in await listed(until="2026-01-15T00:00:00Z")] == [first["type"]]
    assert len(await listed(limit=1)) == 1
