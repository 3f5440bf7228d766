"""Last night as one picture, to be saved and forwarded: readable without the page or a link.

Chinese requires a font; one of Debian's is searched for when the picture is made (fonts-noto-cjk, or the smaller
fonts-wqy-microhei). Without one the picture is in English, for which Pillow's own font suffices.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from edge.page.spark import framed
from edge.page.still import exact, rounded, time_ticks, value_ticks
from edge.page.templates import clock
from edge.records.answers import Point

FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)
WIDTH, MARGIN, CURVE, GUTTER = 750, 40, 260, 64  # px; the gutter left of the curve has its values
TITLE, TEXT, FIRST, TICK = 28, 30, 52, 24  # px; legible on a phone, which shows the picture at half the size
# Pieces without line breaks: a Latin word, a number with its unit (also 分钟), or one Chinese character, each with the
# opening punctuation before it and the closing punctuation after it.
PIECE = re.compile(
    r"(?:[（《「『【“‘]\s*)*(?:[!-~\u00a0-\u024f\u202f℃–−]+(?: 分钟)?|\S)(?:\s*[，。、；：！？）》」』】”’…℃%])*\s*|\s+"
)
PAPER, INK, SOFT, RULE, LINE, ZERO = "#ffffff", "#14211f", "#4b5b59", "#d8dedb", "#0d5c63", "#a8201a"


def chinese_font() -> str | None:
    """Return the path of a Chinese font; None if none is installed."""
    return next((path for path in FONTS if Path(path).is_file()), None)


def font_of(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font to write with."""
    path = chinese_font()
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)


def picture(title: str, lines: Sequence[str], minutes: Sequence[Point], span: tuple[int, int], offset_s: int) -> bytes:
    """Return a PNG, 750 px wide: title, the sentences (the second in large type), the curve with values and times."""
    rows = [(title, TITLE, SOFT)] + [(line, FIRST if n == 1 else TEXT, INK) for n, line in enumerate(lines)]
    folded = [(piece, size, ink) for text, size, ink in rows for piece in fold(text, size)]
    height = 2 * MARGIN + sum(size * 3 // 2 for _text, size, _ink in folded) + CURVE
    image = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(image)
    y = MARGIN
    for text, size, ink in folded:
        draw.text((MARGIN, y), text, font=font_of(size), fill=ink)
        y += size * 3 // 2
    paint_curve(draw, minutes, span, y + TICK, offset_s)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def fold(text: str, size: int) -> list[str]:
    """Break a text into lines that fit the picture's width."""
    font, found = font_of(size), [""]
    for piece in PIECE.findall(text):
        for part in piece if font.getlength(shown(piece)) > WIDTH - 2 * MARGIN else [piece]:
            if font.getlength(shown(found[-1] + part).rstrip()) > WIDTH - 2 * MARGIN:
                found.append("")
            found[-1] += part
    return [shown(line).strip() for line in found]


def shown(text: str) -> str:
    """Return a text with only those characters that every font has."""
    return text.replace("\u202f", " ")


def paint_curve(
    draw: ImageDraw.ImageDraw, minutes: Sequence[Point], span: tuple[int, int], top: int, offset_s: int
) -> None:
    """Draw the temperature with its axes; missing minutes are gaps."""
    known = [(p.start_us, p.value) for p in minutes if p.quality in (1, 2) and p.value is not None]
    if not known:
        return
    low, high = framed(min(0.0, *(v for _at, v in known)), max(0.5, *(v for _at, v in known)))
    left, foot = MARGIN + GUTTER, top + CURVE - 3 * TICK

    def place(at: int, value: float) -> tuple[float, float]:
        x = left + (at - span[0]) / (span[1] - span[0]) * (WIDTH - MARGIN - left)
        return x, foot - (value - low) / (high - low) * (foot - top)

    font, ticks = font_of(TICK), value_ticks(low, high, rounded((high - low) / 3))
    for value, text in zip(ticks, exact(ticks)):
        y, ink = place(span[0], value)[1], ZERO if abs(value) < 1e-9 else SOFT
        draw.line((left, y, WIDTH - MARGIN, y), fill=RULE if ink == SOFT else ZERO, width=2)
        draw.text((left - 12, y), text, font=font, fill=ink, anchor="rm")
    free = float(left)  # where the next time label may begin
    for _percent, at in time_ticks(*span, offset_s):
        x, half = place(at, low)[0], font.getlength(clock(at, offset_s)) / 2
        x = min(max(x, left + half), WIDTH - MARGIN - half)
        if x - half >= free:
            draw.text((x, foot + TICK // 2), clock(at, offset_s), font=font, fill=SOFT, anchor="mt")
            free = x + half + TICK / 2
    for (before, first), (at, value) in itertools.pairwise(known):
        if at - before <= 120_000_000:
            draw.line((*place(before, first), *place(at, value)), fill=LINE, width=4)
