"""Convert a decoded frame to a JPEG strip by strip: in RGB, the whole frame would take eight times its memory.

Each strip is coded separately. As a JPEG decoder restarts at each restart marker, they form one picture, equal pixel by
pixel to coding the whole frame (with more than 8 bits, colours differ slightly between two strips).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from drivers.cameras.jpeg_scan import END_MARKER, SCAN, SEQUENTIAL, segment_end, segments

QUALITY = 90  # of the JPEG; the stream's own compression has lost more than this takes
BLOCK = 16  # rows of a JPEG's blocks, with chroma at half the resolution
BLOCKS = 8  # rows of blocks in a strip


def strips(frame: Any) -> Iterator[Any]:
    """Yield a frame in frames of some rows each, from the top."""
    from av.filter import Graph

    for top in range(0, frame.height, BLOCK * BLOCKS):
        graph = Graph()
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25)
        )
        rows = min(BLOCK * BLOCKS, frame.height - top)
        crop = graph.add("crop", f"{frame.width}:{rows}:0:{top}:exact=1")
        graph.link_nodes(source, crop, graph.add("buffersink")).configure()
        graph.push(frame)
        yield graph.pull()


def jpeg_of(frame: Any) -> bytes:
    """Return a frame as a JPEG."""
    pictures = []
    for strip in strips(frame):
        out = io.BytesIO()
        strip.to_image(threads=1).save(out, "JPEG", quality=QUALITY, restart_marker_rows=BLOCKS)
        pictures.append(out.getvalue())
    first = pictures[0]
    size = next(at for marker, at in segments(first) if marker in SEQUENTIAL) + 5
    head = first[:size] + frame.height.to_bytes(2, "big") + first[size + 2 : _scan(first)]
    pieces = [picture[_scan(picture) : -len(END_MARKER)] for picture in pictures]
    joined = (bytes([0xFF, 0xD0 + place % 8]) + piece for place, piece in enumerate(pieces[1:]))
    return b"".join([head, pieces[0], *joined, END_MARKER])


def _scan(jpeg: bytes) -> int:
    """Return the offset of the data of a JPEG's scan."""
    return segment_end(jpeg, next(at for marker, at in segments(jpeg) if marker == SCAN))
