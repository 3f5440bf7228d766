"""`minshan page`: the station's page for phones, a separate process that queries the running station; its token."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from edge.clock.clock import SystemClock
from edge.language.texts import _
from edge.page.address import is_listen_address
from provisioning.commands.asking import asked
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import config_option, state_folder, state_option
from provisioning.commands.run import log_to_stderr
from provisioning.commands.status import SOCKET, ask_station
from provisioning.folding import say

TYPED = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that look alike


@click.group(
    invoke_without_command=True,
    help=_("Serve the station's page, for the browser of a phone, until it is told to stop (Ctrl-C)."),
)
@config_option()
@click.option(
    "--socket",
    type=click.Path(path_type=Path, readable=False),
    metavar=_("FILE"),
    help=_("The running station's socket, in place of --config."),
)
@click.option(
    "--listen",
    default="127.0.0.1:8080",
    show_default=True,
    metavar=_("ADDRESS:PORT"),
    help=_("The address to serve the page at."),
)
@click.option("--host", "hosts", multiple=True, help=_("A host name under which people reach it, besides its address."))
@click.option(
    "--hotspot",
    metavar=_("ADDRESS:PORT"),
    help=_("Where the station's own Wi-Fi reaches the page: phones that ask for another name are redirected there."),
)
@click.option("--speed", type=float, default=1.0, hidden=True)  # this and the next one are for a demo
@click.option("--unplugged", type=click.Path(path_type=Path, readable=False), hidden=True)
@click.pass_context
def page(
    context: click.Context,
    config_file: Path | None,
    socket: Path | None,
    listen: str,
    hosts: tuple[str, ...],
    hotspot: str | None,
    speed: float,
    unplugged: Path | None,
) -> None:
    """Serve until SIGINT or SIGTERM, also while the station is not running."""
    if context.invoked_subcommand is not None:
        return
    for text in filter(None, (listen, hotspot)):
        if not is_listen_address(text):
            sentence = _("{text}: must be an address of this machine and a port, as 127.0.0.1:8080")
            raise CommandError(Exit.CONFIG, sentence.format(text=text))
    from edge.page.address import PortError
    from edge.page.demo import Demo
    from edge.page.server import PageServer

    log_to_stderr()
    daemon = socket if socket is not None else state_folder(config_file) / SOCKET
    try:
        names = frozenset(name.lower() for name in hosts)
        instead = hotspot and f"http://{hotspot}/"
        server = PageServer(listen, daemon, SystemClock(), names, Demo(speed, unplugged), instead)
    except PortError as error:
        remedy = _("Name an address of this machine and a free port with --listen.")
        raise CommandError(Exit.TROUBLE, error.reason, remedy) from None
    say(_("The page: {address}").format(address=server.url))
    server.run()


@page.command(help=_("Set the technician's token, which unlocks the forms of the running station's page."))
@click.option(
    "--ask", is_flag=True, help=_("Prompt for the token instead of generating a random one, which is shown once.")
)
@config_option()
@state_option()
def token(ask: bool, config_file: Path | None, state: Path | None) -> None:
    """Give a new token to the running station, which stores its hash."""
    from edge.control.arguments import LONGEST_TEXT, SHORTEST_TOKEN

    new = asked(_("Token"), hide_input=True, confirmation_prompt=True) if ask else random_token()
    if not SHORTEST_TOKEN <= len(new) <= LONGEST_TEXT:
        sentence = _("A token has {least} to {most} characters; this one has {n}.")
        raise CommandError(Exit.USAGE, sentence.format(least=SHORTEST_TOKEN, most=LONGEST_TEXT, n=len(new)))
    ask_station(config_file, state, "page-token", new=new)
    sentence = (
        _("The page's forms are unlocked with this token.")
        if ask
        else _("The page's forms are unlocked with the token {token}")
    )
    say(sentence.format(token=new))
    say(_("The station keeps no copy of it: if it is lost, set another one."))


def random_token() -> str:
    """Return a token of 59 random bits that is easy to type: three groups of four letters and digits."""
    drawn = [secrets.choice(TYPED) for _ in range(12)]
    return "-".join("".join(drawn[at : at + 4]) for at in (0, 4, 8))
