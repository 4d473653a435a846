"""Configuration keys that OCPP does not know: switches of what its texts leave to the maker."""

from voltline.messages import FeatureProfile
from voltline.messages.configuration_keys import Access, ConfigurationKeys
from voltline.messages.configuration_keys.key import KeysOf

_core = KeysOf(FeatureProfile.CORE)
_reservation = KeysOf(FeatureProfile.RESERVATION)

VENDOR_KEYS = ConfigurationKeys(
    _core.text(
        "CelsiusSpelling",
        Access.READ_WRITE,
        "How degrees are spelt: as the specification has it, or as its first schemas had.",
        "OCPP-J errata 2.1, and the other way round in those of 2025",
        default="Celsius",
        allowed=("Celsius", "Celcius"),
    ),
    _core.flag(
        "FreeVendEnabled",
        Access.READ_WRITE,
        "Whether plugging in is enough: the transaction starts with FreeVendIdTag, and no tag is presented.",
        "Voltline",
        default="false",
    ),
    _core.text(
        "FreeVendIdTag",
        Access.READ_WRITE,
        "The id tag under which everybody charges when FreeVendEnabled is true.",
        "Voltline",
        default="00000000",
        pattern=r"[!-~]([ -~]{0,18}[!-~])?",
        form="an id tag of 1 to 20 printable characters",
    ),
    _core.flag(
        "TxBeforeAcceptedEnabled",
        Access.READ_WRITE,
        "Whether drivers are served, by the rules for being offline, before the station was ever accepted.",
        "OCPP 1.6, 4.2.1; errata 3.11",
        default="false",
    ),
    _core.flag(
        "UnavailableBeforeAccepted",
        Access.READ_WRITE,
        "Whether the connectors are Unavailable until the central system has accepted the station once.",
        "OCPP 1.6, 4.9",
        default="false",
    ),
    _reservation.flag(
        "ReservationEnabled",
        Access.READ_WRITE,
        "Whether reservations are accepted; without, ReserveNow is Rejected (OCPP 1.6, 5.13).",
        "Voltline",
        default="true",
    ),
)
"""By name, found without regard to case, in the same form as the standard keys."""
