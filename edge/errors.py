"""What the errors of a station's store and of a hub's database have in common."""

from __future__ import annotations

from drivers.reason import Reason


class StorageError(Exception):
    """What is kept could not be read or written, and nothing has changed; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason
