"""The picture that a camera on the pole would take: an apple orchard below a ridge, by hour, season and weather.

Painted with Pillow at any size, the same bytes for the same (seed, moment). The fixed parts (ridges, rows, trees)
depend on the seed; light, sky, blossom and fruit on the moment; the sensor's noise on the instant, so that no two
frames are the same. `Moment` is what a weather must give for it.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from drivers.twins import tree

Colour = tuple[int, int, int]
HORIZON = 0.46  # of the height
ROWS = 9
DEPTHS = (1.0, 1.32, 1.75, 2.3, 3.05, 4.0, 5.3, 7.0, 9.3, 12.5)  # of the nearest tree's distance
GRAIN = 7.0  # levels of 255, of a sensor by day


@dataclass(frozen=True, slots=True)
class Moment:
    """The time and weather to paint.

    `utc`: microseconds since 1970 (None: not known, noon is painted); `sun`: degrees above the horizon (None:
    estimated, up from 6 to 20 o'clock); `cloud` and `fog`: 0 to 1; `rain`: mm/h; `defocus`: pixels of 2688 by which the
    lens blurs.
    """

    utc: int | None = None
    sun: float | None = None
    cloud: float = 0.2
    fog: float = 0.0
    rain: float = 0.0
    utc_offset_h: float = 8.0
    text: str = "minshan"
    defocus: float = 0.0

    @classmethod
    def of(cls, values: Mapping[str, float], utc: int | None, text: str = "minshan", offset_h: float = 8.0) -> Moment:
        """Return the moment described by the sensors' quantities: humid air is fog, fine dust is smoke."""
        damp = (values.get("relative_humidity", 60.0) - 95.0) / 5.0
        smoke = values.get("pm2p5", 0.0) / 400.0
        return cls(utc, fog=min(max(0.7 * damp, smoke, 0.0), 1.0), utc_offset_h=offset_h, text=text)

    @property
    def local(self) -> datetime:
        """The site's local time."""
        noon = 1_750_000_000_000_000 if self.utc is None else self.utc
        return datetime.fromtimestamp(noon // 1_000_000, UTC) + timedelta(hours=self.utc_offset_h)

    @property
    def height(self) -> float:
        """The sun's height, degrees."""
        if self.sun is not None:
            return self.sun
        hour = 12.5 if self.utc is None else self.local.hour + self.local.minute / 60
        return 62.0 * math.sin((hour - 6.0) / 14.0 * math.pi)

    @property
    def light(self) -> float:
        """The picture's brightness, 0 (night) to 1: a camera's exposure compensates for half of a dusk."""
        dusk = min(max((self.height + 7.0) / 20.0, 0.0), 1.0)
        return math.pow(dusk, 0.6) * (1.0 - 0.25 * self.cloud)


class Scene:
    """One orchard. Painting 2688 x 1520 takes about 0.7 s of a PC's core."""

    def __init__(self, seed: int = 1, width: int = 2688, height: int = 1520) -> None:
        self.seed, self.width, self.height = seed, width, height

    def jpeg(self, moment: Moment, quality: int = 88) -> bytes:
        """Return the picture as JPEG, compressed as cameras do."""
        out = io.BytesIO()
        self.paint(moment).save(out, "JPEG", quality=quality)
        return out.getvalue()

    def paint(self, moment: Moment) -> Image.Image:
        """Return the picture of a moment."""
        picture = self._sky(moment)
        self._ridges(picture, moment)
        self._ground(picture, moment)
        self._orchard(picture, moment)
        self._pole(picture)
        picture = self._lit(picture, moment)
        if moment.rain > 0.1:
            self._rain(picture, moment)
        if moment.defocus > 0:
            picture = picture.filter(ImageFilter.GaussianBlur(moment.defocus * self.width / 2688))
        picture = self._grain(picture, moment)
        self._stamp(picture, moment)
        return picture

    # -- far things ------------------------------------------------------------------------------------------

    def _sky(self, moment: Moment) -> Image.Image:
        low = max(0.0, 1.0 - abs(moment.height) / 14.0) * (1 - moment.cloud)
        top = mixed((78, 128, 190), (150, 156, 164), moment.cloud)
        base = mixed(mixed((186, 208, 226), (198, 200, 202), moment.cloud), (244, 184, 128), low)
        sky = Image.new("RGB", (1, 64))
        sky.putdata([mixed(top, base, row / 63) for row in range(64)])
        picture = Image.new("RGB", (self.width, self.height), base)
        picture.paste(sky.resize((self.width, round(self.height * HORIZON)), Image.Resampling.BICUBIC))
        if moment.cloud > 0.05:
            self._clouds(picture, moment)
        return picture

    def _clouds(self, picture: Image.Image, moment: Moment) -> None:
        """Paint clouds: fields of noise, coarse to fine, stretched, that drift a little between pictures."""
        rng = random.Random(f"clouds {self.seed} {(moment.utc or 0) // 600_000_000}")
        cover = Image.new("L", (256, 64), 0)
        for size, weight in ((6, 0.5), (14, 0.3), (34, 0.15), (80, 0.1)):
            field = noise(rng, size, max(2, size // 3)).resize(cover.size, Image.Resampling.BICUBIC)
            cover = ImageChops.add(cover, field.point([round(v * weight) for v in range(256)]))
        edge = 175 - 130 * moment.cloud
        cover = cover.point([round(min(max((v - edge) * 3.2, 0), 225)) for v in range(256)])
        place = (self.width, round(self.height * HORIZON))
        grey = round(246 - 70 * moment.cloud)
        picture.paste((grey, grey, grey + 4), (0, 0), cover.resize(place, Image.Resampling.BICUBIC))

    def _ridges(self, picture: Image.Image, moment: Moment) -> None:
        """Paint three ridges, the farther the bluer; fog hides those first."""
        draw = ImageDraw.Draw(picture)
        haze: Colour = mixed((178, 196, 212), (205, 206, 206), max(moment.cloud, moment.fog))
        for number, (colour, base, rise) in enumerate(
            (((104, 122, 142), 0.40, 0.24), ((78, 100, 98), 0.43, 0.15), ((64, 88, 58), 0.465, 0.07))
        ):
            rng = random.Random(f"ridge {self.seed} {number}")
            veil = min(1.0, 0.5 - 0.2 * number + moment.fog * (1.1 - 0.2 * number))
            line = outline(rng, 9 - 2 * number)
            tops = [(x * self.width / (len(line) - 1), self.height * (base - rise * up)) for x, up in enumerate(line)]
            draw.polygon([(0, self.height), *tops, (self.width, self.height)], fill=mixed(colour, haze, veil))

    def _ground(self, picture: Image.Image, moment: Moment) -> None:
        """Paint grass between the rows, darker and coarser towards the camera."""
        top = round(self.height * HORIZON)
        size = (self.width, self.height - top)
        near, far = tree.grass(moment.local.timetuple().tm_yday)
        column = Image.new("RGB", (1, 64))
        column.putdata([mixed(far, near, row / 63) for row in range(64)])
        ground = column.resize(size, Image.Resampling.BICUBIC)
        rng = random.Random(f"ground {self.seed}")
        blades = noise(rng, 700, 420).resize(size, Image.Resampling.BICUBIC)
        ground = ImageChops.multiply(ground, blades.point([150 + v * 105 // 255 for v in range(256)]).convert("RGB"))
        picture.paste(ground, (0, top))

    # -- near things -----------------------------------------------------------------------------------------

    def _orchard(self, picture: Image.Image, moment: Moment) -> None:
        """Paint rows of trees towards the ridge, the farthest first."""
        look = tree.season(moment.local.timetuple().tm_yday)
        crowns = [tree.crown(f"tree {self.seed} {kind}", look) for kind in range(4)]
        haze = (196, 202, 206)
        rng = random.Random(f"rows {self.seed}")
        for depth in reversed(DEPTHS):
            veil = min(1.0, (depth - 1.0) / 18.0 + moment.fog * min(1.0, depth / 6.0))
            seen = [tree.hazed(crown, haze, veil) for crown in crowns]
            for row in range(ROWS):
                kind, jitter, scale = rng.randrange(4), rng.uniform(-0.15, 0.15), rng.uniform(0.85, 1.12)
                x = self.width * (0.5 + (row - (ROWS - 1) / 2 + jitter) * 0.34 / depth)
                foot = self.height * (HORIZON + 0.52 / depth)
                size = round(self.height * 0.50 / depth * scale)
                if abs(x - self.width / 2) < self.width / 2 + size:
                    plant(picture, seen[kind], round(x), round(foot), size)

    def _pole(self, picture: Image.Image) -> None:
        """Paint the station's own pole at the right: its box, panel, louvres, cups and vane."""
        draw = ImageDraw.Draw(picture)
        x, unit = self.width * 0.9, self.height / 100
        draw.rectangle((x - 0.7 * unit, 6 * unit, x + 0.7 * unit, 97 * unit), fill=(150, 154, 156))
        draw.rectangle((x + 0.2 * unit, 6 * unit, x + 0.7 * unit, 97 * unit), fill=(112, 116, 118))
        draw.rectangle((x - 9 * unit, 9.3 * unit, x + 9 * unit, 10.1 * unit), fill=(132, 136, 138))
        for side in (-1, 1):  # cups at the left end, the vane at the right one
            draw.line(
                (x + side * 8.6 * unit, 5 * unit, x + side * 8.6 * unit, 10 * unit), (60, 62, 64), round(0.5 * unit)
            )
        for cup in (-2.4, 0.4, 2.2):
            middle = x + (cup - 8.6) * unit
            draw.ellipse((middle - unit, 4 * unit, middle + unit, 6 * unit), fill=(36, 38, 40))
        draw.polygon(
            [(x + 5.8 * unit, 5 * unit), (x + 11.6 * unit, 3.4 * unit), (x + 11.6 * unit, 6.6 * unit)], (44, 46, 48)
        )
        for plate in range(7):  # the louvred screen
            top = (20 + 1.7 * plate) * unit
            draw.ellipse((x - 8.2 * unit, top, x - 1.6 * unit, top + 1.6 * unit), fill=(236, 238, 238))
        corners = [
            (x + 0.7 * unit, 26 * unit),
            (x + 8 * unit, 33 * unit),
            (x + 8 * unit, 47 * unit),
            (x + 0.7 * unit, 40 * unit),
        ]
        draw.polygon(corners, fill=(26, 40, 78), outline=(196, 200, 204))
        box = (x - 4.6 * unit, 50 * unit, x + 4.6 * unit, 64 * unit)
        draw.rounded_rectangle(box, radius=unit, fill=(214, 216, 212), outline=(128, 130, 128), width=3)

    def _lit(self, picture: Image.Image, moment: Moment) -> Image.Image:
        """Return the picture in the light of the hour: dark blue at night, warm with a low sun, fog over everything."""
        if moment.fog > 0:
            veil = Image.new("RGB", picture.size, (200, 204, 206))
            picture = Image.blend(picture, veil, 0.55 * moment.fog)
        light = moment.light
        warm = max(0.0, 1.0 - abs(moment.height - 4.0) / 12.0) * (1 - moment.cloud)
        gains = (light * (1 + 0.08 * warm), light, light * (1 - 0.14 * warm))
        floor = (3, 4, 8)
        table: list[int] = []
        for gain, least in zip(gains, floor):
            table += [min(255, round(least + v * gain)) for v in range(256)]
        return picture.point(table)

    def _rain(self, picture: Image.Image, moment: Moment) -> None:
        rng = random.Random(f"rain {self.seed} {moment.utc}")
        drops = Image.new("L", picture.size, 0)
        draw = ImageDraw.Draw(drops)
        for _ in range(min(2500, 250 + round(60 * moment.rain))):
            x, y, long = rng.uniform(0, self.width), rng.uniform(0, self.height), rng.uniform(0.02, 0.05)
            draw.line((x, y, x - 0.1 * long * self.height, y + long * self.height), fill=70, width=2)
        grey = round(210 * moment.light) + 10
        picture.paste((grey, grey, grey), (0, 0), drops)

    def _grain(self, picture: Image.Image, moment: Moment) -> Image.Image:
        """Return the picture with a sensor's noise: new in each frame, more if there is little light.

        The sum of two uniform fields has a triangular distribution.
        """
        rng = random.Random(f"grain {self.seed} {moment.utc}")
        size = (self.width // 2, self.height)
        level = GRAIN * (1.6 - 0.6 * moment.light) / 255
        both = [noise(rng, *size).point([round(v * level) for v in range(256)]) for _ in range(2)]
        up = both[0].resize(picture.size, Image.Resampling.NEAREST)
        down = ImageChops.offset(both[1].resize(picture.size, Image.Resampling.NEAREST), 1, 0)
        shades = [ImageChops.subtract(ImageChops.add(band, up), down) for band in picture.split()]
        return Image.merge("RGB", shades)

    def _stamp(self, picture: Image.Image, moment: Moment) -> None:
        """Write into a corner what cameras write: a name and their own time."""
        stamp = "----" if moment.utc is None else moment.local.strftime("%Y-%m-%d %H:%M:%S")
        font = ImageFont.load_default(size=self.height / 42)
        place = (self.width * 0.012, self.height * 0.955)
        ImageDraw.Draw(picture).text(
            place, f"{moment.text}  {stamp}", fill=(250, 250, 250), font=font, stroke_width=3, stroke_fill=(20, 20, 20)
        )


def plant(picture: Image.Image, crown: Image.Image, x: int, foot: int, size: int) -> None:
    """Paint a tree with its shadow at its foot."""
    small = crown.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    shadow = Image.new("L", (size, max(2, size // 7)), 0)
    ImageDraw.Draw(shadow).ellipse((size * 0.12, 0, size * 0.96, size // 7), fill=110)
    shadow = shadow.filter(ImageFilter.BoxBlur(max(1, size // 60)))
    picture.paste((24, 34, 20), (x - size // 2, foot - size // 14), shadow)
    picture.paste(small, (x - size // 2, foot - size), small)


def noise(rng: random.Random, width: int, height: int) -> Image.Image:
    """Return grey noise, each pixel uniform in 0 to 255."""
    return Image.frombytes("L", (width, height), rng.randbytes(width * height))


def outline(rng: random.Random, octaves: int) -> list[float]:
    """Return a ridge from left to right, 0 to 1, by midpoint displacement (257 points)."""
    points = [rng.random() for _ in range(5)]
    shake = 0.5
    while len(points) < 257:
        middles = [(a + b) / 2 + shake * rng.uniform(-0.5, 0.5) for a, b in pairwise(points)]
        points = [p for pair in zip(points, middles) for p in pair] + [points[-1]]
        shake *= 0.52 if octaves > 6 else 0.42
    return [min(max(p, 0.0), 1.2) for p in points]


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return the mixture of two colours: `share` 0 is the first, 1 the second."""
    a, b, c = (round(p + (q - p) * share) for p, q in zip(one, other))
    return a, b, c
