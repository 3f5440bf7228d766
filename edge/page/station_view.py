"""The view model of a station's page: everything ready for the HTML, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from edge.language import texts
from edge.language.texts import _
from edge.page import view
from edge.page.headline import TEMPERATURE, Headline, headline
from edge.page.view import Card, Extreme
from edge.records.answers import Now, Point

PICTURE = "/api/v1/pictures"  # followed by a picture's hash


def doubt_words(quality: int, reasons: Iterable[object]) -> tuple[str, str]:
    """Return the flag word and the reasons shown with a picture; both "" for a good one."""
    word = "" if quality == 1 else texts.flag_word(quality)
    return word, _(", ").join(filter(None, map(texts.render_known, reasons)))


class AlertLine(NamedTuple):
    """One open alert: the name of its rule and its meaning; `blind`: its rule has no data."""

    name: str
    text: str
    blind: bool


class BoxLine(NamedTuple):
    """One line about the box itself; `trouble`: it needs attention."""

    text: str
    trouble: bool = False


class Photo(NamedTuple):
    """A picture: the addresses of its thumbnail, of the one to show and of the largest stored one; when it was taken.

    `word` and `why`: its faults; `note`: what is not stored here.
    """

    small: str
    shown: str
    full: str
    time_us: int | None
    camera: str
    word: str = ""
    why: str = ""
    note: str = ""


class PictureNow(NamedTuple):
    """Where a picture can be requested, and about how many MB it costs."""

    address: str
    megabytes: float


class Beside(NamedTuple):
    """What a host shows besides the measured values. `nothing`: shown instead of values; `trouble`: below them.

    `growers`: a line for each of the growers' rules.
    """

    alerts: Sequence[AlertLine] = ()
    growers: Sequence[str] = ()
    photo: Photo | None = None
    asking: PictureNow | None = None
    camera_trouble: str = ""
    box: Sequence[BoxLine] = ()
    nothing: str = ""
    trouble: str = ""


class StationView(NamedTuple):
    """The values for `_station.html`."""

    end_us: int | None
    freshness: str
    age: str
    headline: Headline | None
    today: list[Extreme]
    cards: list[Card]
    beside: Beside


def station_view(
    now: Now,
    now_us: int | None,
    offset_s: int,
    curves: Mapping[str, Sequence[Point]],
    derived: Mapping[str, float],
    beside: Beside,
) -> StationView:
    """Return the view of a station whose newest minute is `now`; `curves`: its last 24 hours by channel.

    `now_us`: the host's own time, microseconds UTC (None: unknown).
    """
    last = now_us if now_us is not None else now.end_us
    return StationView(
        end_us=now.end_us,
        freshness=view.freshness(now.end_us, now_us),
        age=view.age(now.end_us, now_us),
        headline=headline(now, derived, curves.get(TEMPERATURE, ())),
        today=[] if last is None else view.today(curves, last, offset_s),
        cards=view.cards(now, curves, last or 0),
        beside=beside,
    )
