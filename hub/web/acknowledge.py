"""The page behind the link of a message: it shows the alarms concerned, and its button acknowledges them.

Chat clients, scanners and browsers open links by themselves, so opening one changes nothing; the page has no script.
The secret in the address grants the right to acknowledge; another site does not know it, so it cannot forge the form.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from typing import TypeVar
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from edge.delivery.texts import clock_time
from edge.language.spoken import Lang, Spoken
from edge.language.words import N_
from edge.page.body import BodyError, body_of
from hub.alarms.alarm import Alarm
from hub.alarms.book import AlarmBook
from hub.alarms.links import AlarmLink, Links
from hub.alarms.writing import AlarmWriter
from hub.config import AlarmsSection
from hub.database.engine import Engine
from hub.sink import SinkError

T = TypeVar("T")
PATH = "/a/"
MOST_FORM = 2000  # bytes
STYLE = (
    ":root{color-scheme:light dark}body{font:18px/1.5 sans-serif;max-width:40em;margin:0 auto;padding:1em}"
    "p{overflow-wrap:anywhere}button{font:inherit;width:100%;padding:.8em;margin:.3em 0}"
)
POLICY = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
}


class AcknowledgePage:
    """The pages of links. `ask` runs a database query in a worker thread; `utc` returns the time, us."""

    def __init__(
        self,
        section: AlarmsSection,
        engine: Callable[[], Engine],
        ask: Callable[[Callable[[], Response]], Awaitable[Response]],
        utc: Callable[[], int],
    ) -> None:
        self._section, self._engine, self._ask, self._utc = section, engine, ask, utc

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(f"{PATH}{{secret}}", self._show, methods=["GET"]),
            Route(f"{PATH}{{secret}}", self._acknowledge, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        secret, lang = request.path_params["secret"], language(request)
        return await self._ask(lambda: self._answer(secret, lang, None))

    async def _acknowledge(self, request: Request) -> Response:
        secret, lang = request.path_params["secret"], language(request)
        try:
            form = await body_of(request, MOST_FORM)
        except BodyError:
            return HTMLResponse("", 413, HEADERS)
        who = parse_qs(form.decode("utf-8", "replace")).get("who", [""])[0]
        return await self._ask(lambda: self._answer(secret, lang, who))

    def _answer(self, secret: str, lang: Lang, who: str | None) -> Response:
        """Return the page; with `who`, acknowledge the alarms in that name first."""
        words, now = Spoken(lang), self._utc()
        try:
            engine = self._engine()
            link = Links(engine).opened(secret, now)
            if link is None:
                return page(words, [words.say(N_("This link is no longer valid."))], [], 404)
            book = AlarmBook(engine)
            if who is not None:
                if who not in link.people:
                    return page(words, [words.say(N_("This person was not asked to acknowledge it."))], [], 422)
                book.acknowledge(link.alarms, who, now)
            known = book.load_alarms(link.alarms)
            return self._page(words, engine, [known[name] for name in link.alarms if name in known], link, now)
        except SinkError:
            return page(words, [words.say(N_("The database is unavailable: try again in a minute."))], [], 503)

    def _page(self, words: Spoken, engine: Engine, alarms: Sequence[Alarm], link: AlarmLink, now: int) -> Response:
        writer = AlarmWriter(engine, self._section, None)
        lines, waits = [], False
        for alarm in alarms:
            lines.append(writer.episode(words, alarm, now))
            escalation = alarm.escalation
            if escalation.acked_us is not None:
                at = clock_time(escalation.acked_us, now, writer.offset_h, words)
                lines.append(words.say(N_("{name} acknowledged it at {time}."), name=escalation.acked_by, time=at))
            waits = waits or (alarm.open and (escalation.acked_us is None or escalation.reminded_us is not None))
        return page(words, lines, link.people if waits else [], 200)


def page(words: Spoken, lines: Sequence[str], people: Sequence[str], status: int) -> Response:
    """Return a page with these lines, and a button for each of these people."""
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    buttons = ""
    for name in people:
        label = words.say(N_("Acknowledge as {name}"), name=name)
        buttons += f'<button name="who" value="{escape(name)}">{escape(label)}</button>'
    form = f'<form method="post">{buttons}</form>' if buttons else ""
    lang = "zh-CN" if words.lang == "zh" else "en"
    title = escape(words.say(N_("Acknowledge an alert")))
    return HTMLResponse(
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><meta name="referrer" '
        f'content="no-referrer"><title>{title}</title><style>{STYLE}</style></head><body>{paragraphs}{form}</body></html>',
        status,
        HEADERS,
    )


def language(request: Request) -> Lang:
    """Return the language that a browser asks for, Chinese where it asks for neither."""
    wanted = request.headers.get("accept-language", "").lower()
    return "en" if wanted.startswith("en") else "zh"
