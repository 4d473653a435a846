"""Free vend: plugging in is enough, and everybody charges under one tag. No part of OCPP.

OCPP 1.6 has no placeholder tag, and LocalPreAuthorize is something else (9.1.13): what is sold under that
name by some makers is this mode. The transaction starts at the plug with `FreeVendIdTag`; energy flows once
the central system has accepted the tag in its answer. If it does not, a tag has to be presented.
"""

from voltline.station.core.authorization import Authorizer
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Permission
from voltline.station.core.intents import Matter


class FreeVend:
    """Says for whom a transaction may start that nobody has presented a tag for."""

    def __init__(self, bench: Bench, authorizer: Authorizer) -> None:
        self._bench = bench
        self._authorizer = authorizer

    def permission(self) -> Permission | None:
        """The tag for all; None where the mode is off, or nobody can be asked and the tag is not known."""
        configuration = self._bench.configuration
        if not configuration.flag("FreeVendEnabled"):
            return None
        id_tag = configuration.text("FreeVendIdTag")
        if not self._authorizer.online:
            verdict = self._authorizer.offline(id_tag)
            if not verdict.accepted:
                self._bench.tell(Matter.AUTHORIZATION, f"no free vend: {verdict.grounds}; present a tag")
                return None
        return self._authorizer.bearer(id_tag)
