"""What charge points say in these tests."""

from datetime import UTC, datetime, timedelta

from voltline.central.domain.authorization import AuthorizationRules, UnknownTags
from voltline.messages import (
    UNSET,
    BootNotification,
    Measurand,
    MeterValue,
    MeterValues,
    Phase,
    Reason,
    SampledValue,
    StartTransaction,
    StopTransaction,
    UnitOfMeasure,
)

NOON = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)
ANYONE = AuthorizationRules()
ONLY_KNOWN = AuthorizationRules(unknown_tags=UnknownTags.REJECT)
ONE_EACH = AuthorizationRules(one_transaction_per_tag=True)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def boot(model: str = "Wallbox", firmware: str = "1.0") -> BootNotification:
    return BootNotification(
        charge_point_vendor="Acme",
        charge_point_model=model,
        firmware_version=firmware,
        charge_point_serial_number="SN-1",
        charge_box_serial_number="BOX-1",
        iccid="8931",
        imsi="204",
        meter_type="M",
        meter_serial_number="M-1",
    )


def start(
    tag: str = "TAG", connector: int = 1, meter: int = 100, second: float = 0, reservation: int | None = None
) -> StartTransaction:
    return StartTransaction(
        connector_id=connector,
        id_tag=tag,
        meter_start=meter,
        timestamp=at(second),
        reservation_id=UNSET if reservation is None else reservation,
    )


def stop(
    transaction_id: int,
    meter: int = 600,
    second: float = 3600,
    tag: str | None = None,
    reason: Reason | None = None,
    data: list[MeterValue] | None = None,
) -> StopTransaction:
    return StopTransaction(
        transaction_id=transaction_id,
        meter_stop=meter,
        timestamp=at(second),
        id_tag=UNSET if tag is None else tag,
        reason=UNSET if reason is None else reason,
        transaction_data=UNSET if data is None else data,
    )


def sampled(second: float = 60, energy: str = "100") -> MeterValue:
    return MeterValue(
        timestamp=at(second),
        sampled_value=[
            SampledValue(value=energy),
            SampledValue(
                value="16.020",
                measurand=Measurand.CURRENT_IMPORT,
                unit=UnitOfMeasure.A,
                phase=Phase.L1,
            ),
        ],
    )


def meter(
    transaction_id: int | None = None, second: float = 60, energy: str = "100", connector: int = 1
) -> MeterValues:
    return MeterValues(
        connector_id=connector,
        transaction_id=UNSET if transaction_id is None else transaction_id,
        meter_value=[sampled(second, energy)],
    )
