"""The error codes of a CALLERROR. OCPP-J 1.6, 4.2.3."""

from enum import StrEnum

__all__ = ["ErrorCode"]


class ErrorCode(StrEnum):
    """Why a CALL was not answered with a result.

    Two codes are misspelt in the specification. They are sent as it spells them, because the errata (OCPP-J,
    5.1 and 5.2) keep them for the sake of existing peers; `read` understands both spellings.
    """

    NOT_IMPLEMENTED = "NotImplemented"
    """The receiver does not know the action."""
    NOT_SUPPORTED = "NotSupported"
    """The receiver knows the action, but does not do it."""
    INTERNAL_ERROR = "InternalError"
    """Something broke inside the receiver."""
    PROTOCOL_ERROR = "ProtocolError"
    """The payload is incomplete."""
    SECURITY_ERROR = "SecurityError"
    """A matter of security kept the receiver from completing the action."""
    FORMATION_VIOLATION = "FormationViolation"
    """The payload is not well-formed for this action."""
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    """A field has a value that its rules forbid."""
    OCCURENCE_CONSTRAINT_VIOLATION = "OccurenceConstraintViolation"
    """A field is there too seldom or too often."""
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    """A field has the wrong JSON type."""
    GENERIC_ERROR = "GenericError"
    """Anything else."""

    @classmethod
    def read(cls, text: str) -> "ErrorCode | None":
        """The code that a peer means by `text`, in either spelling; None when it is no code at all."""
        return _SPELLINGS.get(text)


_SPELLINGS = {code.value: code for code in ErrorCode} | {
    "FormatViolation": ErrorCode.FORMATION_VIOLATION,
    "OccurrenceConstraintViolation": ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
}
