"""The wall: all stations and all cameras on one screen, each with its age and its doubts."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from edge.language.texts import _
from edge.language.words import N_
from edge.measure.derived.minute_values import derive
from edge.page import view
from edge.page.days import day_us, local_day
from edge.page.station_view import AlertLine, doubt_words
from edge.page.view import Card
from edge.records.answers import Now, StationState, Value
from hub.database.cameras import CameraNow
from hub.rights import Account, Right
from hub.web.arguments import Nothing
from hub.web.handlers import caller
from hub.web.pages.alerts import open_lines
from hub.web.pages.stations import nothing_word, offset_of
from hub.web.table import PageAnswer, RequestContext

SHOWN = {  # with labels that fit beside the value
    "wet_bulb_temperature": N_("Wet bulb"),
    "relative_humidity": N_("Humidity"),
    "wind_speed": N_("Wind"),
    "wind_speed_of_gust": N_("Gust"),
    "rainfall_amount": N_("Rain today"),
    "battery_voltage": N_("Battery"),
}
WET_BULB, TEMPERATURE, RAIN = "wet_bulb_temperature", "air_temperature", "rainfall_amount"
ALERTS_SEEN = 5  # of a station; the others are on its own page
PICTURE_OLD_S = 2 * 3600  # a camera with hourly pictures has missed one


class Tile(NamedTuple):
    """One camera's newest picture: its tile's address ("" where no part is stored), age, doubt and why."""

    camera: str
    address: str
    link: str
    time_us: int | None
    freshness: str
    age: str
    word: str
    why: str


class Box(NamedTuple):
    """One station: its newest minute's end, age, temperature first, other values, open alerts, and cameras.

    `nothing`: the text in place of values where there is no dated minute.
    """

    station: str
    end_us: int | None
    freshness: str
    age: str
    first: Card | None
    cards: list[Card]
    lacking: int
    alerts: list[AlertLine]
    tiles: list[Tile]
    nothing: str


def show(context: RequestContext, _said: Nothing) -> PageAnswer:
    """Return the wall."""
    states = context.queries.stations(context.now_us)
    boxes = [box(context, state) for state in states]
    values = {"title": _("Wall"), "boxes": boxes, "cameras": sum(len(one.tiles) for one in boxes), "seen": ALERTS_SEEN}
    return PageAnswer("wall.html", values | {"advice": "" if boxes else advice(caller(context))}, offset_of(states))


def advice(account: Account) -> str:
    """Return advice for somebody who sees no station."""
    if account.may(Right.MANAGE):
        return _(
            "In each station's station.toml name the broker that this hub listens to ([broker] url); "
            "minshan doctor, run at the station, shows whether it can connect."
        )
    return _("If there should be one, ask this hub's administrator to give you access.")


def box(context: RequestContext, state: StationState) -> Box:
    """Return one station as shown on the wall."""
    now = context.queries.now(state.station)
    known = with_wet_bulb(now)
    cards = {name: view.card(name, known[name], (), context.now_us) for name in (TEMPERATURE, *SHOWN) if name in known}
    if RAIN in cards:
        cards[RAIN] = cards[RAIN]._replace(value=rain_today(context, state))
    cameras = context.queries.cameras(state.station, context.now_us)
    return Box(
        station=state.station,
        end_us=now.end_us,
        freshness=view.freshness(now.end_us, context.now_us),
        age=view.age(now.end_us, context.now_us),
        first=cards.pop(TEMPERATURE, None),
        cards=[card._replace(label=_(SHOWN[name])) for name, card in cards.items()],
        alerts=open_lines(context, state.station),
        lacking=context.queries.records(state.station)[1],
        tiles=[tile(state.station, camera, context.now_us) for camera in cameras],
        nothing=nothing_word(context, state.station) if now.end_us is None else "",
    )


def rain_today(context: RequestContext, state: StationState) -> Markup:
    """Return the rain since the station's midnight, from good minutes only.

    It has "≥" where much of the day has none, or an amount is in doubt.
    """
    midnight = day_us(local_day(context.now_us, state.utc_offset_s), state.utc_offset_s)
    hours = context.queries.series(state.station, RAIN, midnight, context.now_us, "hour").points
    minutes, known = sum(hour.good or 0 for hour in hours), [hour.value for hour in hours if hour.value is not None]
    amount = view.total(sum(known) if known else None, "mm")
    less = bool(view.rests_on(minutes, context.now_us - midnight))
    if suspect := [hour for hour in hours if hour.suspect]:
        asked = context.queries.series(state.station, RAIN, suspect[0].start_us, suspect[-1].end_us, "minute")
        less |= any(map(view.doubted, asked.points))
    return view.at_least(amount) if known and less else amount


def with_wet_bulb(now: Now) -> dict[str, Value]:
    """Return the values of a minute with the derived wet bulb."""
    derived = derived_of(now)
    if WET_BULB in now.values or WET_BULB not in derived:
        return now.values
    return {**now.values, WET_BULB: Value(derived[WET_BULB], 1, "degC")}


def derived_of(now: Now) -> dict[str, float]:
    """Return the quantities derived from the good values of a minute."""
    values = {name: known.value for name, known in now.values.items()}
    return derive(values, {name: known.quality for name, known in now.values.items()})


def tile(station: str, camera: CameraNow, now_us: int) -> Tile:
    """Return one camera as shown on the wall."""
    age = None if camera.time_us is None else (now_us - camera.time_us) / 1e6
    freshness = "gone" if age is None else "fresh" if age < PICTURE_OLD_S else "old"
    return Tile(
        camera.camera,
        f"/api/v1/pictures/{camera.sha256}/tile" if camera.here else "",
        f"/stations/{station}/pictures/{camera.camera}",
        camera.time_us,
        freshness,
        _("no picture this week") if camera.time_us is None else view.age(camera.time_us, now_us),
        *doubt_words(camera.quality, camera.reasons),
    )
