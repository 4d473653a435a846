"""The status machine against the specification's matrix (OCPP 1.6, 4.9; errata 3.19, 3.20)."""

import pytest

from voltline.messages import ChargePointStatus as Status
from voltline.station.core.status import ROWS, TRANSITIONS, Cause, ImpossibleTransition, after, code, codes

MATRIX = (
    "A2 A3 A4 A5 A7 A8 A9  B1 B3 B4 B5 B6 B9  C1 C4 C5 C6 C8 C9  D1 D3 D5 D6 D8 D9  E1 E3 E4 E6 E8 E9  "
    "F1 F2 F8 F9  G1 G2 G8 G9  H1 H2 H3 H4 H5 H9  I1 I2 I3 I4 I5 I6 I7 I8"
)


@pytest.mark.requirement("STN-01")
def test_table_has_the_53_transitions_of_the_specification_and_no_other():
    assert codes() == set(MATRIX.split())
    assert len(codes()) == 53


@pytest.mark.requirement("TXS-13")
def test_charging_is_never_left_for_preparing_nor_finishing_for_charging():
    assert Status.PREPARING not in TRANSITIONS[Status.CHARGING].values()
    assert Status.CHARGING not in TRANSITIONS[Status.FINISHING].values()
    assert Status.UNAVAILABLE not in TRANSITIONS[Status.PREPARING].values()


def test_codes_are_read_off_rows_and_columns():
    assert code(Status.PREPARING, Status.CHARGING) == "B3"
    assert code(Status.FAULTED, Status.UNAVAILABLE) == "I8"


def test_a_cause_that_says_what_already_holds_changes_nothing():
    assert after(Status.CHARGING, Cause.ENERGY_FLOWS) is Status.CHARGING


def test_a_transition_that_the_matrix_lacks_is_a_fault_of_the_core():
    with pytest.raises(ImpossibleTransition, match="Preparing because of WITHDRAWN"):
        after(Status.PREPARING, Cause.WITHDRAWN)


def test_every_status_has_its_row():
    assert set(TRANSITIONS) == set(ROWS) == set(Status)
