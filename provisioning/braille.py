"""A curve of braille characters, each two dots wide and four high: the finest plot that every terminal can show."""

from __future__ import annotations

from collections.abc import Sequence

BLANK = 0x2800
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, from above; Unicode, block 2800
Extent = tuple[float, float]  # the lowest and the highest value of a column of dots


def curve(extents: Sequence[Extent | None], rows: int, low: float, high: float) -> list[str]:
    """Return lines from the top: each column of dots from its lowest to its highest value; None is a gap.

    Adjacent columns are joined, so that a steep curve is continuous; low < high.
    """
    height = 4 * rows
    cells = [[BLANK] * ((len(extents) + 1) // 2) for _ in range(rows)]
    before: tuple[int, int] | None = None
    for x, extent in enumerate(extents):
        if extent is None:
            before = None
            continue
        bottom, top = own = _dot(extent[0], low, high, height), _dot(extent[1], low, high, height)
        if before is not None:  # up to the one before
            bottom, top = min(bottom, before[1] + 1), max(top, before[0] - 1)
        before = own
        for dot in range(bottom, top + 1):
            y = height - 1 - dot
            cells[y // 4][x // 2] |= DOTS[x % 2][y % 4]
    return ["".join(map(chr, line)) for line in cells]


def _dot(value: float, low: float, high: float, height: int) -> int:
    return max(0, min(height - 1, round((value - low) / (high - low) * (height - 1))))
