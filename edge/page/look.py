"""The language and theme of a page: from the address, else a cookie, else the browser's preference."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

LANG, THEME = "minshan_lang", "minshan_theme"
THEMES = ("auto", "light", "dark")
ASKED = ("lang", "theme")  # parameters of any page's address
YEAR_S = 31_536_000


class Look(NamedTuple):
    """Language ("zh" or "en") and theme ("auto", "light" or "dark"); `asked`: those given in the address."""

    lang: str
    theme: str
    asked: dict[str, str]


def look_of(request: Request, default: str = "zh") -> Look:
    """Return a page's language and theme; `default`: the language if the request does not state one."""
    asked = {}
    for key, cookie, known in zip(ASKED, (LANG, THEME), (("zh", "en"), THEMES), strict=True):
        if request.query_params.get(key) in known:
            asked[cookie] = str(request.query_params[key])
    kept = {**request.cookies, **asked}
    lang, theme = kept.get(LANG, ""), kept.get(THEME, "")
    if lang not in ("zh", "en"):
        lang = accepted(request.headers.get("accept-language", ""), default)
    return Look(lang, theme if theme in THEMES else "auto", asked)


def remember(response: Response, look: Look) -> None:
    """Store the address's language and theme in cookies."""
    for cookie, value in look.asked.items():
        response.set_cookie(cookie, value, YEAR_S, samesite="lax")


def accepted(header: str, default: str) -> str:
    """Return "zh" or "en", whichever an Accept-Language header prefers; `default` if it names neither."""
    best, found = 0.0, default
    for part in header.lower().split(","):
        tag, _, quality = part.strip().partition(";q=")
        lang = tag[:2]
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if lang in ("zh", "en") and weight > best:
            best, found = weight, lang
    return found


def here(request: Request, **changes: str) -> str:
    """Return the address of the same page with some parameters changed."""
    return "?" + urlencode({**dict(request.query_params), **changes})
