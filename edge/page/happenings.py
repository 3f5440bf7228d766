"""Events at a station, in words: starts, losses, alerts, stages, camera problems."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from drivers.reason import Reason, restored
from edge.alerts.turns import in_words
from edge.language import texts
from edge.language.texts import _
from edge.records import bodies
from edge.records.answers import Event

KINDS = ("start", "loss", "alert", "stage", "health")


class Happening(NamedTuple):
    """One event: when (None: unknown), its name, and the rest of the sentence.

    `arrived`: the time is that of its arrival, as that of the event is unknown.
    """

    at_us: int | None
    name: str
    text: str
    arrived: bool = False


def happening(event: Event) -> Happening | None:
    """Return an event in words; None if people need not see it."""
    try:
        body = bodies.decode(event.kind or "", event.body if isinstance(event.body, dict) else {})
    except (ValueError, RecursionError):
        return None
    text = words(body)
    return None if text is None else Happening(event.start_us, *text)


def words(body: Any) -> tuple[str, str] | None:
    """Return name and sentence of a body."""
    match body:
        case bodies.Start(reason=reason, off_s=off):
            why = texts.render(reason)
            return _("Start"), why if off is None else _("{why}; off for {time}").format(
                why=why, time=texts.duration(off)
            )
        case bodies.Loss(cause=cause, what=what):
            return _("Loss"), what if cause is None else texts.render(cause)
        case bodies.Alert():
            named = msgspec.structs.replace(body, rule=texts.rule(body.rule))
            return _("Alert"), texts.render(in_words(named))
        case bodies.Stage(crop=crop, stage=stage, by=by):
            return _("Stage"), _("{crop}: {stage}, confirmed by {who}").format(
                crop=texts.crop(crop), stage=texts.stage(stage), who=by
            )
        case bodies.Health(camera=str() as camera, reason=reason) if reason is not None:
            return _("Camera {name}").format(name=camera), texts.happened(told_of(reason))
    return None


def told_of(reason: Reason) -> Reason:
    """Return a reason with its nested reasons restored."""
    return restored(reason.builtins())
