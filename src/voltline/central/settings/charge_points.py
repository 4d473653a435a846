"""Who is let in, who may charge, and what is done with charge points by itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from voltline.central.domain.authorization import Fallback, UnknownTags
from voltline.central.domain.certificates import SigningPolicy
from voltline.central.domain.stations import RegistrationPolicy
from voltline.central.settings.section import Section


class RegistrationSettings(Section, frozen=True, kw_only=True):
    """Which charge points are let in."""

    policy: Annotated[
        RegistrationPolicy,
        Meta(
            description="accept-all: every charge point is accepted. known-only: one that is not registered "
            "is told Rejected. pending: one that is not registered is told Pending until it is."
        ),
    ] = RegistrationPolicy.ACCEPT_ALL
    heartbeat_interval_s: Annotated[
        int,
        Meta(
            ge=1,
            le=86400,
            description="Time between two heartbeats, told to accepted charge points.",
            extra={"unit": "seconds"},
        ),
    ] = 300
    retry_interval_s: Annotated[
        int,
        Meta(
            ge=1,
            le=86400,
            description="Time until the next BootNotification, told to pending and rejected charge points.",
            extra={"unit": "seconds"},
        ),
    ] = 60


class AuthorizationSettings(Section, frozen=True, kw_only=True):
    """Who may charge."""

    unknown_tags: Annotated[
        UnknownTags,
        Meta(
            description="accept: an id tag that is not registered may charge. reject: it is told Invalid. "
            "ask: ask_url is asked while the charge point waits. Transactions are kept whatever it is told."
        ),
    ] = UnknownTags.ACCEPT
    ask_url: Annotated[
        str,
        Meta(
            pattern=r"^$|^https?://[^/]",
            description="With unknown_tags = ask: who is asked, by POST of "
            '{"idTag", "chargePoint", "connector"}; answers {"status", "expiryDate", "parentIdTag"}.',
            extra={"secret": True, "allowed": "http://host/path, https://host/path or nothing"},
        ),
    ] = ""
    ask_timeout_s: Annotated[
        float,
        Meta(
            ge=0.05,
            le=60,
            description="How long ask_url may take. Charge points wait some 30 seconds for an answer.",
            extra={"unit": "seconds"},
        ),
    ] = 5.0
    ask_fallback: Annotated[
        Fallback, Meta(description="What becomes of the id tag when ask_url gives no answer in time.")
    ] = Fallback.REJECT
    ask_remember_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long an answer of ask_url is used again: a tag is asked about when it is "
            "presented, and when its transaction starts.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    one_transaction_per_tag: Annotated[
        bool,
        Meta(
            description="Tell an id tag ConcurrentTx when it starts a second transaction while one runs. "
            "Tags that are registered with a limit of their own go by that."
        ),
    ] = False


class LocalListsSettings(Section, frozen=True, kw_only=True):
    """Local lists of id tags in charge points, by which they work while they are offline."""

    enabled: Annotated[
        bool,
        Meta(
            description="Keep the local list of every charge point that has one as the registered id tags "
            "are, and clear caches after a tag was revoked."
        ),
    ] = True
    delay_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long after a change of id tags charge points are told, so that many changes are "
            "told together.",
            extra={"unit": "seconds"},
        ),
    ] = 2.0


class ProceduresSettings(Section, frozen=True, kw_only=True):
    """What is done with charge points by itself, beside answering them."""

    after_boot: Annotated[
        bool,
        Meta(
            description="After each boot, and after each connect without boot, read the charge point's "
            "configuration and bring it up to date. false: a charge point is sent what is asked for, only."
        ),
    ] = True
    settle_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long a charge point is left alone after its boot was accepted.",
            extra={"unit": "seconds"},
        ),
    ] = 1.0
    boot_patience_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long a charge point that connects is given to send BootNotification. One that "
            "was accepted before need not, and is gone on with then.",
            extra={"unit": "seconds"},
        ),
    ] = 10.0


class CertificatesSettings(Section, frozen=True, kw_only=True):
    """Certificates of charge points."""

    requests: Annotated[
        SigningPolicy,
        Meta(
            description="reject: a charge point that asks for a certificate is told Rejected; its "
            "request is kept. queue: it is told Accepted, and its request waits for an operator to bring the "
            "certificate."
        ),
    ] = SigningPolicy.REJECT
