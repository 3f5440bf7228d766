"""Commands to stations in the hub's database: who requested what, whether it was sent, the station's result."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.wire.contract import Command, Result
from hub.database.engine import Engine
from hub.rights import Account
from hub.station_clocks import vouched_time

TABLES = """
CREATE TABLE command (
    id {text} NOT NULL PRIMARY KEY, station {text} NOT NULL, name {text} NOT NULL, arguments {text} NOT NULL,
    asked_by {text} NOT NULL, asked {int} NOT NULL, expires {int} NOT NULL, sent {int}, nobody {int},
    state {text}, result {text}, answered {int}
);
CREATE INDEX command_unsent ON command (expires) WHERE sent IS NULL;
"""
COLUMNS = "id, station, name, arguments, asked_by, asked, expires, sent, nobody, state, result, answered"
KEPT_US = 90 * 86_400_000_000
ASKED_AGAIN_US = 7 * 86_400_000_000  # as long as the broker stores a station's messages to a hub that is offline


class CommandOrder(msgspec.Struct, frozen=True):
    """One command. `sent_us`: when the broker acknowledged it; `nobody`: no station was subscribed then.

    `state`: the station's answer, "accepted", "done" or "failed", with its data in `result`; None before it answers.
    """

    id: str
    station: str
    name: str
    arguments: dict[str, Any]
    asked_by: str
    asked_us: int
    expires_us: int
    sent_us: int | None = None
    nobody: bool = False
    state: str | None = None
    result: object = None
    answered_us: int | None = None


class Orders:
    """Stores commands. `engine`: used from one thread. All methods raise SinkError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, station: str, command: Command, caller: Account, now: int) -> CommandOrder:
        """Store a new command, to be sent; delete those older than KEPT_US (the audit log still has them)."""
        vouched = vouched_time(self._engine, now)
        if vouched is not None:
            self._engine.query("DELETE FROM command WHERE asked < %s", (vouched - KEPT_US,))
        arguments = msgspec.json.encode(command.args).decode()
        who = f"{caller.kind} {caller.name}"
        self._engine.query(
            "INSERT INTO command (id, station, name, arguments, asked_by, asked, expires) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (command.id, station, command.name, arguments, who, now, command.expires),
        )
        return CommandOrder(command.id, station, command.name, command.args, who, now, command.expires or 0)

    def unsent(self, now: int) -> list[CommandOrder]:
        """Return the commands that are not sent and not expired, at most 100."""
        found = self._engine.query(
            f"SELECT {COLUMNS} FROM command WHERE sent IS NULL AND expires > %s ORDER BY asked, id LIMIT 100", (now,)
        )
        return [_order(row) for row in found]

    def unanswered(self, now: int) -> list[CommandOrder]:
        """Return the commands of the last week that were sent and have no final result, at most 100."""
        found = self._engine.query(
            f"SELECT {COLUMNS} FROM command WHERE asked > %s AND sent IS NOT NULL "
            "AND (state IS NULL OR state = 'accepted') ORDER BY asked, id LIMIT 100",
            (now - ASKED_AGAIN_US,),
        )
        return [_order(row) for row in found]

    def sent(self, name: str, now: int, nobody: bool) -> None:
        """Note when the broker first acknowledged a command, and whether no station was subscribed then."""
        query = "UPDATE command SET sent = %s, nobody = %s WHERE id = %s AND sent IS NULL"
        self._engine.query(query, (now, int(nobody), name))

    def answered(self, result: Result, now: int) -> None:
        """Store a station's result for a command of ours, unless a final one is stored."""
        self._engine.query(
            "UPDATE command SET state = %s, result = %s, answered = %s WHERE id = %s AND station = %s "
            "AND (state IS NULL OR state = 'accepted')",
            (result.state, msgspec.json.encode(result.data).decode(), now, result.id, result.station),
        )

    def order(self, name: str) -> CommandOrder | None:
        """Return one command; None where it does not exist."""
        found = self._engine.query(f"SELECT {COLUMNS} FROM command WHERE id = %s", (name,))
        return _order(found[0]) if found else None


def _order(row: tuple[Any, ...]) -> CommandOrder:
    name, station, kind, arguments, who, asked, expires, sent, nobody, state, result, answered = row
    told = None if result is None else msgspec.json.decode(result)
    given = msgspec.json.decode(arguments)
    return CommandOrder(name, station, kind, given, who, asked, expires, sent, bool(nobody), state, told, answered)
