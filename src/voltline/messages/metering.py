"""What the meters read. Shared by MeterValues and StopTransaction."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from voltline.messages.action import Payload, Request, Response
from voltline.messages.types import Enumeration, Timestamp, doc


class ReadingContext(Enumeration):
    """Why a value was taken. OCPP 1.6, 7.35."""

    INTERRUPTION_BEGIN = "Interruption.Begin", "Taken at the start of an interruption."
    INTERRUPTION_END = "Interruption.End", "Taken when resuming after an interruption."
    SAMPLE_CLOCK = "Sample.Clock", "Taken at a clock-aligned interval."
    SAMPLE_PERIODIC = "Sample.Periodic", "Taken periodically, counted from the start of the transaction."
    TRANSACTION_BEGIN = "Transaction.Begin", "Taken at the start of the transaction."
    TRANSACTION_END = "Transaction.End", "Taken at the end of the transaction."
    TRIGGER = "Trigger", "Taken in answer to a TriggerMessage."
    OTHER = "Other", "Any other situation."


class ValueFormat(Enumeration):
    """How a value is written. OCPP 1.6, 7.49."""

    RAW = "Raw", "A decimal number."
    SIGNED_DATA = "SignedData", "A signed binary block, in hexadecimal."


class Measurand(Enumeration):
    """What a value measures. Import is to the vehicle, export from it. OCPP 1.6, 7.31."""

    ENERGY_ACTIVE_EXPORT_REGISTER = (
        "Energy.Active.Export.Register",
        "Meter register of exported energy (Wh, kWh).",
    )
    ENERGY_ACTIVE_IMPORT_REGISTER = (
        "Energy.Active.Import.Register",
        "Meter register of imported energy (Wh, kWh). The measurand when none is given.",
    )
    ENERGY_REACTIVE_EXPORT_REGISTER = (
        "Energy.Reactive.Export.Register",
        "Meter register of exported reactive energy (varh, kvarh).",
    )
    ENERGY_REACTIVE_IMPORT_REGISTER = (
        "Energy.Reactive.Import.Register",
        "Meter register of imported reactive energy (varh, kvarh).",
    )
    ENERGY_ACTIVE_EXPORT_INTERVAL = (
        "Energy.Active.Export.Interval",
        "Energy exported during the interval before the timestamp (Wh, kWh).",
    )
    ENERGY_ACTIVE_IMPORT_INTERVAL = (
        "Energy.Active.Import.Interval",
        "Energy imported during the interval before the timestamp (Wh, kWh).",
    )
    ENERGY_REACTIVE_EXPORT_INTERVAL = (
        "Energy.Reactive.Export.Interval",
        "Reactive energy exported during the interval before the timestamp (varh, kvarh).",
    )
    ENERGY_REACTIVE_IMPORT_INTERVAL = (
        "Energy.Reactive.Import.Interval",
        "Reactive energy imported during the interval before the timestamp (varh, kvarh).",
    )
    POWER_ACTIVE_EXPORT = "Power.Active.Export", "Active power from the vehicle (W, kW)."
    POWER_ACTIVE_IMPORT = "Power.Active.Import", "Active power to the vehicle (W, kW)."
    POWER_OFFERED = "Power.Offered", "The most power that the vehicle is offered (W, kW)."
    POWER_REACTIVE_EXPORT = "Power.Reactive.Export", "Reactive power from the vehicle (var, kvar)."
    POWER_REACTIVE_IMPORT = "Power.Reactive.Import", "Reactive power to the vehicle (var, kvar)."
    POWER_FACTOR = "Power.Factor", "Power factor of the total energy flow (no unit)."
    CURRENT_IMPORT = "Current.Import", "Current to the vehicle (A)."
    CURRENT_EXPORT = "Current.Export", "Current from the vehicle (A)."
    CURRENT_OFFERED = "Current.Offered", "The most current that the vehicle is offered (A)."
    VOLTAGE = "Voltage", "RMS supply voltage (V)."
    FREQUENCY = "Frequency", "Line frequency in hertz; no unit is listed for it, so none is sent."
    TEMPERATURE = "Temperature", "Temperature inside the charge point (Celsius, Fahrenheit, K)."
    SOC = "SoC", "State of charge of the vehicle (Percent)."
    RPM = "RPM", "Fan speed in revolutions per minute (no unit)."


class Phase(Enumeration):
    """Between which conductors a value was taken. OCPP 1.6, 7.34."""

    L1 = "L1", "Phase 1."
    L2 = "L2", "Phase 2."
    L3 = "L3", "Phase 3."
    N = "N", "Neutral."
    L1_N = "L1-N", "Phase 1 against neutral."
    L2_N = "L2-N", "Phase 2 against neutral."
    L3_N = "L3-N", "Phase 3 against neutral."
    L1_L2 = "L1-L2", "Phase 1 against phase 2."
    L2_L3 = "L2-L3", "Phase 2 against phase 3."
    L3_L1 = "L3-L1", "Phase 3 against phase 1."


class Location(Enumeration):
    """Where a value was taken. OCPP 1.6, 7.30."""

    CABLE = "Cable", "In the cable."
    EV = "EV", "In the vehicle."
    INLET = "Inlet", "At the grid connection of the charge point."
    OUTLET = "Outlet", "At the connector. The location when none is given."
    BODY = "Body", "Inside the charge point, for example its temperature."


class UnitOfMeasure(Enumeration):
    """The unit of a value. OCPP 1.6, 7.45.

    Degrees have two spellings: the text says Celsius, the first schemas said Celcius. A central system takes
    both (OCPP-J errata, 2.1).
    """

    WH = "Wh", "Watt-hour (energy). The unit of energy when none is given."
    KWH = "kWh", "Kilowatt-hour (energy)."
    VARH = "varh", "Var-hour (reactive energy)."
    KVARH = "kvarh", "Kilovar-hour (reactive energy)."
    W = "W", "Watt (power)."
    KW = "kW", "Kilowatt (power)."
    VA = "VA", "Volt-ampere (apparent power)."
    KVA = "kVA", "Kilovolt-ampere (apparent power)."
    VAR = "var", "Var (reactive power)."
    KVAR = "kvar", "Kilovar (reactive power)."
    A = "A", "Ampere (current)."
    V = "V", "Volt (RMS voltage)."
    K = "K", "Kelvin (temperature)."
    CELCIUS = "Celcius", "Degree Celsius, as the first schemas spelt it."
    CELSIUS = "Celsius", "Degree Celsius (temperature)."
    FAHRENHEIT = "Fahrenheit", "Degree Fahrenheit (temperature)."
    PERCENT = "Percent", "Per cent."


class SampledValue(Payload):
    """One value of a meter, and what it is a value of. OCPP 1.6, 7.43."""

    value: Annotated[str, doc("The value: a decimal number, or a signed block in hexadecimal (see format).")]
    context: Annotated[ReadingContext, doc("Why it was taken; Sample.Periodic if absent.")] | UnsetType = (
        UNSET
    )
    format: Annotated[ValueFormat, doc("How the value is written; Raw if absent.")] | UnsetType = UNSET
    measurand: (
        Annotated[Measurand, doc("What it measures; Energy.Active.Import.Register if absent.")] | UnsetType
    ) = UNSET
    phase: (
        Annotated[Phase, doc("The conductors it was taken between; the overall value if absent.")] | UnsetType
    ) = UNSET
    location: Annotated[Location, doc("Where it was taken; Outlet if absent.")] | UnsetType = UNSET
    unit: (
        Annotated[UnitOfMeasure, doc("The unit; Wh if absent and the measurand is an energy.")] | UnsetType
    ) = UNSET


class MeterValue(Payload):
    """What was sampled at one instant. OCPP 1.6, 7.33."""

    timestamp: Annotated[Timestamp, doc("When the values were taken.")]
    sampled_value: Annotated[list[SampledValue], Meta(min_length=1), doc("The values.")]


class MeterValuesResponse(Response):
    """The central system has the values. OCPP 1.6, 6.32."""


class MeterValues(Request[MeterValuesResponse]):
    """Samples of the meters, of a transaction or outside of one. OCPP 1.6, 4.7 and 6.31."""

    connector_id: Annotated[int, doc("The connector, from 1; 0 is the main meter of the charge point.")]
    transaction_id: Annotated[int, doc("The transaction that the values belong to.")] | UnsetType = UNSET
    meter_value: Annotated[list[MeterValue], Meta(min_length=1), doc("The samples, each with its time.")]
