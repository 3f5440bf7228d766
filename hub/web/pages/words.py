"""Words shared by the hub's pages."""

from __future__ import annotations

import math

from edge.language.texts import _
from hub.alarms.words import duty_word


def role_word(role: str) -> str:
    """Return a role in a word."""
    return _("administrator") if role == "admin" else duty_word(role)


def kind_word(kind: str | None) -> str:
    """Return the name of a kind of event."""
    words = {
        "start": _("Start"),
        "setup": _("Set-up"),
        "loss": _("Loss"),
        "health": _("Condition"),
        "picture": _("Picture"),
        "alert": _("Alert"),
        "stage": _("Stage"),
    }
    return words.get(kind or "", kind or "?")


def percent(rate: float | None) -> str:
    """Return a rate with two digits; "–" where there is none."""
    return "–" if rate is None else f"{cut_off(rate):.2%}".replace("%", " %")


def cut_off(rate: float) -> float:
    """Return a rate rounded down to a hundredth of a percent, so that only all is 100 %."""
    return math.floor(round(rate * 10_000, 6)) / 10_000  # 0.57 * 10,000 is a little less than 5,700


def action_word(action: str) -> str:
    """Return an action of the audit log in words."""
    words = {
        "login": _("logged in"),
        "command picture": _("requested a picture"),
        "command hello": _("requested a comparison"),
        "command stage": _("set the crop's stage"),
        "command maintenance": _("reported work at the station"),
        "user add": _("added a person"),
        "user role": _("changed a role"),
        "user passwd": _("set a password"),
        "user disable": _("disabled an account"),
        "user enable": _("enabled an account again"),
        "token add": _("created a token"),
        "token disable": _("revoked a token"),
        "acknowledge": _("acknowledged an alert"),
        "person on call": _("changed who is notified of alerts"),
        "person on call removed": _("removed somebody from the on-call list"),
        "test message": _("sent a test message"),
    }
    return words.get(action, action)
