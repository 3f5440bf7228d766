"""A photo on a station's own pages bears what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from edge.history.pages import pictures
from edge.page.now_page import photo_of
from edge.pictures.reasons import BLURRED, DARK
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.picture_rows import THUMBNAIL, file_name
from edge.store.store import Store

TAKEN = 1_700_000_000_000_000
BODY = {"camera": "gate", "bytes": 9, "thumbnail_bytes": 9, "width": 640, "height": 480, "figures": {}}


def test_a_photo_that_is_not_good_says_so_and_why(tmp_path: Path) -> None:
    """The newest one is dark, the one before it was found blurred by version 0.1.0, in words; the first is good."""
    doubts = [(1, []), (3, BLURRED.template), (3, [DARK.builtins()])]
    store = Store.open(tmp_path, epoch="one", destinations=(PLATFORM,))
    for n, (quality, reasons) in enumerate(doubts):
        name = f"{n}" * 64
        names = {"picture": name, "thumbnail": "f" * 64, "quality": quality, "reasons": reasons}
        stamp = Stamp("boot", 60.0 * n)
        store.append(Draft(Kind.PICTURE, stamp, 0.0, TAKEN + n, ClockMark("ntp", 0.05), BODY | names))
        (store.pictures.folder / file_name(name, THUMBNAIL)).write_bytes(b"jpeg")
    found = [photo_of(one) for one in pictures("orchard-1", store, TAKEN, TAKEN + 9).pictures]
    store.close()
    assert [(one.word, one.why) for one in found if one] == [("suspect", "dark"), ("suspect", "blurred"), ("", "")]
