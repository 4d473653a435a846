"""What can be wrong with a database, said to the person who started Voltline."""

from __future__ import annotations

from voltline.central.services.ports import StorageUnavailable

__all__ = ["DatabaseTooNew", "StorageError", "StorageUnavailable", "UnusableDatabase"]


class StorageError(Exception):
    """The database cannot be used; the text says why, and what to do."""


class UnusableDatabase(StorageError):
    """It cannot be opened, or is of a kind that Voltline does not know."""


class DatabaseTooNew(StorageError):
    """A newer Voltline has changed its tables; this one might damage them."""
