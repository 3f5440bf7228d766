"""Technicians' requests on a station's page: a crop's stage, a photo now, silencing the horn.

Each request contains their token, which this process passes on: only the daemon can check it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from edge.alerts.crops import CRITICAL, no_rule
from edge.control.client import AskError, NotRunningError
from edge.language import texts
from edge.language.texts import _
from edge.page import happenings
from edge.page.body import BodyError, body_of
from edge.page.source import NewestState, Source

ADDRESS = "/work"
LONGEST_FORM = 4096  # bytes
FIELDS = ("token", "by", "stage", "camera", "ask")


class FormError(Exception):
    """A form is too long or invalid."""


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a submitted form. Raise FormError."""
    try:
        body = await body_of(request, LONGEST_FORM)
        pairs = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=len(FIELDS))
    except (BodyError, ValueError):
        raise FormError from None
    return {name: text for name, text in pairs if name in FIELDS}


def work(source: Source, state: NewestState | None, span: Mapping[str, float]) -> dict[str, Any]:
    """Return the possible requests, and their current state; `span`: that in which a reported stage is valid."""
    if state is None:
        return {"stages": [], "cameras": {}, "horn": None, "crops": {}}
    crops = {texts.crop(crop): {f"{crop} {stage}": texts.stage(stage) for stage in CRITICAL[crop]} for crop in CRITICAL}
    facts = {"stages": said(source, span), "cameras": state.facts.prices, "horn": state.facts.horn}
    return {**facts, "crops": crops}


def said(source: Source, span: Mapping[str, float]) -> list[happenings.Happening]:
    """Return the reported stage of each crop, newest first."""
    try:
        events = source.events(**span, kind="stage").events
    except (NotRunningError, AskError):
        return []
    newest: dict[object, happenings.Happening] = {}
    for event in events:
        told = happenings.happening(event)
        if told is not None and isinstance(event.body, dict):
            newest.setdefault(event.body.get("crop"), told)
    return list(newest.values())


def asked(source: Source, form: Mapping[str, str]) -> dict[str, str]:
    """Carry out a form's request. Return the arguments of `done`. Raise NotRunningError, AskError."""
    wanted, token, by = form.get("ask", ""), form.get("token", ""), form.get("by", "").strip()
    if wanted == "stage":
        crop, _space, stage = form.get("stage", "").partition(" ")
        if not stage or not by:
            raise AskError(_("Choose the stage, and enter your name."))
        answer = source.ask("stage", token=token, crop=crop, stage=stage, by=by)
        return {"done": wanted, **({"unwatched": crop} if "why" in answer else {})}
    if wanted == "picture":
        source.ask("picture", token=token, **({"camera": form["camera"]} if "camera" in form else {}))
    elif wanted == "silence-horn":
        source.ask("silence-horn", token=token, by=by)
    else:
        raise AskError(_("Press one of the buttons."))
    return {"done": wanted}


def done(wanted: str | None, unwatched: str | None) -> str:
    """Return the confirmation of a request; "" for an unknown one.

    `unwatched`: the crop of a stage that no rule of the station follows.
    """
    if wanted == "stage" and unwatched is not None and unwatched in CRITICAL:
        return _("Recorded, but {why}").format(why=texts.in_full(no_rule(unwatched)))
    return {
        "stage": _("Recorded; the frost rules follow it from the next minute on."),
        "picture": _("The photo was taken."),
        "silence-horn": _("The horn is silent; it sounds again when an alert worsens or a new one is raised."),
    }.get(wanted or "", "")
