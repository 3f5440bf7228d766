"""`minshan hub person` and `alerts`: who is notified, and what is raised."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drivers.wide_signs import narrowed
from edge.clock.clock import system_utc
from edge.language import texts
from edge.language.texts import _
from edge.language.words import N_
from provisioning.commands.answers import WordChoice
from provisioning.commands.durations import IntRange
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.hub_options import FILE, as_command, loaded, reading, say_unheard
from provisioning.commands.hub_people import ROLES
from provisioning.commands.options import json_option, print_json
from provisioning.folding import say

if TYPE_CHECKING:
    from hub.alarms.people import Contact
    from hub.config import HubConfig
    from hub.database.engine import Engine

DUTIES = {duty: word for duty, word in ROLES.items() if duty != "admin"}
LANGUAGES = {"zh": N_("Chinese"), "en": N_("English")}
NAME = click.argument("name", metavar=_("NAME"))
HOURS_US = 3_600_000_000


@click.group(help=_("Manage who is notified of alerts: how, about which stations, when and in which order."))
def person() -> None:
    """Group the commands below."""


@person.command("add", help=_("Add somebody to notify; an entry of the same name is replaced."))
@FILE
@NAME
@click.option(
    "--channel", "channels", multiple=True, metavar=_("NAME"), help=_("Through this channel of the hub's file.")
)
@click.option("--phone", default="", metavar=_("NUMBER"), help=_("For calls and for mentions in a group."))
@click.option("--mail", default="", metavar=_("ADDRESS"), help=_("For mail."))
@click.option("--place", type=IntRange(1, 1000), default=1, help=_("Who is notified first: 1, then 2, ..."))
@click.option("--station", "stations", multiple=True, metavar="ID", help=_("Only about this station; may be repeated."))
@click.option("--hours", metavar="HH:MM-HH:MM", help=_("Hours of duty; frost alerts come at any hour."))
@click.option("--language", type=WordChoice(LANGUAGES), default="zh", help=_("The language of the messages."))
@click.option("--duty", type=WordChoice(DUTIES), default="grower", help=_("Growers are notified of the weather only."))
def add(config_file: Path, name: str, hours: str | None, **given: Any) -> None:
    """Check and store a person."""
    import msgspec

    from hub.alarms.people import Contact, People

    given["stations"] = list(given["stations"]) or None
    given["hours"] = None if hours is None else [end.strip() for end in narrowed(hours).split("-")]
    given["phone"] = re.sub(r"[\s-]", "", narrowed(given["phone"]))  # as people write them in groups
    config = loaded(config_file)
    there = [channel.name for channel in config.channel]
    unknown = [channel for channel in given["channels"] if channel not in there]
    if unknown or not given["channels"]:
        sentence = _("Name a channel of the hub's file with --channel; there are: {channels}.")
        if not there:
            sentence = _("The hub's file has no [[channel]] yet through which people can be notified (docs/alerts.md).")
        raise CommandError(Exit.USAGE, sentence.format(channels=_(", ").join(there)))
    facts = {"name": name, **given}
    for field in msgspec.structs.fields(Contact):
        try:
            msgspec.convert(facts.get(field.name, field.default), field.type)
        except msgspec.ValidationError as error:
            raise CommandError(Exit.USAGE, wanted(field.name, str(error))) from None
    found = msgspec.convert(facts, Contact)
    kinds = {channel.kind for channel in config.channel if channel.name in found.channels}
    if "mail" in kinds and not found.mail:
        raise CommandError(Exit.USAGE, _("Mail needs an address: --mail ADDRESS."))
    if "webhook" in kinds and not found.phone:
        raise CommandError(Exit.USAGE, _("Calls and SMS need a number: --phone NUMBER."))
    with opened(config) as engine:
        People(engine).keep(found)
        say_unheard(engine, found.stations or ())
    test = as_command(config_file, "alerts test")
    say(_('"{name}" is now notified of alerts. Send a test: `{command}`.').format(name=name, command=test))


@person.command("remove", help=_("Stop notifying somebody."))
@FILE
@NAME
def remove(config_file: Path, name: str) -> None:
    """Remove a person."""
    from hub.alarms.people import People

    with opened(loaded(config_file)) as engine:
        people = People(engine)
        people.person(name)
        people.remove(name)
    say(_('"{name}" is no longer notified.').format(name=name))


@person.command("list", help=_("Show who is notified, in order."))
@FILE
@json_option()
def list_people(config_file: Path, as_json: bool) -> None:
    """Print a line for each person."""
    import msgspec

    from hub.alarms.people import People

    with opened(loaded(config_file)) as engine:
        found = People(engine).listed()
    if not found and not as_json:
        say(nobody(config_file))
    for one in found:
        if as_json:
            print_json(msgspec.to_builtins(one))
        else:
            say(line_of(one))


@click.group(help=_("Show alerts, acknowledge them, and test the channels."))
def alerts() -> None:
    """Group the commands below."""


@alerts.command("list", help=_("Show open alerts, and those of the last days."))
@FILE
@click.option("--days", type=IntRange(1, 366), default=7, show_default=True, help=_("Number of days."))
@json_option()
def list_alerts(config_file: Path, days: int, as_json: bool) -> None:
    """Print a line for each alert. Exit with 1 where one is open."""
    import msgspec

    from edge.language.spoken import Spoken
    from hub.alarms.book import AlarmBook
    from hub.alarms.writing import AlarmWriter

    config, now, some_open = loaded(config_file), system_utc(), False
    words = Spoken("zh" if texts.language(dict(os.environ)) == "zh" else "en")
    with opened(config) as engine:
        writer = AlarmWriter(engine, config.alarms, None)
        found = AlarmBook(engine).since(now - days * 24 * HOURS_US, None)
        if not found and not as_json:
            say(_("There is no open alert, and none of the last {span}.").format(span=texts.duration(days * 86400)))
        for one in found:
            some_open = some_open or one.open
            if as_json:
                print_json(msgspec.to_builtins(one))
                continue
            state = one.escalation
            reached = _(", ").join(state.reached) or _("nobody yet")
            known = _("; acknowledged by {name}").format(name=state.acked_by) if state.acked_by else ""
            word = _("open") if one.open else _("over")
            say(_("{place}: {sentence}").format(place=f"{one.id} {word}", sentence=writer.episode(words, one, now)))
            say("  " + _("notified: {names}").format(names=reached) + known)
    if some_open:
        raise click.exceptions.Exit(Exit.TROUBLE)


@alerts.command("acknowledge", help=_("Acknowledge an alert, by its number in the list."))
@FILE
@click.argument("number", metavar=_("ALERT"))
@click.option("--by", required=True, metavar=_("NAME"), help=_("Who acknowledges it."))
def acknowledge(config_file: Path, number: str, by: str) -> None:
    """Acknowledge one alert."""
    from hub.alarms.book import AlarmBook

    with opened(loaded(config_file)) as engine:
        found = AlarmBook(engine).acknowledge([number], by, system_utc())
    if not found:
        raise CommandError(Exit.USAGE, _("There is no alert {number}.").format(number=number))
    who = found[0].escalation.acked_by
    say(_("Acknowledged by {name}.").format(name=who) if who else _("It is over."))


@alerts.command("log", help=_("Show each message with what the service answered."))
@FILE
@click.option("--hours", type=IntRange(1, 24 * 366), default=24, show_default=True, help=_("Number of hours."))
@json_option()
def show_log(config_file: Path, hours: int, as_json: bool) -> None:
    """Print a line for each attempt, the newest first."""
    import msgspec

    from hub.alarms.attempts import attempts
    from hub.alarms.words import fate_word

    config = loaded(config_file)
    with opened(config) as engine:
        found = attempts(engine, system_utc() - hours * HOURS_US)
    if not found and not as_json:
        say(_("No message about an alert was sent in the last {span}.").format(span=texts.duration(hours * 3600)))
    for one in found:
        if as_json:
            print_json(msgspec.to_builtins(one))
            continue
        why = _("; ") + texts.render_value(one.why) if one.why is not None else ""
        when = texts.when(one.tried_us, config.alarms.utc_offset_h)
        who = _(", ").join(one.to)
        fate = fate_word(one.fate) + _(" ({word})").format(word=one.answer or "–")
        say(_("{place}: {sentence}").format(place=f"{when} {one.channel} → {who}", sentence=fate + why))


@alerts.command("test", help=_("Send a test message through each channel now, and show what the service answers."))
@FILE
@click.option("--person", "name", metavar=_("NAME"), help=_("Only to this person."))
def test(config_file: Path, name: str | None) -> None:
    """Send directly, not through the running hub. Exit with 1 where a channel does not accept it."""
    import secrets

    from edge.clock.clock import SystemClock
    from edge.delivery.channels import senders
    from edge.delivery.message import Message, MessageFate, Short
    from edge.delivery.texts import begun
    from edge.language.spoken import Spoken
    from hub.alarms.attempts import TEXT
    from hub.alarms.people import People
    from hub.alarms.words import fate_word

    config, failed = loaded(config_file), False
    known = senders(config.channel, SystemClock(), system_utc)
    with opened(config) as engine:
        people = [one for one in People(engine).listed() if name in (None, one.name)]
    if not people:
        raise CommandError(Exit.USAGE, nobody(config_file))
    for one in people:
        lines = begun([Spoken(one.language).say(TEXT)])
        for channel in one.channels:
            if channel not in known:
                failed = True
                say(_("{name}: no channel {channel} in the hub's file").format(name=one.name, channel=channel))
                continue
            ready = Short("测试站", "测试", "", "")
            message = Message(secrets.token_hex(8), lines, "", "{n}", (one.recipient,), "test", False, ready)
            told = known[channel].send(message)
            failed = failed or told.fate is not MessageFate.DELIVERED
            why = "" if told.reason is None else _(": {why}").format(why=texts.render(told.reason))
            fate = fate_word(told.fate.value) + _(" ({word})").format(word=told.answer or "–")
            say(_("{place}: {sentence}").format(place=_(", ").join((one.name, channel)), sentence=fate + why))
    if failed:
        raise click.exceptions.Exit(Exit.TROUBLE)


def nobody(file: Path) -> str:
    """Return that there is nobody to notify, and the command to add somebody."""
    return _("There is nobody to notify: `{command}`.").format(command=as_command(file, "person add"))


def wanted(field: str, error: str) -> str:
    """Return the required form of a refused fact; `error`: the message for facts without a form of their own."""
    return {
        "name": _("A name has letters and digits, with · . _ or - inside, no spaces."),
        "hours": _("Hours have the form HH:MM-HH:MM, such as 07:00-22:30."),
        "phone": _("A phone number has 5 to 15 digits, optionally after a +; a Chinese mobile number has 11."),
        "mail": _("An e-mail address has the form name@host."),
        "stations": _("A station's name has lower-case letters, digits and -, such as orchard-1."),
    }.get(field) or _("Not accepted: {why}").format(why=error)


def line_of(one: Contact) -> str:
    """Return a person on one line."""
    from hub.alarms.words import duty_word

    where = _("all stations") if one.stations is None else _(", ").join(one.stations)
    hours = _("always") if one.hours is None else "–".join(one.hours)
    reach = _(", ").join(one.channels)
    facts = _(", ").join((duty_word(one.duty), where, hours, reach))
    return _("{place}: {sentence}").format(place=f"{one.place}. {one.name}", sentence=facts)


@contextmanager
def opened(config: HubConfig) -> Iterator[Engine]:
    """Give the database. Raise CommandError, also for its errors within the block."""
    from hub.sink import SinkError

    with reading(config) as engine:
        try:
            yield engine
        except SinkError as trouble:
            raise CommandError(Exit.USAGE, trouble.reason) from None
