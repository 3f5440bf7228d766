"""Check a picture and make its thumbnail; with Pillow alone, no numpy.

Four faults are looked for. They mark a picture and never discard it. Dark and blurred are judged without the rows in
which a camera writes its time and name:

- *painted*: most of it is exactly one strong colour, as a recorder fills the picture while it receives no video.
- *dark*: hardly any light, and no bright spots either (a lamp or a frost fire at night is one).
- *blurred*: the "blur effect" of Crete et al. (2007): how much of the picture's fine variation is lost when it is
  blurred once more; a sharp picture loses much, a blurred one little. It is a ratio, so it does not change when fog,
  haze or smoke reduces the contrast, which is weather and no fault. In thick fog and at dusk the sensor's noise hides a
  blur, which then goes unmarked. Only if no edge is left at all can a lens covered with dew not be told from fog; that
  counts as blurred.
- *repeated*: the decoded picture equals the previous one, pixel by pixel at an eighth of its size, in at least three
  quarters of its tiles. A frozen camera gives the same frame, perhaps recompressed and with a running clock on it; two
  frames of a live sensor differ by its noise in every tile however calm the day, so mere similarity (a perceptual hash)
  is not enough. A tile without structure, such as a white sky, may well be equal and does not count.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any, NamedTuple

import msgspec
from PIL import Image, ImageChops, ImageFilter, ImageStat, UnidentifiedImageError

from drivers.cameras.jpeg import damaged
from edge.pictures.exif import orientation
from edge.pictures.reasons import BLURRED, DARK, PAINTED, REPEATED

DARK_MEAN = 18.0  # of 255; a painted or photographed dusk has 30 to 60, a covered lens under 5
DARK_BRIGHT = 70.0  # of 255: the brightest hundredth of a dark picture lies below this
BLUR_LIMIT = 0.52  # of 1: orchards in focus 0.29 to 0.39, out of it by 8 pixels of 2688 0.57 to 0.62
NO_EDGES = 0.2  # mean step between neighbours, of 255: less than a sensor's noise leaves of an even grey
GREY_WIDTH = 672  # pixels to which it is scaled to judge sharpness: at a finer scale, noise looks sharp
TILES = 8  # in each direction, to detect a repeated picture; a line of text changes a row of them
SAME_SHARE = 0.75  # of the tiles with structure
LEAST_TILES = 12  # with structure
CAPTION_SHARE = 8  # an eighth of the rows at the top and the bottom, where cameras of all makers write as shipped
REBLUR = 9  # pixels, the low-pass of Crete et al. (section 2.2)
THUMB_BYTES = 20_000
THUMB_WIDTHS = (480, 400, 320, 240)  # pixels
THUMB_TALLEST = 4  # times its width: a picture of a few columns would become gigantic
VOID_SHARE = 16  # if the lowest sixteenth of a picture is a decoder's fill, it was coded from an incomplete frame
SAMPLED = 160  # pixels in each direction, to look for paint
STRONG = 64  # of 255, between a colour's least and greatest component: blue, but not the grey of fog or a cover
# The fill of a decoder without data, in RGB: grey if all coefficients are 0, green if all planes are 0.
VOIDS = (((126, 130), (126, 130), (126, 130)), ((0, 8), (120, 165), (0, 8)))
# Exif 2.3, Orientation: the transposition that makes a picture upright; these four swap width and height.
SWAPPED = {
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    **SWAPPED,
}


class PictureQuality(NamedTuple):
    """What a picture looks like. `pixels` are its tiles (`tiles_of`), `faults` are codes of `FAULTS`."""

    width: int
    height: int
    faults: list[str]
    figures: dict[str, float]
    pixels: str


class Opened(msgspec.Struct, frozen=True):
    """A JPEG of `width` x `height` pixels, decoded once: upright, and no larger than judging needs.

    `scale`: the factor by which it was reduced in decoding (1, 2, 4 or 8), which saves most of the memory.
    """

    image: Image.Image
    width: int
    height: int
    scale: int

    @classmethod
    def of(cls, jpeg: bytes) -> Opened:
        """Decode. Raise NoPictureError if it cannot be decoded to the last line."""
        try:
            image = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
            width, height = image.size
            image.draft("RGB", (2 * GREY_WIDTH, 1))
            scale = round(width / image.width)
            way = orientation(image)
            image.load()
            seen: Image.Image = image if image.mode == "RGB" else image.convert("RGB")
            if _ends_void(seen):
                raise damaged(jpeg)
            if way in TURNS:
                seen = seen.transpose(TURNS[way])
            return cls(seen, *((height, width) if way in SWAPPED else (width, height)), scale)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
            raise damaged(jpeg) from None

    def look(self, previous: str = "") -> PictureQuality:
        """Judge the picture; `previous`: the `pixels` of the picture before it ("" if there is none)."""
        grey = self.image.convert("L")
        pixels = tiles_of(grey.reduce(8 // self.scale))
        seen = _without_captions(grey)
        small = seen.reduce(max(1, round(grey.width / GREY_WIDTH))).filter(ImageFilter.BoxBlur(1))
        mean, bright = ImageStat.Stat(seen).mean[0], _bright(seen.reduce(8 // self.scale))
        blur, edges = blur_effect(small)
        faults = []
        if _is_painted(self.image):
            faults.append(PAINTED.code)  # no lens is in it, that somebody could clean
        elif mean < DARK_MEAN and bright < DARK_BRIGHT:
            faults.append(DARK.code)
        elif edges < NO_EDGES or blur > BLUR_LIMIT:
            faults.append(BLURRED.code)
        if is_repeated(pixels, previous):
            faults.append(REPEATED.code)
        figures = {"luminance": mean, "bright": bright, "blur": blur, "edges": edges}
        rounded = {name: round(value, 3) for name, value in figures.items()}
        return PictureQuality(self.width, self.height, faults, rounded, pixels)

    def thumbnail(self) -> bytes:
        """Return a JPEG of at most about 20 kB, with the largest width and then the best quality that fit."""
        for width in THUMB_WIDTHS:
            scale = min(width / self.image.width, THUMB_TALLEST * width / self.image.height)
            size = (max(1, round(self.image.width * scale)), max(1, round(self.image.height * scale)))
            small = self.image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
            best = _encoded(small, 30)
            if len(best) > THUMB_BYTES and width != THUMB_WIDTHS[-1]:
                continue
            return _best_quality(small, best)
        raise AssertionError("the last width is always taken")


def _without_captions(image: Image.Image) -> Image.Image:
    """Crop the rows with a camera's time and name, which are sharp and bright whatever the lens sees."""
    rows = image.height // CAPTION_SHARE
    return image.crop((0, rows, image.width, image.height - rows))


def _ends_void(image: Image.Image) -> bool:
    """Return whether the lowest part of a picture in RGB, as it was coded, is a decoder's fill for missing data.

    A recorder that makes a JPEG of an incomplete video frame codes the fill as picture; no sensor produces it.
    """
    rows = -(-image.height // VOID_SHARE)
    seen = image.crop((0, image.height - rows, image.width, image.height)).getextrema()
    return _is_void(seen) and not _is_void(image.getextrema())


def _is_painted(image: Image.Image) -> bool:
    """Return whether most of a picture in RGB is exactly one strong colour, as recorders paint without video.

    A real view has the sensor's noise, however blue the sky; it may be all white or all black.
    """
    size = min(SAMPLED, image.width), min(SAMPLED, image.height)
    small = image.resize(size, Image.Resampling.NEAREST)  # means would hide the noise
    found: Any = small.getcolors(small.width * small.height)
    count, colour = max(found)
    return bool(count > small.width * small.height // 2 and max(colour) - min(colour) >= STRONG)


def _is_void(seen: Any) -> bool:
    """Return whether the extrema of each colour lie within a decoder's fill."""
    return any(all(low <= least and most <= high for (least, most), (low, high) in zip(seen, void)) for void in VOIDS)


def tiles_of(grey: Image.Image) -> str:
    """Return four hex digits for each tile of a picture: 00 and its level if it is uniform, else of its digest."""
    found = []
    for place in range(TILES * TILES):
        down, across = divmod(place, TILES)
        data = grey.crop(
            (
                grey.width * across // TILES,
                grey.height * down // TILES,
                grey.width * (across + 1) // TILES,
                grey.height * (down + 1) // TILES,
            )
        ).tobytes()
        is_uniform = data == data[:1] * len(data)
        digest = int.from_bytes(hashlib.sha256(data).digest()[:2], "big") | 0x8000
        found.append(f"{data[0] if data else 0:04x}" if is_uniform else f"{digest:04x}")
    return "".join(found)


def is_repeated(tiles: str, before: str) -> bool:
    """Return whether a picture repeats the one before it, by the tiles of both; a clock on it may differ."""
    if tiles == before:
        return True
    pairs = [(tiles[at : at + 4], before[at : at + 4]) for at in range(0, len(tiles), 4)]
    equal = [own == other for own, other in pairs if not own.startswith("00")]
    return len(equal) >= LEAST_TILES and sum(equal) >= SAME_SHARE * len(equal)


def blur_effect(grey: Image.Image) -> tuple[float, float]:
    """Return the blur effect of Crete et al. (SPIE 6492, 2007), 0 sharp to 1 blurred, the worse of both directions.

    Return also the mean step between neighbouring pixels of the picture itself, 0 to 255.
    """
    effects, steps = [], []
    for along in (0, 1):
        change = _steps(grey, along)
        lost = ImageChops.subtract(change, _steps(_smeared(grey, along), along))
        whole, kept = ImageStat.Stat(change).sum[0], ImageStat.Stat(lost).sum[0]
        effects.append((whole - kept) / whole if whole else 1.0)
        steps.append(ImageStat.Stat(change).mean[0])
    return max(effects), max(steps)


def _steps(grey: Image.Image, along: int) -> Image.Image:
    """Return the absolute difference of each pixel and its neighbour, in x (0) or y (1)."""
    w, h = grey.size
    first = grey.crop((1, 0, w, h) if along == 0 else (0, 1, w, h))
    second = grey.crop((0, 0, w - 1, h) if along == 0 else (0, 0, w, h - 1))
    return ImageChops.difference(first, second)


def _smeared(grey: Image.Image, along: int) -> Image.Image:
    """Return the picture smoothed by a mean of REBLUR pixels in one direction."""
    reach = REBLUR // 2
    return grey.filter(ImageFilter.BoxBlur((reach, 0) if along == 0 else (0, reach)))


def _bright(grey: Image.Image) -> float:
    """Return the level above which a hundredth of the pixels lie."""
    left = grey.width * grey.height / 100
    for level, count in reversed(list(enumerate(grey.histogram()))):
        left -= count
        if left <= 0:
            return float(level)
    return 0.0


def _encoded(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=True, comment=b"")  # not the camera's
    return out.getvalue()


def _best_quality(image: Image.Image, low: bytes) -> bytes:
    """Return the JPEG of the best quality within THUMB_BYTES, by binary search; `low` if none fits."""
    best, bottom, top = low, 30, 92
    while bottom < top:
        middle = (bottom + top + 1) // 2
        encoded = _encoded(image, middle)
        if len(encoded) <= THUMB_BYTES:
            best, bottom = encoded, middle
        else:
            top = middle - 1
    return best
