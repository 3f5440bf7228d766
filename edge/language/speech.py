"""The language of a text: the process's own, or that of the person who asks.

A command speaks one language from its start on (`speak`). A server answers many people at once: what is said within
`speaking(lang)` is said in that language, in that thread alone.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from edge.language.joints import Chinese

DOMAIN = "minshan"
FOLDER = os.path.join(os.path.dirname(__file__), "locale")  # no Path: its module is a twentieth of a command's start
LANGUAGES = {"zh": "zh_CN", "en": "en"}
NOBODY_SPEAKS = gettext.NullTranslations()
SPOKEN: ContextVar[str | None] = ContextVar("spoken", default=None)  # "zh" or "en"; None: as the process speaks


def language(environment: Mapping[str, str]) -> str:
    """Return "zh" or "en", by what LANGUAGE, LC_ALL, LC_MESSAGES or LANG names (the first that is set)."""
    keys = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    named = next((environment[key] for key in keys if environment.get(key)), "")
    return "zh" if named.lower().startswith("zh") else "en"


def speak(lang: str) -> None:
    """Speak "zh" or "en" from now on, in this process and those that it starts."""
    os.environ["LANGUAGE"] = LANGUAGES[lang]
    gettext.bindtextdomain(DOMAIN, FOLDER)
    gettext.textdomain(DOMAIN)


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Speak "zh" or "en" meanwhile, in this thread or task alone."""
    before = SPOKEN.set(lang)
    try:
        yield
    finally:
        SPOKEN.reset(before)


def _(text: str) -> str:
    """Return a text in the person's language; of no text none, where a catalogue would give its own head."""
    return _spoken().gettext(text) if text else ""


def ngettext(one: str, many: str, n: int) -> str:
    """Return the form for `n` of a text in the person's language."""
    return _spoken().ngettext(one, many, n)


def pgettext(context: str, text: str) -> str:
    """Return a text that is found in a context."""
    return _spoken().pgettext(context, text)


def _spoken() -> gettext.NullTranslations:
    """Return the texts of the language that is spoken now; gettext's own functions look for their files each time."""
    lang = spoken()
    return NOBODY_SPEAKS if lang is None else catalogue(lang)


def spoken() -> str | None:
    """Return the language that is spoken now, "zh" or "en"; None where nobody has chosen one."""
    lang = SPOKEN.get()
    return language(os.environ) if lang is None and gettext.textdomain() == DOMAIN else lang


@cache
def catalogue(lang: str) -> gettext.NullTranslations:
    """Return the texts of "zh" or "en"."""
    return gettext.translation(DOMAIN, FOLDER, [LANGUAGES[lang]], Chinese if lang == "zh" else None, fallback=True)
