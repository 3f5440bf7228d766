"""The ways in which a command arrives: over MQTT, through the local socket, by HTTP.

Each says who asks and puts the outcome into its own form; what may be asked and how is the registry's alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from drivers.reason import UNFORESEEN, Reason
from edge.control.arguments import CommandRefusedError
from edge.control.commands import Commands, Outcome, Permission, Principal, Request
from edge.store.errors import StoreError
from edge.wire.contract import VERSION, Command, Result

# What a reason is as an HTTP status (RFC 9110); of a command that is right and cannot be done now: 409.
STATUS = {
    "unknown_command": 404,
    "no_such_picture": 404,
    "unknown_argument": 400,
    "missing_argument": 400,
    "wrong_argument": 400,
    "not_json": 400,
    "forbidden": 403,
    "not_asked_remotely": 403,
    "unforeseen": 500,
}
CONFLICT = 409


def by_mqtt(
    commands: Commands, station: str, remote: tuple[str, ...], post: Callable[[Result], object]
) -> Callable[[Command], None]:
    """Return what carries out a platform's command: `remote` lists what it may ask, `post` hears of the results."""
    platform = Principal("mqtt", "platform", only=frozenset(remote))

    def handle(command: Command) -> None:
        def tell(outcome: Outcome) -> None:
            why = outcome.why
            data = outcome.data if why is None else {**outcome.data, "why": why.builtins()}
            post(Result(VERSION, command.id, station, outcome.state, "" if why is None else str(why), data))

        commands.run(command.name, command.args, Request(command.id, platform, tell))

    return handle


def by_socket(commands: Commands, asked: object, who: Principal, tell: Callable[[Outcome], object]) -> None:
    """Carry out `{"ask": name, ...arguments}` of a local caller; with a `token` in the technician's name."""
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


def by_http(commands: Commands, request: Mapping[str, Any], who: Principal) -> dict[str, Any]:
    """Return the answer to an HTTP request for a command: {"status", "body", "content"?}.

    `request`: `method`, `name` (the last part of the path), `body` (the arguments' JSON, bytes). What only reads
    may be asked by GET as well. 202: it was accepted, and the end is not known yet.
    """
    name = str(request.get("name", ""))
    method = str(request.get("method", "")).upper()
    if method != "POST" and not (method == "GET" and commands.needs(name) in (Permission.READ, None)):
        return {"status": 405, "body": {"error": Reason("wrong_method", "use POST for this").builtins()}}
    try:
        arguments = msgspec.json.decode(request.get("body") or b"{}", type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {"status": 400, "body": {"error": NOT_JSON.builtins()}}
    told: list[Outcome] = []
    commands.run(name, arguments, Request(f"http-{secrets.token_hex(8)}", who, told.append))
    outcome = told[-1]
    if outcome.state == "failed":
        why = outcome.why or UNFORESEEN
        return {"status": STATUS.get(why.code, CONFLICT), "body": {"error": why.builtins()}}
    answer: dict[str, Any] = {"status": 202 if outcome.state == "accepted" else 200, "body": outcome.data}
    return answer if outcome.content is None else {**answer, "content": outcome.content}


NOT_JSON = Reason("not_json", "the arguments are not JSON")
NOT_ASKED = Reason("nothing_asked", "nothing is asked for")
