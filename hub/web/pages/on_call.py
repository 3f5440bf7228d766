"""The pages of people on call: who is notified, how, about which stations and when; test messages and their results."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from drivers.reason import Reason
from edge.config.base import NUMBER
from edge.language.sentence import as_sentence
from edge.language.texts import _
from hub.alarms.attempts import Attempt, attempts, waiting
from hub.alarms.health import ChannelHealth, ChannelState
from hub.alarms.people import ChannelName, Contact, HourMinute, MailAddress, People, PersonName, Phone
from hub.alarms.words import duty_word, fate_word
from hub.causes import reason_of
from hub.rights import Right
from hub.web import on_call
from hub.web.arguments import Nothing
from hub.web.pages.stations import offset_of
from hub.web.people import Stations
from hub.web.table import ApiError, Elsewhere, PageAnswer, RequestContext, Route

PAGE, SENT = "/on-call", "/on-call/sent"
SENT_US = 24 * 3_600_000_000
DUTIES = ("grower", "technician", "operator")
HALF_HOURS = Reason("hours_half", "give both hours, or neither: without them somebody is notified at any hour")
NOBODY_REACHED = Reason("person_unreached", "choose at least one channel: otherwise nothing reaches them")
TAKEN = Reason("person_taken", '"{name}" is on the list already: change the entry there', name="")


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form of a person on call: `scope` "all" means all stations, "some" those that are ticked."""

    name: PersonName
    place: Annotated[int, Meta(ge=1, le=1000)] = 1
    channels: Annotated[list[ChannelName], Meta(max_length=16)] = []
    phone: Phone = ""
    mail: MailAddress = ""
    scope: Literal["all", "some"] = "some"
    stations: Stations = None
    first: HourMinute | None = None
    last: HourMinute | None = None
    language: Literal["zh", "en"] = "zh"
    duty: Literal["grower", "technician", "operator"] = "grower"

    @property
    def contact(self) -> Contact:
        """Return the person. Raise ApiError."""
        if (self.first is None) != (self.last is None):
            raise ApiError(422, HALF_HOURS)
        if not self.channels:
            raise ApiError(422, NOBODY_REACHED)
        hours = None if self.first is None or self.last is None else (self.first, self.last)
        where = None if self.scope == "all" else list(self.stations or [])
        how = self.channels, self.phone, self.mail, where, hours, self.language, self.duty
        return Contact(self.name, self.place, *how)


class ChannelRow(NamedTuple):
    """One channel: when it last accepted a message, and since when and why it fails; None and "" if it does not."""

    name: str
    ok_us: int | None
    failing_us: int | None
    why: str


class SentRow(NamedTuple):
    """One attempt to send a message: when, by which channel, to whom, and its result in a word, a code, and why."""

    time_us: int
    channel: str
    to: str
    fate: str
    state: str
    why: str


class OnCallPages:
    """The pages, with the channels of the hub's file."""

    def __init__(self, channels: Collection[str]) -> None:
        self._channels = channels
        self._keep = on_call.keep(channels)

    def show(self, context: RequestContext, _said: Nothing) -> PageAnswer:
        """Return the people on call."""
        return self._shown(context)

    def add(self, context: RequestContext, arguments: Form) -> PageAnswer | Elsewhere:
        """Add a person on call."""
        if any(one.name == arguments.name for one in People(context.engine).listed()):
            return self._shown(context, TAKEN.having(name=arguments.name), 409)
        return self._saved(context, arguments)

    def change(self, context: RequestContext, arguments: Form) -> PageAnswer | Elsewhere:
        """Change a person on call."""
        on_call.known(context, arguments.name)
        return self._saved(context, arguments)

    def _saved(self, context: RequestContext, arguments: Form) -> PageAnswer | Elsewhere:
        try:
            self._keep(context, arguments.contact)
        except ApiError as refused:
            return self._shown(context, refused.reason, refused.status)
        return Elsewhere(PAGE)

    def _shown(self, context: RequestContext, why: Reason | None = None, status: int = 200) -> PageAnswer:
        people = on_call.people(context)
        states = context.queries.stations(context.now_us)
        values = {
            "title": _("On call"),
            "number": NUMBER,
            "people": people,
            "duties": DUTIES,
            "duty": duty_word,
            "channels": self._states(context),
            "stations": [state.station for state in states],
            "next": max((one.place for one in people), default=0) + 1,
            "why": "" if why is None else as_sentence(why),
        }
        return PageAnswer("on_call.html", values, offset_of(states), status)

    def _states(self, context: RequestContext) -> list[ChannelRow]:
        known = {one.name: one for one in ChannelHealth(context.engine).listed()}
        return [channel(known.get(name) or ChannelState(name)) for name in self._channels]


def channel(state: ChannelState) -> ChannelRow:
    """Return a channel as shown on the page."""
    why = "" if state.failing_us is None else reason_of(state.why)
    return ChannelRow(state.name, state.ok_us, state.failing_us, why)


def remove(context: RequestContext, arguments: on_call.PersonGone) -> Elsewhere:
    """Remove a person on call."""
    on_call.remove(context, arguments)
    return Elsewhere(PAGE)


def test(context: RequestContext, arguments: on_call.TrialOf) -> Elsewhere:
    """Queue a test message to one person, by each of their channels."""
    on_call.test(context, arguments)
    return Elsewhere(SENT)


def sent(context: RequestContext, _said: Nothing) -> PageAnswer:
    """Return a day's messages to people whom the caller may manage, with the services' answers."""
    mine = {one.name for one in on_call.people(context)}
    since = context.now_us - SENT_US
    found = [
        one for one in (*waiting(context.engine, since), *attempts(context.engine, since)) if mine.issuperset(one.to)
    ]
    values = {
        "title": _("What was sent"),
        "sent": [line(one) for one in found],
        "open": any(one.fate is None for one in found),
    }
    return PageAnswer("sent.html", values, offset_of(context.queries.stations(context.now_us)))


def line(one: Attempt) -> SentRow:
    """Return an attempt as shown on the page."""
    fate = _("waits for its turn") if one.number == 0 else fate_word(one.fate)
    why = reason_of(one.why) if one.why is not None else ""
    told = _(", ").join(one.to)
    return SentRow(one.tried_us, one.channel, told, fate, one.fate or "open", why or one.answer or "")


def routes(channels: Collection[str]) -> tuple[Route, ...]:
    """Return the routes of people on call; `channels`: those of the hub's file."""
    pages, manage, one = OnCallPages(channels), Right.MANAGE, f"{PAGE}/{{name}}"
    return (
        Route("GET", PAGE, "On call", manage, Nothing, PageAnswer, pages.show),
        Route("POST", PAGE, "Add somebody to notify", manage, Form, PageAnswer, pages.add),
        Route("GET", SENT, "What was sent", manage, Nothing, PageAnswer, sent),
        Route("POST", one, "Change how somebody is notified", manage, Form, PageAnswer, pages.change),
        Route("POST", f"{one}/remove", "Stop notifying somebody", manage, on_call.PersonGone, PageAnswer, remove),
        Route("POST", f"{one}/test", "Send a test", manage, on_call.TrialOf, PageAnswer, test),
    )
