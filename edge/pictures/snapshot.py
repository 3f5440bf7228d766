"""What the picture lane publishes of itself."""

from __future__ import annotations

import msgspec

from drivers.reason import Reason


class CameraSnapshot(msgspec.Struct, frozen=True):
    """What went wrong with a camera (its `detail` being what happened), failed tries since, its last picture's UTC."""

    trouble: Reason | None
    failures: int
    last: int | None


class PicturesSnapshot(msgspec.Struct, frozen=True):
    """What the picture lane publishes of itself: how many were taken since the start, and each camera."""

    taken: int
    cameras: dict[str, CameraSnapshot]
