"""Who is told of alarms: what the API answers about the people on call, and what managers may change.

Whoever manages some stations alone sees and changes only people who are told of no others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from drivers.reason import Reason
from hub.alarms.people import Contact, People, PersonError, PersonName, unknown
from hub.alarms.testing import TrialMessage, told_by_all
from hub.rights import Right
from hub.web.arguments import Nothing
from hub.web.handlers import Done, caller
from hub.web.table import API, ApiError, RequestContext, Route

BEYOND = Reason("person_beyond", '"{name}" is told of stations that you do not manage', name="")
NO_CHANNEL = Reason("channel_unknown", 'the hub\'s file has no channel "{channel}"', channel="")


class PersonGone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who is told no more."""

    name: PersonName


class TrialOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is sent a test message; everybody where nobody is named."""

    name: PersonName | None = None


def listed(asked: RequestContext, _said: Nothing) -> list[Contact]:
    """Return who is told, in order."""
    return people(asked)


def people(asked: RequestContext) -> list[Contact]:
    """Return those who are told and whom the caller may manage, in order."""
    return [person for person in People(asked.engine).listed() if caller(asked).covers(person.stations)]


def known(asked: RequestContext, name: str) -> Contact:
    """Return somebody whom the caller may manage. Raise PersonError, alike for one who is beyond and for nobody."""
    for person in people(asked):
        if person.name == name:
            return person
    raise PersonError(unknown(name))


def kept(channels: Collection[str]) -> Callable[[RequestContext, Contact], Contact]:
    """Return the handler that keeps a person who is told; `channels`: those of the hub's file."""

    def handler(asked: RequestContext, said: Contact) -> Contact:
        for channel in said.channels:
            if channel not in channels:
                raise ApiError(422, NO_CHANNEL.having(channel=channel))
        there = [person for person in People(asked.engine).listed() if person.name == said.name]
        if not all(caller(asked).covers(one.stations) for one in (said, *there)):
            raise ApiError(403, BEYOND.having(name=said.name))
        People(asked.engine).keep(said)
        asked.accounts.note(caller(asked), "person on call", None, said.name, asked.now_us)
        return said

    return handler


def remove(asked: RequestContext, said: PersonGone) -> Done:
    """Let somebody be told no more."""
    People(asked.engine).remove(known(asked, said.name).name)
    asked.accounts.note(caller(asked), "person on call removed", None, said.name, asked.now_us)
    return Done()


def test(asked: RequestContext, said: TrialOf) -> list[TrialMessage]:
    """Put out a test message by each channel of people; what each service answers is asked for later."""
    chosen = people(asked) if said.name is None else [known(asked, said.name)]
    found = told_by_all(asked.engine, chosen, asked.now_us)
    asked.accounts.note(caller(asked), "test message", None, said.name or "", asked.now_us)
    return found


def routes(channels: Collection[str]) -> tuple[Route, ...]:
    """Return their part of the route table."""
    path, manage = f"{API}/on-call", Right.MANAGE
    return (
        Route("GET", path, "Who is told of alerts", manage, Nothing, list[Contact], listed),
        Route("POST", path, "Keep somebody who is told", manage, Contact, Contact, kept(channels)),
        Route("POST", f"{path}/remove", "Tell them no more", manage, PersonGone, Done, remove),
        Route("POST", f"{path}/test", "Send a test", manage, TrialOf, list[TrialMessage], test),
    )
