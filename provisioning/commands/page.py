"""`minshan page`: the station's page for phones, as a process of its own that asks the running station."""

from __future__ import annotations

import re
from pathlib import Path

import click

from edge.clock.clock import SystemClock
from edge.language import texts
from edge.language.texts import _
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import config_option, state_folder
from provisioning.commands.run import log_to_stderr
from provisioning.commands.status import SOCKET
from provisioning.folding import say

LISTEN = re.compile(r"(\[[0-9a-fA-F:]+\]|[0-9.]+|localhost):\d{1,5}")


@click.command(help=_("Serve the station's page, for the browser of a phone, until it is told to stop (Ctrl-C)."))
@config_option()
@click.option(
    "--socket",
    type=click.Path(path_type=Path),
    metavar=_("FILE"),
    help=_("The running station's socket, in place of --config."),
)
@click.option(
    "--listen",
    default="127.0.0.1:8080",
    show_default=True,
    metavar=_("ADDRESS:PORT"),
    help=_("Where the page is reached."),
)
@click.option("--host", "hosts", multiple=True, help=_("A name under which people reach it, beside its address."))
@click.option("--speed", type=float, default=1.0, hidden=True)  # these two are a demo's
@click.option("--unplugged", type=click.Path(path_type=Path), hidden=True)
def page(
    config_file: Path | None,
    socket: Path | None,
    listen: str,
    hosts: tuple[str, ...],
    speed: float,
    unplugged: Path | None,
) -> None:
    """Serve until SIGINT or SIGTERM; a station that is not running is waited for."""
    if not LISTEN.fullmatch(listen):
        raise CommandError(Exit.CONFIG, _("“{text}” is no address to listen on: 127.0.0.1:8080").format(text=listen))
    from edge.page.demo import Demo
    from edge.page.server import PageServer, PortError

    log_to_stderr()
    daemon = socket if socket is not None else state_folder(config_file) / SOCKET
    try:
        names = frozenset(name.lower() for name in hosts)
        server = PageServer(listen, daemon, SystemClock(), names, Demo(speed, unplugged))
    except PortError as error:
        raise CommandError(Exit.TROUBLE, texts.render(error.reason)) from None
    say(_("The page: {address}").format(address=server.url))
    server.run()
