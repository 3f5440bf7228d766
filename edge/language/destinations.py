"""The status lines about other platforms: how far each is, what waits, what is wrong."""

from __future__ import annotations

from typing import Protocol

from drivers.reason import Reason
from edge.language import texts
from edge.language.texts import _, ngettext

LATE_US = 3600 * 1_000_000  # for which something may wait


class Progress(Protocol):
    """How far a destination is, of a station's or a hub's status.

    `newest`: the begin of the newest minute that it has, microseconds UTC.
    """

    @property
    def destination(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def newest(self) -> int | None: ...
    @property
    def waiting(self) -> int: ...
    @property
    def aside(self) -> int: ...


def line(state: Progress, why: Reason | None, offset_h: float) -> str:
    """Return a line about a destination and why its last try failed; times by a station's clock."""
    parts = [_("has nothing yet") if state.newest is None else _("has minutes up to {when}")]
    waiting = ngettext("{n} record waits", "{n} records wait", state.waiting).format(n=state.waiting)
    parts.append(waiting if state.waiting else _("nothing waits"))
    if state.aside:
        parts.append(ngettext("{n} record set aside", "{n} records set aside", state.aside).format(n=state.aside))
    sentence = _("; ").join(parts).format(when=texts.when(state.newest, offset_h))
    told = _("{destination} ({kind}): {said}").format(destination=state.destination, kind=state.kind, said=sentence)
    return told if why is None else _("{what}: {why}").format(what=told, why=texts.render(why))


def is_late(waiting: int, proven: int | None, now: int) -> bool:
    """Return whether something waits and nothing got through for an hour."""
    return bool(waiting) and (proven is None or now - proven > LATE_US)
