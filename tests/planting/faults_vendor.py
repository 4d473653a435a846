"""What a Delta AC MAX writes into its own log, between the frames."""

from tests.planting.bed import Bed, later
from tests.planting.lines import Line
from tests.planting.planted import plants


def _say(bed: Bed, text: str, times: int = 1) -> Line:
    spot = bed.spot()
    for number in range(times):
        at = later(spot.at, number)
        stamp = f"{at:%b} {at.day:2} {at:%H:%M:%S}.{at.microsecond // 1000:03}"
        line = bed.add(spot.line, at, "note", f"{stamp} OpenWrt {text}")
    return line


@plants("E01")
def back_end_that_is_not_reached(bed: Bed) -> Line:
    return _say(bed, "user.info InfraMgmt[2354]: [Infra] Backend connection fail", 6)


@plants("E02")
def error_code(bed: Bed) -> Line:
    return _say(bed, "user.alert : [IntComm] EV0086 Error occurred")


@plants("E03")
def restart(bed: Bed) -> Line:
    return _say(bed, "syslog.info syslogd started: BusyBox v1.19.4", 3)


@plants("E04")
def limit_to_no_power(bed: Bed) -> Line:
    return _say(bed, "user.info InfraMgmt[2354]: [Infra] LIMIT_toNoPower")
