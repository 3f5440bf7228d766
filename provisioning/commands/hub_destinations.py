"""The lines of `minshan hub status` about other platforms: how far each is, what waits, what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.language import texts
from edge.language.texts import _, ngettext

if TYPE_CHECKING:
    from hub.forward.state import State

LATE_US = 3600 * 1_000_000  # for which something may wait


def line(state: State, offset_h: float) -> str:
    """Return one line about a destination; its times by a station's clock."""
    parts = [_("has minutes up to {when}").format(when=texts.when(state.newest, offset_h))]
    if state.newest is None:
        parts = [_("has nothing yet")]
    waiting = ngettext("{n} record waits", "{n} records wait", state.waiting).format(n=state.waiting)
    parts.append(waiting if state.waiting else _("nothing waits"))
    if state.aside:
        parts.append(ngettext("{n} record set aside", "{n} records set aside", state.aside).format(n=state.aside))
    said = _("; ").join(parts)
    told = _("{destination} ({kind}): {said}").format(destination=state.destination, kind=state.kind, said=said)
    return told if state.why is None else _("{what}: {why}").format(what=told, why=texts.render_value(state.why))


def is_late(state: State, now: int) -> bool:
    """Return whether something waits and nothing got through for an hour."""
    return bool(state.waiting) and (state.proven is None or now - state.proven > LATE_US)
