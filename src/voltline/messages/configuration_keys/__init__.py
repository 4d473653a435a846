"""The 57 standard configuration keys as data.

43 are of OCPP 1.6 itself (section 9), 3 of its errata, 6 of the security whitepaper, 5 of the Plug & Charge
application note alone. Values travel as text; names are found without regard to case.

Only three defaults are the specification's own (`default_is_given`); the others are suggestions. Counts and
durations are never negative; other limits are those that the texts give.
"""

from voltline.messages.configuration_keys.core import CORE
from voltline.messages.configuration_keys.key import Access, ConfigurationKey, ConfigurationKeys, ValueType
from voltline.messages.configuration_keys.other_profiles import OTHER_PROFILES, PLUG_AND_CHARGE, SECURITY

__all__ = ["CONFIGURATION_KEYS", "Access", "ConfigurationKey", "ConfigurationKeys", "ValueType"]

CONFIGURATION_KEYS = ConfigurationKeys(*CORE, *OTHER_PROFILES, *SECURITY, *PLUG_AND_CHARGE)
"""Every standard key by its name, found without regard to case."""
