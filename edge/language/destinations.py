"""The lines of a status about other platforms: how far each is, what waits, what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edge.language import texts
from edge.language.texts import _, ngettext

LATE_US = 3600 * 1_000_000  # for which something may wait


def lines(states: Iterable[Mapping[str, Any]], offset_h: float) -> list[str]:
    """Return a line about each destination, of a station's or a hub's status; its times by a station's clock."""
    return [line(state, offset_h) for state in states]


def line(state: Mapping[str, Any], offset_h: float) -> str:
    """Return one line about a destination."""
    newest, waits, aside = state["newest"], state["waiting"], state["aside"]
    parts = [_("has nothing yet") if newest is None else _("has minutes up to {when}")]
    waiting = ngettext("{n} record waits", "{n} records wait", waits).format(n=waits)
    parts.append(waiting if waits else _("nothing waits"))
    if aside:
        parts.append(ngettext("{n} record set aside", "{n} records set aside", aside).format(n=aside))
    said = _("; ").join(parts).format(when=texts.when(newest, offset_h))
    told = _("{destination} ({kind}): {said}").format(destination=state["destination"], kind=state["kind"], said=said)
    why = state.get("why") or state.get("trouble")
    return _("{what}: {why}").format(what=told, why=texts.render_value(why)) if why else told


def is_late(waiting: int, proven: int | None, now: int) -> bool:
    """Return whether something waits and nothing got through for an hour."""
    return bool(waiting) and (proven is None or now - proven > LATE_US)
