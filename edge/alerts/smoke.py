"""The smoke of fires lit against frost: particles that raise no alert of bad air, because they are intended."""

from __future__ import annotations

import msgspec

LASTS = 120  # minutes for which smoke stays in a valley once no frost is near: ours, no source found


class Smoke(msgspec.Struct, omit_defaults=True):
    """Whether dust is the smoke of frost fires; `left`: minutes for which it still is."""

    left: int = 0

    def take(self, near_frost: bool) -> bool:
        """Process one minute. Return whether dust in it counts as smoke."""
        self.left = LASTS if near_frost else max(0, self.left - 1)
        return self.left > 0
