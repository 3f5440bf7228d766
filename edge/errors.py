"""The common base of the errors of a station's store and of a hub's database."""

from __future__ import annotations

from drivers.reason import Reason


class StorageError(Exception):
    """Stored data could not be read or written, and nothing has changed; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason
