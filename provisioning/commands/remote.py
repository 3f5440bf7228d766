"""`minshan remote`: send a command to a remote station over the broker, and wait for its result."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import click

from edge.language import texts
from edge.language.texts import _
from provisioning.commands.durations import FloatRange
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.horn import BY as HEARD_BY
from provisioning.commands.options import STATION, broker_at, broker_options, json_option, print_json
from provisioning.commands.stage import BY, CROP, STAGE, keys
from provisioning.folding import say

if TYPE_CHECKING:
    from edge.wire.contract import Command, Result

EXPIRES_S = 600.0  # s of a command's lifetime; a station's clock may be some seconds off


@click.group(invoke_without_command=True, help=_("Send a command to the station STATION, over the broker."))
@click.argument("station", metavar=_("STATION"))
@click.pass_context
def remote(ctx: click.Context, station: str) -> None:
    """Store the station's name for the subcommand; without a subcommand, show the help."""
    import re

    if ctx.invoked_subcommand is None:
        raise click.exceptions.NoArgsIsHelpError(ctx)
    if not re.fullmatch(STATION, station):
        raise CommandError(Exit.USAGE, _('"{station}" is not a valid station name').format(station=station))
    ctx.obj = station


@remote.command(help=_("Take a photo now and send it."))
@click.option("--camera", metavar=_("NAME"), help=_("Which camera, where the station has several."))
@broker_options()
@click.option(
    "--timeout",
    metavar=_("SECONDS"),
    type=FloatRange(1),
    default=60.0,
    show_default=True,
    help=_("How long to wait."),
)
@json_option()
@click.pass_obj
def picture(station: str, /, camera: str | None, url: str | None, timeout: float, as_json: bool, **login: Any) -> None:
    """Send the command and print its results until it is done, has failed, or the timeout."""
    arguments = {} if camera is None else {"camera": camera}
    send_and_print(station, "picture", arguments, broker_at(url, **login), timeout, as_json)


@remote.command("stage", help=_("Set the STAGE of a CROP (apple full-bloom): the frost rules follow it."))
@CROP
@STAGE
@BY
@broker_options()
@json_option()
@click.pass_obj
def say_stage(station: str, /, crop: str, stage: str, by: str, url: str | None, as_json: bool, **login: Any) -> None:
    """Send the command and print the station's result."""
    crop, stage = keys(crop, stage)
    send_and_print(station, "stage", {"crop": crop, "stage": stage, "by": by}, broker_at(url, **login), 60.0, as_json)


@remote.command(
    "silence-horn", help=_("Silence the horn; it sounds again when an alert worsens or a new one is raised.")
)
@HEARD_BY
@broker_options()
@json_option()
@click.pass_obj
def silence_horn(station: str, /, by: str, url: str | None, as_json: bool, **login: Any) -> None:
    """Send the command and print the station's result."""
    send_and_print(station, "silence-horn", {"by": by}, broker_at(url, **login), 60.0, as_json)


def send_and_print(
    station: str, name: str, arguments: dict[str, Any], broker: Any, timeout: float, as_json: bool
) -> None:
    """Send one command and print its results. Raise CommandError where the station fails or does not answer."""
    from edge.clock.clock import system_utc
    from edge.wire.client import sent
    from edge.wire.contract import VERSION, Command, Topic, encode, topic
    from edge.wire.errors import LinkError, may_not_read
    from edge.wire.link import NOBODY_LISTENS, REFUSED
    from edge.wire.mqtt_codes import meaning
    from edge.wire.mqtt_link import connect
    from edge.wire.session import Session

    lasts = max(EXPIRES_S, timeout)
    expires = system_utc() + round(lasts * 1e6)
    command = Command(VERSION, secrets.token_hex(8), name, arguments, expires)
    session = Session(f"minshan-remote-{secrets.token_hex(4)}", (topic(station, Topic.RESULT),))
    try:
        link = connect(broker, session)
        try:
            if link.granted.refused:
                raise LinkError(may_not_read(link.granted.refused))
            code = sent(link, topic(station, Topic.COMMAND), encode(command), round(lasts))
            if code == NOBODY_LISTENS:
                sentence = _('No station "{station}" listens on this broker.').format(station=station)
                raise CommandError(
                    Exit.TROUBLE,
                    sentence,
                    _("Check how its name is written in its file, and whether it has been off for more than a week."),
                )
            if code >= REFUSED:
                sentence = _('The broker does not let this login send commands to "{station}" ({why}).')
                raise CommandError(
                    Exit.BROKER,
                    sentence.format(station=station, why=texts.render(meaning(code))),
                    _("Ask the broker's operator to let it write {topic}.").format(topic=topic(station, Topic.COMMAND)),
                )
            followed(link, command, station, timeout, as_json)
        finally:
            link.close()
    except LinkError as trouble:
        raise CommandError(Exit.BROKER, trouble.reason) from None


def followed(link: Any, command: Command, station: str, timeout: float, as_json: bool) -> None:
    """Print the command's results as they arrive, until a final one. Raise CommandError at the timeout."""
    from edge.wire.client import arriving
    from edge.wire.contract import PayloadError, Result, Topic, decode, topic

    last, unread = None, ""
    for message in arriving(link, timeout):
        if message is None or message.topic != topic(station, Topic.RESULT):
            continue
        try:
            result = decode(message.payload, Result)
        except PayloadError as error:  # another program's message on this topic is no answer to us
            unread = texts.render(error.reason)
            continue
        if (result.id, result.station) == (command.id, station) and result != last:  # a broker may deliver one twice
            last = result
            if result.state != "failed" or as_json:
                print_result(result, as_json)
            if result.state == "failed":
                raise CommandError(Exit.CAMERA, failed(words_of(result)))
            if result.state == "done":
                return
    raise unanswered(station, timeout, accepted=last is not None, unread=unread)


def unanswered(station: str, timeout: float, accepted: bool, unread: str) -> CommandError:
    """Return the error for a timeout. `accepted`: by the station; `unread`: why a message was ignored."""
    if accepted:
        sentence = _("The station {station} has accepted the command, but has not said within {time} that it is done.")
        remedy = _("It goes on with it, and sends the result when it is done.")
    else:
        sentence = _("No answer from the station {station} within {time}.")
        lasts = texts.duration(max(EXPIRES_S, timeout))
        remedy = _("It may be offline; the command is carried out if it arrives within {time}, and not later.").format(
            time=lasts
        )
    sentence = sentence.format(station=station, time=texts.duration(timeout))
    if unread:
        sentence = texts.sentences(sentence, _("What came on its topic is not understood: {why}").format(why=unread))
    return CommandError(Exit.TROUBLE, sentence, remedy)


def words_of(result: Result) -> str:
    """Return a result's text, in the station's English sentence where its code is not known here."""
    return texts.render_known(result.data.get("why")) or result.text


def failed(why: str) -> str:
    """Return the sentence of a command that failed at the station, with the reason where it gave one."""
    if not why:
        return _("The station could not do it.")
    return _("The station could not do it: {why}").format(why=why)


def print_result(result: Result, as_json: bool) -> None:
    """Print one result on a line."""
    if as_json:
        print_json({"state": result.state, "text": result.text, "data": result.data})
        return
    words = {
        "accepted": _("The station has accepted the command ..."),
        "done": _("Done."),
    }
    text = words_of(result) if result.text else ""
    say(texts.sentences(words.get(result.state, result.state), text))
    for key, value in result.data.items():
        if key != "why" and value not in ([], {}, "", None):  # "why" is part of the line above
            say(_("  {fact}: {value}").format(fact=texts.fact(key), value=texts.fact_value(value, key)))
