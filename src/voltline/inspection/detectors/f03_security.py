"""F03: security events, and keys that a log gives away."""

from collections.abc import Iterator
from typing import Final

from voltline.inspection.detector import Detector, chosen
from voltline.inspection.events import Answered, Call, Event, Note
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.secrets import secrets_in
from voltline.messages import SecurityEventNotification

_SUSPICIOUS: Final = frozenset(
    {
        "failedtoauthenticateatcentralsystem",
        "centralsystemfailedtoauthenticate",
        "securitylogwascleared",
        "memoryexhaustion",
        "tamperdetectionactivated",
        "invalidfirmwaresignature",
        "invalidfirmwaresigningcertificate",
        "invalidcentralsystemcertificate",
        "invalidchargepointcertificate",
    }
)
"""Events that everyday life does not bring about, in lower case. Security whitepaper, 8."""


class SecurityMatters(Detector):
    """A SecurityEventNotification, or an AuthorizationKey in clear in the log."""

    id = "F03"
    title = "Security event"
    severity = Severity.INFO
    basis = ("Security whitepaper, 4", "Security whitepaper, A02")
    who = Who.SITE
    next_step = "Find out what happened at the charge point at that time."
    explanation = (
        "The charge point reports what matters for security. Starts, resets, clock settings and firmware "
        "updates are everyday; failed logins, tampering, bad certificates and signatures, and a cleared "
        "security log are not. An AuthorizationKey that can be read in a log is a password given away: who "
        "has the file can pose as the charge point. The report never shows it."
    )
    events = (Call, Answered, Note)
    actions = chosen(call={"SecurityEventNotification", "ChangeConfiguration"}, answered={"GetConfiguration"})

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Events when they are sent; keys wherever they stand."""
        if isinstance(event, Call) and isinstance(event.exchange.request, SecurityEventNotification):
            notice = event.exchange.request
            attack = notice.type.strip().lower() in _SUSPICIOUS
            yield self.finding(
                facts,
                f"The charge point reported {notice.type}.",
                (event.record,),
                title=f"{self.title}: {notice.type}",
                severity=Severity.ERROR if attack else None,
            )
        elif secrets_in(event.record.text):
            yield self.finding(
                facts,
                "An AuthorizationKey stands in the log in clear; it is removed here.",
                (event.record,),
                title="Key in clear in the log",
                severity=Severity.ERROR,
                who=Who.LOG_KEEPER,
                next_step="Give the charge point a new key, and keep its value out of the log.",
            )
