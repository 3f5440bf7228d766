"""The pages of one station, each made from its daemon's answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from drivers.reason import Reason
from edge.control.client import AskError, NotRunningError
from edge.language import texts
from edge.language.texts import _
from edge.language.verdicts import verdict_words
from edge.page import export, happenings, night, night_page, work_page
from edge.page.curve_pages import CurvePages
from edge.page.days import day_of, day_us, days_around, local_day
from edge.page.demo import Demo
from edge.page.guard import refusal
from edge.page.night_picture import chinese_font
from edge.page.now_page import BEIJING_S, StationNow, photo_of, silent
from edge.page.source import DAY_US, NewestState, Source, now_of
from edge.page.templates import Templates, day
from edge.page.view import MINUTE_US

EVENTS_US = 30 * DAY_US
NO_NIGHT = Reason("which_night", "this box does not know the time yet, so it is not known which night was the last one")
Handler = Callable[[Request], Response]


class StationPages:
    """The HTML pages of one station."""

    def __init__(self, source: Source, templates: Templates, demo: Demo) -> None:
        self._source, self._templates, self._demo = source, templates, demo
        self._now, self._curves = StationNow(source), CurvePages(source)

    def table(self) -> list[tuple[str, Handler]]:
        """Return each page's address and its handler."""
        return [
            ("/", self._station),
            ("/curves", self._curve),
            ("/pictures", self._pictures),
            ("/last-night", self._night),
            ("/growers", self._growers),
            ("/last-night.png", self._night_picture),
            ("/events", self._events),
            ("/export", self._export),
            ("/export/minutes", self._minutes),
            (work_page.ADDRESS, self._work),
        ]

    def nothing(self, request: Request, why: Reason) -> Response:
        """Return the page for a wrong address."""
        return self._page(request, "nothing.html", self._source.newest_state(), why=why, status=404)

    def _station(self, request: Request) -> Response:
        """Return the page of the current state."""
        state = self._source.newest_state()
        seen, devices = self._now.make_view(state), self._devices(state)
        addresses = {"curves_url": "/curves", "live_url": "/api/v1/live"}
        return self._page(request, "station.html", state, seen=seen, devices=devices, **addresses)

    def _curve(self, request: Request) -> Response:
        state = self._source.newest_state()
        now_us, undated = self._end(state)
        channels = [] if state is None or now_us is None else list(now_of(state.facts).values)
        station = "" if state is None else state.facts.station
        channel, span = (request.query_params.get(name, "") for name in ("channel", "span"))
        values = self._curves.values(channel, span, station, channels, now_us or 0, offset_of(state))
        return self._page(request, "curves.html", state, undated=undated, **values)

    def _pictures(self, request: Request) -> Response:
        state = self._source.newest_state()
        end, undated = self._end(state)
        offset = offset_of(state)
        today = local_day(end or self._source.machine_us(), offset)
        days = days_around(day_of(request.query_params.get("day"), today), today)
        photos, trouble = [], ""
        try:
            begin = day_us(days.chosen, offset)
            found = self._source.all_pictures(begin, begin + DAY_US)
            photos = [photo for photo in (photo_of(one) for one in reversed(found)) if photo is not None]
        except (NotRunningError, AskError) as error:
            trouble = silent(error)
        values = {"camera": "", "photos": photos, "trouble": trouble, "undated": undated, **days._asdict()}
        return self._page(request, "pictures.html", state, **values)

    def _events(self, request: Request) -> Response:
        state = self._source.newest_state()
        found, later, trouble, page = [], None, "", request.query_params.get("page")
        span, undated = self._lately(state, EVENTS_US)
        try:
            asked = {**span, "kind": ",".join(happenings.KINDS)}
            told = self._source.events(**asked, **({} if page is None else {"page": page}))
            found = [one for one in map(happenings.happening, told.events) if one is not None]
            later = told.next
        except (NotRunningError, AskError) as error:
            trouble = silent(error)
        return self._page(request, "events.html", state, happenings=found, next=later, trouble=trouble, undated=undated)

    def _growers(self, request: Request) -> Response:
        state, answers, trouble = self._source.newest_state(), [], ""
        try:
            answers = [verdict_words(one) for one in self._source.verdicts()]
        except (NotRunningError, AskError) as error:
            trouble = silent(error)
        return self._page(request, "growers.html", state, answers=answers, trouble=trouble)

    def _night(self, request: Request) -> Response:
        state, found, trouble = self._source.newest_state(), None, ""
        channels = [] if state is None else list(now_of(state.facts).values)
        now_us = self._source.time_us(state)
        try:
            if state is not None and now_us is None:
                trouble = _("This box does not know the time yet, so it is not known which night was the last one.")
            else:
                found = night_page.read_last_night(self._source, channels, now_us or 0, offset_of(state))
        except (NotRunningError, AskError) as error:
            trouble = silent(error)
        values = {} if found is None else found._asdict()
        can_write = chinese_font() is not None
        return self._page(request, "night.html", state, trouble=trouble, can_write=can_write, **values)

    def _night_picture(self, request: Request) -> Response:
        state = self._source.newest_state()
        if state is None:
            raise NotRunningError
        if (now_us := self._source.time_us(state)) is None:
            return refusal(404, NO_NIGHT)
        channels = list(now_of(state.facts).values)
        made = night_page.picture(self._source, title_of(state), channels, now_us, offset_of(state))
        return Response(made, media_type="image/png")

    def _export(self, request: Request) -> Response:
        state = self._source.newest_state()
        end, undated = self._end(state)
        today = day(end or self._source.machine_us(), offset_of(state))
        values = {"first": today, "last": today, "most_days": export.MOST_DAYS, "undated": undated}
        return self._page(request, "export.html", state, **values)

    def _minutes(self, request: Request) -> Response:
        """Return the file of a span of days."""
        state = self._source.newest_state()
        if state is None:
            raise NotRunningError
        offset, today = offset_of(state), local_day(self._time(), offset_of(state))
        first = day_of(request.query_params.get("from"), today)
        last = min(max(first, day_of(request.query_params.get("to"), today)), first + timedelta(export.MOST_DAYS - 1))
        now = now_of(state.facts)
        channels, end = list(now.values), day_us(last, offset) + DAY_US
        if now.end_us is not None:
            end = min(end, now.end_us)  # a minute that closes meanwhile would have some channels and lack others
        head = export.titles(channels, state.facts.units)
        body = export.rows(self._source, channels, day_us(first, offset), end, offset)
        sheet = request.query_params.get("kind") == "xlsx"
        name = f"{state.facts.station}-{first}-{last}.{'xlsx' if sheet else 'csv'}"
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" if sheet else "text/csv"
        content = export.as_xlsx(head, body, _("Minutes")) if sheet else export.as_csv(head, body)
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(content, media_type=kind, headers=headers)

    def _work(self, request: Request) -> Response:
        """Return the technicians' page, with the result of their last request."""
        wanted = request.query_params.get("done")
        done = work_page.done(wanted, request.query_params.get("unwatched"))
        return self._works(request, {}, done=done, wanted=wanted)

    def take_work(self, request: Request, form: Mapping[str, str]) -> Response:
        """Carry out a technician's form; if that fails, return the form with the reason."""
        try:
            return RedirectResponse(f"{work_page.ADDRESS}?{urlencode(work_page.asked(self._source, form))}", 303)
        except (NotRunningError, AskError) as error:
            return self._works(request, form, status=422, trouble=silent(error))

    def _works(self, request: Request, form: Mapping[str, str], **values: Any) -> Response:
        state = self._source.newest_state()
        filled = {name: form.get(name, "") for name in ("by", "stage", "camera")}
        span, _undated = self._lately(state, night.STAGE_US)
        shown = {"done": "", "wanted": "", "trouble": "", **work_page.work(self._source, state, span), **values}
        return self._page(request, "work.html", state, form=filled, **shown)

    def _time(self) -> int:
        """Return the station's time; if it does not know it, the time of this machine."""
        return self._source.time_us(self._source.newest_state()) or self._source.machine_us()

    def _end(self, state: NewestState | None) -> tuple[int | None, str]:
        """Return the end of the data that a page of the past can show, and a sentence if the time is unknown.

        That is now; if the time is unknown, the end of the newest dated minute (None: there is none), as this machine's
        time may be wrong. For a station that never answered it is this machine's time.
        """
        if state is None or (now_us := self._source.time_us(state)) is not None:
            return self._source.machine_us() if state is None else now_us, ""
        try:
            newest = self._source.newest_minute_us()
        except (NotRunningError, AskError):
            newest = None
        if newest is None:
            return None, _("This box does not know the time yet: what it measures has no time and is not shown here.")
        end = newest + MINUTE_US
        sentence = _(
            "This box does not know the time yet: what it measures now is not shown here, only what was before {when}."
        )
        return end, sentence.format(when=texts.when(end, offset_of(state) / 3600))

    def _lately(self, state: NewestState | None, back_us: int) -> tuple[dict[str, float], str]:
        """Return the span of a query for past events, and a sentence if the box does not know the time."""
        end, undated = self._end(state)
        now_us = end or self._source.machine_us()
        span = {"from": (now_us - back_us) / 1e6}
        if undated:  # undated events may be later than the newest dated minute
            span["to"] = (now_us + back_us) / 1e6
        return span, undated

    def _page(self, request: Request, name: str, state: NewestState | None, **values: Any) -> Response:
        return self._templates.page(
            request,
            name,
            now_us=self._source.time_us(state),
            offset_s=offset_of(state),
            title=title_of(state),
            station="" if state is None else state.facts.station,
            speed=self._source.speed,
            pages=pages,
            **values,
        )

    def _devices(self, state: NewestState | None) -> list[tuple[str, bool]]:
        """Return a demo's devices, and whether each is unplugged."""
        if state is None or self._demo.unplugged is None:
            return []
        out = self._demo.out()
        return [(one.name, one.name in out) for one in state.facts.sensors]


def pages() -> list[tuple[str, str]]:
    """Return the addresses and names of all pages."""
    return [
        ("/", _("Now")),
        ("/curves", _("Curves")),
        ("/pictures", _("Photos")),
        ("/last-night", _("Last night")),
        ("/growers", _("For growers")),
        ("/events", _("Events")),
        ("/export", _("Download")),
        (work_page.ADDRESS, _("For technicians")),
    ]


def offset_of(state: NewestState | None) -> int:
    """Return the offset of the displayed times, s ahead of UTC."""
    return BEIJING_S if state is None else round(state.facts.utc_offset_h * 3600)


def title_of(state: NewestState | None) -> str:
    """Return the station's name for people."""
    return _("Weather station") if state is None else state.facts.title or state.facts.station
