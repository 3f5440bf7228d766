"""`minshan notify`: try the channels by which a station notifies people itself; and their line in `status`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge.language import texts
from edge.language.texts import _
from provisioning.commands.exits import Exit
from provisioning.commands.options import config_option, json_option, print_json, state_option
from provisioning.commands.status import ask_station
from provisioning.folding import say


@click.group(help=_("Test the channels through which the station itself notifies people."))
def notify() -> None:
    """Group the commands."""


@notify.command(help=_("Send a test message through each channel to each person, and show what the services answered."))
@config_option()
@state_option()
@json_option()
@click.pass_context
def test(ctx: click.Context, config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Have the running station send as it does at night. Exit with code 1 where a message was not accepted."""
    answer = ask_station(config_file, state, "test-notify")
    if as_json:
        print_json(answer)
    else:
        for one in answer["messages"]:
            say(line(one))
    ctx.exit(Exit.OK if all(one["fate"] == "delivered" for one in answer["messages"]) else Exit.TROUBLE)


def line(one: dict[str, Any]) -> str:
    """Return the result of one message as a line."""
    to = _(", ").join(one["to"]) or "–"
    if one["fate"] == "delivered":
        return _('✓ "{channel}" accepted the message to {to}: {answer}').format(
            channel=one["channel"], to=to, answer=one["answer"]
        )
    why = texts.render_value(one["why"]) if one["why"] else one["answer"]
    return _('✗ "{channel}" did not accept the message to {to}: {why}').format(channel=one["channel"], to=to, why=why)
