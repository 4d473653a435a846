"""Requests for certificates are open only once they were answered."""

from voltline.central.domain.certificates import RequestState, SigningPolicy
from voltline.central.services import certificates
from voltline.messages import SignCertificate

from .conftest import Storage
from .saying import NOON, at

CSR = SignCertificate(csr="a request")


def test_certificate_cannot_be_brought_before_the_request_is_answered(storage: Storage) -> None:
    station = storage.station()
    number, accepted = storage.do(certificates.request, station, CSR, SigningPolicy.QUEUE, NOON)
    assert accepted
    early = storage.do(certificates.bring, number, "chain", at(1))
    assert early is not None
    assert (early.state, early.certificate_chain) == (RequestState.RECEIVED, None)
    storage.do(certificates.answered, number, at(2))
    brought = storage.do(certificates.bring, number, "chain", at(3))
    assert brought is not None
    assert (brought.state, brought.certificate_chain) == (RequestState.OPEN, "chain")


def test_request_whose_answer_was_lost_in_a_restart_is_open(storage: Storage) -> None:
    number, _ = storage.do(certificates.request, storage.station(), CSR, SigningPolicy.QUEUE, NOON)
    storage.restart()
    storage.do(certificates.left_received, at(5))
    found = storage.queries.certificate_request(number)
    assert found is not None
    assert found.state is RequestState.OPEN
