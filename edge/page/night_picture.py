"""Last night as one picture, which people press and forward: no page and no link is needed to read it.

Chinese wants a font that has it; one of Debian's is looked for when the picture is made (fonts-noto-cjk, or the smaller
fonts-wqy-microhei). Where there is none the picture is in English, which Pillow's own font can write.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from edge.records.answers import Point

FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)
WIDTH, MARGIN, CURVE = 750, 40, 220  # px
# What no line break parts: a Latin word, a number with its unit, or one Chinese sign, each with the signs that open
# before it and close behind it.
PIECE = re.compile(r"[（《「『【“‘]*(?:[!-~\u00a0-\u024f\u202f℃–−]+|\S)[，。、；：！？）》」』】”’…]*\s*|\s+")
PAPER, INK, SOFT, LINE, ZERO = "#ffffff", "#14211f", "#4b5b59", "#0d5c63", "#a8201a"


def chinese_font() -> str | None:
    """Return a font that has Chinese; None where the machine has none."""
    return next((path for path in FONTS if Path(path).is_file()), None)


def font_of(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font to write with."""
    path = chinese_font()
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)


def picture(title: str, lines: Sequence[str], minutes: Sequence[Point], span: tuple[int, int]) -> bytes:
    """Return a PNG, 750 px wide: title, the sentences (the second in large type), the curve with its line of 0 degC."""
    rows = [(title, 26, SOFT)] + [(line, 44 if n == 1 else 26, INK) for n, line in enumerate(lines)]
    folded = [(piece, size, ink) for text, size, ink in rows for piece in fold(text, size)]
    height = 2 * MARGIN + sum(size * 3 // 2 for _text, size, _ink in folded) + CURVE
    image = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(image)
    y = MARGIN
    for text, size, ink in folded:
        draw.text((MARGIN, y), text, font=font_of(size), fill=ink)
        y += size * 3 // 2
    paint_curve(draw, minutes, span, y + 10)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def fold(text: str, size: int) -> list[str]:
    """Return the lines into which a text is broken so that it stays on the picture."""
    font, found = font_of(size), [""]
    for piece in PIECE.findall(text):
        for part in piece if font.getlength(shown(piece)) > WIDTH - 2 * MARGIN else [piece]:
            if font.getlength(shown(found[-1] + part).rstrip()) > WIDTH - 2 * MARGIN:
                found.append("")
            found[-1] += part
    return [shown(line).strip() for line in found]


def shown(text: str) -> str:
    """Return a text as every font has its signs."""
    return text.replace("\u202f", " ")


def paint_curve(draw: ImageDraw.ImageDraw, minutes: Sequence[Point], span: tuple[int, int], top: int) -> None:
    """Paint the temperature; where a minute is missing there is no ink."""
    known = [(p.start_us, p.value) for p in minutes if p.quality in (1, 2) and p.value is not None]
    if not known:
        return
    low, high = min(0.0, *(v for _at, v in known)), max(0.5, *(v for _at, v in known))
    high_px = CURVE - 40

    def place(at: int, value: float) -> tuple[float, float]:
        x = MARGIN + (at - span[0]) / (span[1] - span[0]) * (WIDTH - 2 * MARGIN)
        return x, top + (high - value) / (high - low) * high_px

    zero = place(span[0], 0.0)[1]
    draw.line((MARGIN, zero, WIDTH - MARGIN, zero), fill=ZERO, width=1)
    draw.text((MARGIN, zero + 2), "0", font=font_of(18), fill=ZERO)
    for (before, first), (at, value) in itertools.pairwise(known):
        if at - before <= 120_000_000:
            draw.line((*place(before, first), *place(at, value)), fill=LINE, width=3)
