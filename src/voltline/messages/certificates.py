"""The charge point's own certificate, and the roots that it trusts."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from voltline.messages.action import Payload, Request, Response
from voltline.messages.types import Enumeration, String40, String128, String5500, String10000, doc


class GenericStatus(Enumeration):
    """Yes or no; GenericStatusEnumType of the security whitepaper, 6.8."""

    ACCEPTED = "Accepted", "The request is accepted and will be carried out."
    REJECTED = "Rejected", "The request is not accepted."


class SignCertificateResponse(Response):
    """Whether the request will be passed on for signing. Security whitepaper, 5.18."""

    status: Annotated[GenericStatus, doc("Whether the central system takes the request.")]


class SignCertificate(Request[SignCertificateResponse]):
    """Have a certificate signed for me; CertificateSigned brings it. Security whitepaper, 5.17."""

    csr: Annotated[String5500, doc("The certificate signing request (RFC 2986), as PEM.")]


class CertificateSignedStatus(Enumeration):
    """Whether a certificate was taken; CertificateSignedStatusEnumType of the security whitepaper, 6.2."""

    ACCEPTED = "Accepted", "The certificate is valid and will be used."
    REJECTED = "Rejected", "The certificate is not valid or will not be used."


class CertificateSignedResponse(Response):
    """Whether the certificate was taken. Security whitepaper, 5.2."""

    status: Annotated[CertificateSignedStatus, doc("Whether the charge point takes the certificate.")]


class CertificateSigned(Request[CertificateSignedResponse]):
    """Here is your signed certificate. Security whitepaper, 5.1."""

    certificate_chain: Annotated[
        String10000, doc("The signed certificate, as PEM, and the sub CA certificates it needs.")
    ]


class HashAlgorithm(Enumeration):
    """How hashes are made; HashAlgorithmEnumType of the security whitepaper, 6.10."""

    SHA256 = "SHA256", "SHA-256."
    SHA384 = "SHA384", "SHA-384."
    SHA512 = "SHA512", "SHA-512."


class CertificateHashData(Payload):
    """Names a certificate, the way OCSP does; CertificateHashDataType of the security whitepaper, 6.1."""

    hash_algorithm: Annotated[HashAlgorithm, doc("How the hashes are made.")]
    issuer_name_hash: Annotated[String128, doc("Hash of the issuer's distinguished name, in hexadecimal.")]
    issuer_key_hash: Annotated[String128, doc("Hash of the issuer's public key, in hexadecimal.")]
    serial_number: Annotated[String40, doc("The serial number, in hexadecimal without leading zeros.")]


class CertificateUse(Enumeration):
    """What a root is for; CertificateUseEnumType of the security whitepaper, 6.4."""

    CENTRAL_SYSTEM_ROOT_CERTIFICATE = (
        "CentralSystemRootCertificate",
        "The charge point trusts central systems by it.",
    )
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate", "The charge point trusts firmware by it."


class InstallCertificateStatus(Enumeration):
    """What became of a root; CertificateStatusEnumType of the security whitepaper, 6.3."""

    ACCEPTED = "Accepted", "The certificate is installed."
    FAILED = "Failed", "The certificate is valid, but could not be installed."
    REJECTED = "Rejected", "The certificate is not valid, or not allowed."


class InstallCertificateResponse(Response):
    """What became of the certificate. Security whitepaper, 5.12."""

    status: Annotated[InstallCertificateStatus, doc("Whether the certificate is installed.")]


class InstallCertificate(Request[InstallCertificateResponse]):
    """Trust this root. Security whitepaper, 5.11."""

    certificate_type: Annotated[CertificateUse, doc("What the root is for.")]
    certificate: Annotated[String5500, doc("The certificate, as PEM.")]


class DeleteCertificateStatus(Enumeration):
    """What became of a removal; DeleteCertificateStatusEnumType of the security whitepaper, 6.5."""

    ACCEPTED = "Accepted", "The certificate is deleted."
    FAILED = "Failed", "The certificate could not be deleted, for example because it is in use."
    NOT_FOUND = "NotFound", "There is no such certificate."


class DeleteCertificateResponse(Response):
    """What became of the removal. Security whitepaper, 5.4."""

    status: Annotated[DeleteCertificateStatus, doc("Whether the certificate is deleted.")]


class DeleteCertificate(Request[DeleteCertificateResponse]):
    """Delete an installed root. Security whitepaper, 5.3."""

    certificate_hash_data: Annotated[CertificateHashData, doc("Which one.")]


class GetInstalledCertificateStatus(Enumeration):
    """Whether there are any; GetInstalledCertificateStatusEnumType of the security whitepaper, 6.9."""

    ACCEPTED = "Accepted", "The certificates are in the response."
    NOT_FOUND = "NotFound", "There is none of that use."


class GetInstalledCertificateIdsResponse(Response):
    """The installed roots of the use asked for. Security whitepaper, 5.8."""

    certificate_hash_data: (
        Annotated[list[CertificateHashData], Meta(min_length=1), doc("The roots; absent if there is none.")]
        | UnsetType
    ) = UNSET
    status: Annotated[GetInstalledCertificateStatus, doc("Whether there is any.")]


class GetInstalledCertificateIds(Request[GetInstalledCertificateIdsResponse]):
    """Which roots are installed? Security whitepaper, 5.7."""

    certificate_type: Annotated[CertificateUse, doc("The use of the roots asked for.")]
