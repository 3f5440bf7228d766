"""The API's routes about people on call.

A manager of some stations only sees and changes people who are notified of no others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from drivers.reason import Reason
from hub.alarms.attempts import TrialMessage, put_test_messages
from hub.alarms.people import Contact, People, PersonError, PersonName, unknown
from hub.rights import Right
from hub.web.arguments import Nothing
from hub.web.handlers import Done, caller
from hub.web.table import API, ApiError, RequestContext, Route

BEYOND = Reason("person_beyond", '"{name}" is notified of stations that you do not manage', name="")
NO_CHANNEL = Reason("channel_unknown", 'the hub\'s file has no channel "{channel}"', channel="")


class PersonGone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of a person to remove."""

    name: PersonName


class TrialOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to send a test message; everybody where no name is given."""

    name: PersonName | None = None


def listed(context: RequestContext, _said: Nothing) -> list[Contact]:
    """Return the people on call whom the caller may manage, in order."""
    return people(context)


def people(context: RequestContext) -> list[Contact]:
    """Return the people on call whom the caller may manage, in order."""
    return [person for person in People(context.engine).listed() if caller(context).covers(person.stations)]


def known(context: RequestContext, name: str) -> Contact:
    """Return a person whom the caller may manage. Raise PersonError, the same if unknown or not permitted."""
    for person in people(context):
        if person.name == name:
            return person
    raise PersonError(unknown(name))


def keep(channels: Collection[str]) -> Callable[[RequestContext, Contact], Contact]:
    """Return the handler that stores a person on call; `channels`: those of the hub's file."""

    def handler(context: RequestContext, arguments: Contact) -> Contact:
        for channel in arguments.channels:
            if channel not in channels:
                raise ApiError(422, NO_CHANNEL.having(channel=channel))
        there = [person for person in People(context.engine).listed() if person.name == arguments.name]
        if not all(caller(context).covers(one.stations) for one in (arguments, *there)):
            raise ApiError(403, BEYOND.having(name=arguments.name))
        People(context.engine).keep(arguments)
        context.accounts.note(caller(context), "person on call", None, arguments.name, context.now_us)
        return arguments

    return handler


def remove(context: RequestContext, arguments: PersonGone) -> Done:
    """Remove a person from the people on call."""
    People(context.engine).remove(known(context, arguments.name).name)
    context.accounts.note(caller(context), "person on call removed", None, arguments.name, context.now_us)
    return Done()


def test(context: RequestContext, arguments: TrialOf) -> list[TrialMessage]:
    """Queue a test message by each channel of people; the services' answers are queried later."""
    chosen = people(context) if arguments.name is None else [known(context, arguments.name)]
    found = put_test_messages(context.engine, chosen, context.now_us)
    context.accounts.note(caller(context), "test message", None, arguments.name or "", context.now_us)
    return found


def routes(channels: Collection[str]) -> tuple[Route, ...]:
    """Return the routes of people on call."""
    path, manage = f"{API}/on-call", Right.MANAGE
    return (
        Route("GET", path, "Who is notified of alerts", manage, Nothing, list[Contact], listed),
        Route("POST", path, "Add somebody to notify", manage, Contact, Contact, keep(channels)),
        Route("POST", f"{path}/remove", "Stop notifying somebody", manage, PersonGone, Done, remove),
        Route("POST", f"{path}/test", "Send a test", manage, TrialOf, list[TrialMessage], test),
    )
