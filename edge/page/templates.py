"""HTML made on the server: Jinja templates whose texts are translated like all others (`_("...")`).

Each page extends `layout.html`. `Templates.page` passes the values to a template; the words for channels, units, flags,
meanings and durations are those of `edge/language/texts.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse

from edge.language import texts
from edge.language.sentence import as_sentence, gap
from edge.language.texts import _
from edge.page.assets import Assets
from edge.page.feed import POSITION
from edge.page.look import here, look_of, remember
from edge.page.view import AHEAD

TEMPLATES = Path(__file__).parent / "templates"


class Templates:
    """The templates of one host. `folders`: its own ones, which take precedence; `common`: values for all of them."""

    def __init__(self, assets: Assets, folders: Sequence[Path] = (), **common: Any) -> None:
        self._common = common
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([*folders, TEMPLATES]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self.environment.globals.update(
            {
                "_": _,
                "ngettext": texts.ngettext,
                "static": assets.url,
                "words": words,
                "texts": texts,
                "as_sentence": as_sentence,
                "gap": gap,
            }
        )
        self.environment.filters.update(
            {
                "clock": clock,
                "day": day,
                "shortday": shortday,
                "when": stamp,
                "dayclock": dayclock,
                "zone": zone,
                "label": texts.label,
                "unit": texts.unit,
                "rule": texts.rule,
            }
        )

    def page(
        self,
        request: Request,
        name: str,
        *,
        now_us: int | None,
        offset_s: int = 28_800,
        status: int = 200,
        **values: Any,
    ) -> HTMLResponse:
        """Return a page in the request's language and theme.

        `now_us`: the host's own time (microseconds UTC; None: unknown), from which the browser computes ages;
        `offset_s`: the offset of the displayed times, s ahead of UTC.
        """
        look = look_of(request)
        with texts.speaking(look.lang):
            html = self.environment.get_template(name).render(
                **{**self._common, **values},
                look=look,
                here=partial(here, request),
                path=request.url.path,
                position=request.scope.get(POSITION, ""),
                now_us=now_us,
                offset_s=offset_s,
            )
        response = HTMLResponse(html, status, headers={"vary": "accept-language, cookie"})
        remember(response, look)
        return response


def words() -> dict[str, str]:
    """Return the texts for scripts, in the page's language."""
    return {
        "seconds": _("{n} s ago"),
        "minutes": _("{n} min ago"),
        "hours": _("{n} h ago"),
        "days": _("{n} d ago"),
        "ahead": _(AHEAD),
        "waiting": _("connection lost, trying again"),
        "out": _("You are logged out: this page is no longer brought up to date."),
        "login": _("Log in again"),
        "crowded": _("Too many pages are open at the same time: this one is brought up to date every half minute."),
        "none": _("Nothing was measured in this time."),
        "failed": _("The curve could not be loaded; trying again."),
        "suspect": texts.flag_word(3),
        "bad": texts.flag_word(4),
        "missing": texts.flag_word(9),
        "unchecked": texts.flag_word(2),
    }


def local(us: int, offset_s: int) -> datetime:
    """Return the local time of an instant."""
    return datetime.fromtimestamp(us // 1_000_000, timezone(timedelta(seconds=offset_s)))


def clock(us: int | None, offset_s: int) -> str:
    """Return the time of day: "02:14"; "–" if it is unknown."""
    return "–" if us is None else local(us, offset_s).strftime("%H:%M")


def day(us: int | None, offset_s: int) -> str:
    """Return the day: "2026-04-03"; "–" if it is unknown."""
    return "–" if us is None else local(us, offset_s).strftime("%Y-%m-%d")


def zone(offset_s: int) -> str:
    """Return an offset from UTC as text: "UTC", "UTC+6", "UTC−3:30"."""
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    ahead = f"{'+' if offset_s > 0 else '−'}{hours}" + (f":{minutes:02d}" if minutes else "")
    return f"UTC{ahead if offset_s else ''}"


def shortday(us: int, offset_s: int) -> str:
    """Return month and day: "4-3"."""
    at = local(us, offset_s)
    return f"{at.month}-{at.day}"


def dayclock(us: int, offset_s: int) -> str:
    """Return month, day and time: "4-3 02:14"."""
    return f"{shortday(us, offset_s)} {clock(us, offset_s)}"


def stamp(us: int | None, offset_s: int) -> str:
    """Return day and time: "2026-04-03 02:14"."""
    return texts.when(us, offset_s / 3600)
