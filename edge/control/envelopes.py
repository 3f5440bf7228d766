"""The ways in which a command arrives: over MQTT, and through the local socket.

Each states who asks and puts the outcome into its own form; the registry alone defines the commands.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from drivers.reason import Reason
from edge.control.arguments import CommandRefusedError
from edge.control.commands import Commands, Outcome, Principal, Request
from edge.store.errors import StoreError
from edge.wire.contract import VERSION, Command, Result


def by_mqtt(
    commands: Commands, station: str, remote: tuple[str, ...], post: Callable[[Result], object]
) -> Callable[[Command], None]:
    """Return a function that carries out a platform's commands: `remote`: those allowed; `post` takes the results."""
    platform = Principal("mqtt", "platform", only=frozenset(remote))

    def handle(command: Command) -> None:
        def tell(outcome: Outcome) -> None:
            why = outcome.why
            data = outcome.data if why is None else {**outcome.data, "why": why.builtins()}
            post(Result(VERSION, command.id, station, outcome.state, "" if why is None else str(why), data))

        commands.run(command.name, command.args, Request(command.id, platform, tell))

    return handle


def by_socket(commands: Commands, asked: object, who: Principal, tell: Callable[[Outcome], object]) -> None:
    """Carry out `{"ask": name, ...arguments}` of a local caller; with a `token` as the technician."""
    match asked:
        case {"ask": str() as name, **rest}:
            arguments = {str(key): value for key, value in rest.items()}
            try:
                who = commands.technician(arguments.pop("token")) if "token" in arguments else who
            except (CommandRefusedError, StoreError) as refusal:
                tell(Outcome("failed", refusal.reason))
                return
            commands.run(name, arguments, Request(f"local-{secrets.token_hex(8)}", who, tell))
        case _:
            tell(Outcome("failed", NOT_ASKED))


NOT_ASKED = Reason("nothing_asked", "nothing is asked for")
