"""The apple tree of the painted orchard, by the day of the year (Sichuan's uplands: blossom in April)."""

from __future__ import annotations

import math
import random
from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
SIDE = 420  # pixels of the crown's square


class TreeLook(NamedTuple):
    """A tree's appearance: the leaves' colours from dark to light, their number, and dots among them."""

    leaves: tuple[Colour, ...]
    density: float
    dots: tuple[Colour, ...] = ()
    share: float = 0.0


GREEN = ((34, 58, 24), (48, 80, 32), (66, 104, 44), (92, 132, 60), (122, 158, 82))
SPRING = ((62, 92, 44), (88, 124, 60), (112, 148, 76), (140, 172, 98), (166, 190, 120))
AUTUMN = ((88, 66, 24), (130, 92, 30), (164, 118, 40), (190, 146, 58), (206, 170, 84))
TWIGS = ((62, 52, 44), (78, 66, 56), (92, 80, 70))
BLOSSOM = ((246, 232, 236), (250, 244, 246), (240, 208, 220))
APPLES = ((168, 32, 30), (190, 52, 40), (150, 24, 28))


def season(day: int) -> TreeLook:
    """Return the trees' appearance on a day of the year (1 to 366)."""
    if day < 75 or day > 335:
        return TreeLook(TWIGS, 0.10)
    if day < 95:
        return TreeLook(SPRING, 0.45)
    if day < 122:
        return TreeLook(SPRING, 0.8, BLOSSOM, 0.45)
    if day < 225:
        return TreeLook(GREEN, 1.0)
    if day < 305:
        return TreeLook(GREEN, 1.0, APPLES, 0.06)
    return TreeLook(AUTUMN, 0.75)


def grass(day: int) -> tuple[Colour, Colour]:
    """Return the ground's colours near and far."""
    if day < 75 or day > 320:
        return (112, 98, 68), (150, 138, 104)
    return (74, 98, 40), (128, 146, 84)


@lru_cache(maxsize=8)
def crown(seed: str, look: TreeLook) -> Image.Image:
    """Return one tree on a transparent square, lit from the upper left; cached, as it changes only with the season.

    Its foot is in the middle of the lower edge.
    """
    rng = random.Random(seed)
    image = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    _wood(draw, rng)
    clumps = [_spot(rng) for _ in range(22)]
    for clump in sorted(clumps, key=lambda spot: spot[1]):
        _clump(draw, rng, look, clump)
    return image


def hazed(image: Image.Image, haze: Colour, veil: float) -> Image.Image:
    """Return the tree as seen through air of this colour, `veil` 0 to 1; transparency is kept."""
    if veil < 0.02:
        return image
    faded = Image.blend(image, Image.new("RGBA", image.size, (*haze, 255)), veil)
    faded.putalpha(image.getchannel("A"))
    return faded


def _wood(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    foot, fork = (SIDE / 2, SIDE * 0.985), (SIDE / 2 + rng.uniform(-8, 8), SIDE * 0.68)
    draw.line((*foot, *fork), fill=(70, 56, 44), width=15)
    draw.line((foot[0] - 4, foot[1], fork[0] - 4, fork[1]), fill=(104, 88, 72), width=4)
    for _ in range(9):
        angle, long = rng.uniform(-1.15, 1.15), SIDE * rng.uniform(0.25, 0.5)
        tip = (fork[0] + math.sin(angle) * long, fork[1] - math.cos(angle) * long)
        draw.line((*fork, *tip), fill=(74, 60, 48), width=6)
        for _ in range(5):
            twig = angle + rng.uniform(-0.8, 0.8)
            reach = SIDE * rng.uniform(0.06, 0.14)
            end = (tip[0] + math.sin(twig) * reach, tip[1] - math.cos(twig) * reach)
            draw.line((*tip, *end), fill=(80, 68, 56), width=2)


def _spot(rng: random.Random) -> tuple[float, float, float]:
    """Return a clump's middle and radius within the crown's oval."""
    angle, out = rng.uniform(0, 2 * math.pi), math.sqrt(rng.random())
    x = SIDE * (0.5 + 0.33 * out * math.cos(angle))
    y = SIDE * (0.40 + 0.27 * out * math.sin(angle))
    return x, y, SIDE * rng.uniform(0.08, 0.13)


def _clump(draw: ImageDraw.ImageDraw, rng: random.Random, look: TreeLook, spot: tuple[float, float, float]) -> None:
    """Draw leaves in a ball: those below and to the right are in the shade."""
    x0, y0, radius = spot
    for _ in range(round(115 * look.density)):
        angle, out = rng.uniform(0, 2 * math.pi), math.sqrt(rng.random())
        x, y = x0 + radius * out * math.cos(angle), y0 + radius * out * math.sin(angle)
        lit = 0.55 - 0.35 * (x - x0) / radius - 0.45 * (y - y0) / radius + rng.uniform(-0.3, 0.3)
        lit += 0.25 - 0.5 * y / SIDE
        colour = look.leaves[min(max(round(lit * (len(look.leaves) - 1)), 0), len(look.leaves) - 1)]
        long, thick = rng.uniform(3.5, 8), rng.uniform(2, 4)
        if look.dots and rng.random() < look.share:
            colour, long, thick = rng.choice(look.dots), rng.uniform(3.5, 5.5), rng.uniform(3.5, 5.5)
        draw.ellipse((x - long, y - thick, x + long, y + thick), fill=(*colour, 255))
