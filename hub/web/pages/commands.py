"""The pages for sending a command to a station, with its cost, and for its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from edge.alerts.crops import CRITICAL
from edge.config.sections import RemoteCommand
from edge.language import texts
from edge.language.texts import _
from edge.wire.contract import CameraName, StationId
from hub.causes import reason_of
from hub.database.cameras import USUAL_MB
from hub.database.orders import CommandOrder
from hub.web import arguments as given
from hub.web import handlers
from hub.web.pages.station import of_station
from hub.web.table import Elsewhere, PageAnswer, RequestContext

FINAL = ("done", "failed")


class CommandForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form of a command: a picture of a camera, a hello, or a crop's stage."""

    station: StationId
    name: RemoteCommand
    camera: CameraName | None = None
    crop: given.Word | None = None
    stage: given.Word | None = None


def show(context: RequestContext, arguments: given.OfStation) -> PageAnswer:
    """Return the commands, each with its cost."""
    offset = handlers.station(context, arguments).utc_offset_s
    cameras = [
        (one.camera, one.megabytes or USUAL_MB) for one in context.queries.cameras(arguments.station, context.now_us)
    ]
    crops = [(crop, texts.crop(crop), {name: texts.stage(name) for name in CRITICAL[crop]}) for crop in CRITICAL]
    values: dict[str, object] = {"cameras": cameras, "crops": crops}
    return of_station(context, arguments.station, "commands.html", _("Commands"), values, offset)


def ask(wake: Callable[[], None]) -> Callable[[RequestContext, CommandForm], Elsewhere]:
    """Return the handler that stores a command and redirects to its result."""
    command = handlers.command(wake)

    def handler(context: RequestContext, said: CommandForm) -> Elsewhere:
        order = command(context, given.CommandOf(said.station, said.name, arguments(context, said)))
        return Elsewhere(f"/commands/{order.id}")

    return handler


def arguments(context: RequestContext, arguments: CommandForm) -> dict[str, Any]:
    """Return the arguments of the station's command."""
    if arguments.name == "picture":
        return {} if arguments.camera is None else {"camera": arguments.camera}
    if arguments.name == "stage":
        return {"crop": arguments.crop or "", "stage": arguments.stage or "", "by": handlers.caller(context).name}
    return {}


def show_result(context: RequestContext, arguments: given.OfCommand) -> PageAnswer:
    """Return the page of a command's state."""
    order = handlers.command_state(context, arguments)
    state = handlers.station(context, given.OfStation(order.station))
    over = order.state in FINAL or order.nobody or context.now_us >= order.expires_us
    values: dict[str, object] = {
        "order": order,
        "who": who(order),
        "told": state_sentence(order, context.now_us),
        "result": result(order),
        "over": over,
    }
    return of_station(context, order.station, "command.html", _("Command"), values, state.utc_offset_s)


def who(order: CommandOrder) -> str:
    """Return who requested a command: a person's name, or a program's."""
    kind, _space, name = order.asked_by.partition(" ")
    return name if kind == "user" else _("program {name}").format(name=name)


def state_sentence(order: CommandOrder, now: int) -> str:
    """Return a command's state as a sentence."""
    words = {
        "accepted": _("The station is working on it."),
        "done": _("Done."),
        "failed": _("The station could not do it."),
    }
    if order.state in words:
        return words[order.state]
    if order.sent_us is None:
        return _("It waits for the broker.") if now < order.expires_us else _("It could not be sent in time.")
    if order.nobody:
        return _("The station is offline: the command was not delivered.")
    return _("Sent; the station has not answered yet.") if now < order.expires_us else _("The station did not answer.")


def result(order: CommandOrder) -> list[tuple[str, str]]:
    """Return the station's result, each fact with its name."""
    if not isinstance(order.result, dict):
        return []
    found = {key: value for key, value in order.result.items() if value not in (None, [], {})}
    return [
        (texts.fact(key), reason_of(value) if key == "reason" else fact(value, key)) for key, value in found.items()
    ]


def fact(value: object, key: str = "") -> str:
    """Return a fact in words; one of a newer station as received."""
    try:
        return texts.fact_value(value, key)
    except ValueError:
        return str(value)
