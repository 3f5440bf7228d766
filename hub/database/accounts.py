"""People, tokens, sessions and the audit log in the hub's database.

Passwords are stored as argon2 hashes, tokens and sessions as SHA-256: nobody can log in with what the database holds.
Only expired sessions are deleted, so each name in the audit log still has its account.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from drivers.reason import Reason
from hub.database.engine import Engine
from hub.random_secrets import digest, new_secret
from hub.rights import Account, Role
from hub.sink import SinkError

TABLES = """
CREATE TABLE account (
    kind {text} NOT NULL, name {text} NOT NULL, role {text} NOT NULL, stations {text}, secret {text} NOT NULL,
    made {int} NOT NULL, ended {int},
    PRIMARY KEY (kind, name)
);
CREATE INDEX account_secret ON account (secret) WHERE kind = 'token';
CREATE TABLE session (
    digest {text} NOT NULL PRIMARY KEY, name {text} NOT NULL, made {int} NOT NULL, until {int} NOT NULL
);
CREATE TABLE audit (
    time {int} NOT NULL, number {text} NOT NULL, kind {text} NOT NULL, name {text} NOT NULL, action {text} NOT NULL,
    station {text}, detail {text} NOT NULL,
    PRIMARY KEY (time, number)
);
"""
SESSION_US = 30 * 86_400_000_000  # so that growers log in once a month
AHEAD_US = 86_400_000_000  # a session may begin this late; one begun while the clock was a year ahead ends
MOST_SESSIONS = 20  # of one person; the oldest are ended
PAGE = 200  # lines of the audit in one answer
COLUMNS = "kind, name, role, stations, ended"
Kind = Literal["user", "token"]
UNKNOWN = Reason("account_unknown", 'there is no "{name}"', name="")
LAST_ADMIN = Reason("last_admin", "this is the last administrator of all stations: appoint another one first")


class Audited(msgspec.Struct, frozen=True):
    """One entry of the audit log."""

    time_us: int
    kind: str
    name: str
    action: str
    station: str | None
    detail: str


class AccountError(SinkError):
    """A name that is taken or unknown, or the last administrator's; `reason` says which."""


class Accounts:
    """Stores accounts, sessions and the audit log. `engine`: used from one thread. All methods raise SinkError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, account: Account, secret: str, now: int) -> None:
        """Store a new account; `secret`: the hash of its password or token. Raise AccountError if the name is taken."""
        with self._engine.transaction():
            if self._engine.query("SELECT 1 FROM account WHERE kind = %s AND name = %s", (account.kind, account.name)):
                raise AccountError(Reason("account_taken", '"{name}" exists already', name=account.name))
            self._engine.query(
                "INSERT INTO account (kind, name, role, stations, secret, made) VALUES (%s, %s, %s, %s, %s, %s)",
                (account.kind, account.name, account.role.value, _stations(account), secret, now),
            )

    def change_password(self, name: str, secret: str) -> None:
        """Change a person's password, and end all of their sessions. Raise AccountError where the name is unknown."""
        with self._engine.transaction():
            self._require("user", name)
            self._engine.query("UPDATE account SET secret = %s WHERE kind = 'user' AND name = %s", (secret, name))
            self._engine.query("DELETE FROM session WHERE name = %s", (name,))

    def change_role(self, account: Account) -> None:
        """Change an account's role and stations. Raise AccountError where it is unknown or the last administrator."""
        with self._engine.transaction():
            self._require(account.kind, account.name)
            if not _manages_all(account):
                self._not_the_last(account.kind, account.name)
            self._engine.query(
                "UPDATE account SET role = %s, stations = %s WHERE kind = %s AND name = %s",
                (account.role.value, _stations(account), account.kind, account.name),
            )

    def end(self, kind: Kind, name: str, now: int | None) -> None:
        """Disable an account (`now` None: enable it again). Raise AccountError as `change_role` does."""
        with self._engine.transaction():
            self._require(kind, name)
            if now is not None:
                self._not_the_last(kind, name)
            self._engine.query("UPDATE account SET ended = %s WHERE kind = %s AND name = %s", (now, kind, name))
            if kind == "user":
                self._engine.query("DELETE FROM session WHERE name = %s", (name,))

    def listed(self, kind: Kind) -> list[Account]:
        """Return all accounts of a kind, by name."""
        found = self._engine.query(f"SELECT {COLUMNS} FROM account WHERE kind = %s ORDER BY name", (kind,))
        return [_account(row) for row in found]

    def user(self, name: str) -> tuple[Account, str] | None:
        """Return a person and the hash of the password; None where there is none."""
        found = self._engine.query(f"SELECT {COLUMNS}, secret FROM account WHERE kind = 'user' AND name = %s", (name,))
        return (_account(found[0][:-1]), str(found[0][-1])) if found else None

    def by_token(self, token: str) -> Account | None:
        """Return a token's account; None where it is unknown or revoked."""
        found = self._engine.query(
            f"SELECT {COLUMNS} FROM account WHERE kind = 'token' AND secret = %s AND ended IS NULL", (digest(token),)
        )
        return _account(found[0]) if found else None

    def begin_session(self, name: str, now: int) -> str:
        """Start a session of a person; delete expired ones, and the person's oldest. Return its secret."""
        secret = new_secret()
        with self._engine.transaction():
            self._engine.query("DELETE FROM session WHERE until <= %s", (now,))
            self._engine.query(
                "DELETE FROM session WHERE digest IN "
                f"(SELECT digest FROM session WHERE name = %s ORDER BY made DESC LIMIT {MOST_SESSIONS} "
                f"OFFSET {MOST_SESSIONS - 1})",
                (name,),
            )
            self._engine.query(
                "INSERT INTO session (digest, name, made, until) VALUES (%s, %s, %s, %s)",
                (digest(secret), name, now, now + SESSION_US),
            )
        return secret

    def by_session(self, secret: str, now: int) -> Account | None:
        """Return a session's account; None where it is unknown, expired or disabled."""
        found = self._engine.query(
            "SELECT account.kind, account.name, role, stations, ended FROM session "
            "JOIN account ON account.kind = 'user' AND account.name = session.name "
            "WHERE digest = %s AND until > %s AND session.made <= %s AND ended IS NULL",
            (digest(secret), now, now + AHEAD_US),
        )
        return _account(found[0]) if found else None

    def end_session(self, secret: str) -> None:
        """End a session."""
        self._engine.query("DELETE FROM session WHERE digest = %s", (digest(secret),))

    def note(self, account: Account, action: str, station: str | None, detail: str, now: int) -> None:
        """Add an entry to the audit log."""
        self._engine.query(
            "INSERT INTO audit (time, number, kind, name, action, station, detail) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (now, new_secret()[:16], account.kind, account.name, action, station, detail),
        )

    def audit(self, before_us: int) -> list[Audited]:
        """Return a page of the audit log before an instant, the newest first."""
        found = self._engine.query(
            "SELECT time, kind, name, action, station, detail FROM audit WHERE time < %s "
            f"ORDER BY time DESC, number DESC LIMIT {PAGE}",
            (before_us,),
        )
        return [Audited(*row) for row in found]

    def _require(self, kind: Kind, name: str) -> None:
        if not self._engine.query("SELECT 1 FROM account WHERE kind = %s AND name = %s", (kind, name)):
            raise AccountError(UNKNOWN.having(name=name))

    def _not_the_last(self, kind: str, name: str) -> None:
        """Raise AccountError where no other person manages everything; lock those who do until the transaction ends.

        Of two administrators who disable each other at once, the second waits here and sees the first one's change.
        """
        now = [("user", found.name) for found in self.listed("user") if _manages_all(found)]
        held = self._engine.lookup("account", COLUMNS.split(", "), ("kind", "name"), now, lock=True)
        if kind == "user" and [found.name for found in map(_account, held) if _manages_all(found)] == [name]:
            raise AccountError(LAST_ADMIN)


def _manages_all(account: Account) -> bool:
    return account.role is Role.ADMIN and account.stations is None and not account.ended


def _stations(account: Account) -> str | None:
    return None if account.stations is None else json.dumps(sorted(account.stations))


def _account(row: tuple[Any, ...]) -> Account:
    kind, name, role, stations, ended = row
    mine = None if stations is None else frozenset(json.loads(stations))
    return Account(kind, name, Role(role), mine, ended is not None)
