"""Small pictures of the painted orchard, each painted once for all tests of a process, when one wants it."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image

from drivers.twins.scene import Moment, Scene

NOON = 1_784_347_200_000_000


@cache
def jpeg(seed: int = 3, height: int = 400) -> bytes:
    """Return the picture, 640 pixels wide, as a camera gives it."""
    return Scene(seed, 640, height).jpeg(Moment(NOON))


def image(seed: int = 3, height: int = 400) -> Image.Image:
    """Return the same, opened."""
    return Image.open(io.BytesIO(jpeg(seed, height))).convert("RGB")
