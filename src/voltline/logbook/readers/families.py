"""The families of text logs, in the order in which they are asked. A new one is a file and a line here."""

from voltline.logbook.readers.any_words import BARE, NAMED_ARROWS, OTHER_WORDS
from voltline.logbook.readers.delta import DELTA
from voltline.logbook.readers.embedded import FIRMWARE_C, FIRMWARE_CPP, MICRO_OCPP, TX_RX
from voltline.logbook.readers.family import Family
from voltline.logbook.readers.file_per_frame import FILE_PER_FRAME
from voltline.logbook.readers.go_loggers import EVCC, EVCC_ERROR, OCPP_GO
from voltline.logbook.readers.libocpp import LIBOCPP
from voltline.logbook.readers.python_ocpp import PYTHON_OCPP
from voltline.logbook.readers.qt_charger import QT_CHARGER
from voltline.logbook.readers.simulators import ARROWS, SAP_SIMULATOR, WEBSOCKET_WORDS
from voltline.logbook.readers.steve import JAVA_OCA_OCPP, STEVE
from voltline.logbook.readers.websockets_debug import WEBSOCKETS_DEBUG

__all__ = ["FAMILIES"]

FAMILIES: tuple[Family, ...] = (
    DELTA,
    PYTHON_OCPP,
    WEBSOCKETS_DEBUG,
    STEVE,
    JAVA_OCA_OCPP,
    EVCC,
    EVCC_ERROR,
    OCPP_GO,
    LIBOCPP,
    MICRO_OCPP,
    FIRMWARE_C,
    FIRMWARE_CPP,
    FILE_PER_FRAME,
    SAP_SIMULATOR,
    WEBSOCKET_WORDS,
    ARROWS,
    TX_RX,
    QT_CHARGER,
    BARE,
    NAMED_ARROWS,
    OTHER_WORDS,  # takes anything
)
