"""People, tokens, sessions and the audit log in the hub's database.

Of a password its argon2 hash is kept, of a token and of a session its SHA-256: what is read out of the database opens
nothing. Nothing is deleted but sessions that are over: a name in the audit stays somebody's.
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
SESSION_US = 30 * 86_400_000_000  # a grower logs in once a month
AHEAD_US = 86_400_000_000  # by which a session may begin later: that of a clock that was set back lasts no year
MOST_SESSIONS = 20  # of one person; the oldest ends
PAGE = 200  # lines of the audit in one answer
COLUMNS = "kind, name, role, stations, ended"
Kind = Literal["user", "token"]
UNKNOWN = Reason("account_unknown", 'there is no "{name}"', name="")
LAST_ADMIN = Reason("last_admin", "this is the last administrator of all stations: appoint another one first")


class Audited(msgspec.Struct, frozen=True):
    """One thing that somebody did."""

    time_us: int
    kind: str
    name: str
    action: str
    station: str | None
    detail: str


class AccountError(SinkError):
    """A name that is taken, or that nobody has, or the last administrator's; `reason` says which."""


class Accounts:
    """Keeps who may do what. `engine`: used from one thread. All methods raise SinkError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, account: Account, secret: str, now: int) -> None:
        """Keep a new account; `secret`: the hash of its password or token. Raise AccountError where there is one."""
        with self._engine.transaction():
            if self._engine.query("SELECT 1 FROM account WHERE kind = %s AND name = %s", (account.kind, account.name)):
                raise AccountError(Reason("account_taken", '"{name}" exists already', name=account.name))
            self._engine.query(
                "INSERT INTO account (kind, name, role, stations, secret, made) VALUES (%s, %s, %s, %s, %s, %s)",
                (account.kind, account.name, account.role.value, _stations(account), secret, now),
            )

    def change_password(self, name: str, secret: str) -> None:
        """Keep another password of a person, and end all of their sessions. Raise AccountError where nobody is."""
        with self._engine.transaction():
            self._known("user", name)
            self._engine.query("UPDATE account SET secret = %s WHERE kind = 'user' AND name = %s", (secret, name))
            self._engine.query("DELETE FROM session WHERE name = %s", (name,))

    def change_role(self, account: Account) -> None:
        """Keep another role and other stations of an account. Raise AccountError: none is there, or it must stay."""
        with self._engine.transaction():
            self._known(account.kind, account.name)
            if not _manages_all(account):
                self._not_the_last(account.kind, account.name)
            self._engine.query(
                "UPDATE account SET role = %s, stations = %s WHERE kind = %s AND name = %s",
                (account.role.value, _stations(account), account.kind, account.name),
            )

    def end(self, kind: Kind, name: str, now: int | None) -> None:
        """Let an account do nothing any more (`now` None: let it again). Raise AccountError as `change_role` does."""
        with self._engine.transaction():
            self._known(kind, name)
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
        """Return a person and what is kept of the password; None where there is none."""
        found = self._engine.query(f"SELECT {COLUMNS}, secret FROM account WHERE kind = 'user' AND name = %s", (name,))
        return (_account(found[0][:-1]), str(found[0][-1])) if found else None

    def by_token(self, token: str) -> Account | None:
        """Return whose token this is; None where it is nobody's, or was revoked."""
        found = self._engine.query(
            f"SELECT {COLUMNS} FROM account WHERE kind = 'token' AND secret = %s AND ended IS NULL", (digest(token),)
        )
        return _account(found[0]) if found else None

    def begin_session(self, name: str, now: int) -> str:
        """Return the secret of a new session of a person; sessions that are over, and the oldest of many, end."""
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
        """Return whose session this is; None where it is over or nobody's."""
        found = self._engine.query(
            "SELECT account.kind, account.name, role, stations, ended FROM session "
            "JOIN account ON account.kind = 'user' AND account.name = session.name "
            "WHERE digest = %s AND until > %s AND session.made <= %s AND ended IS NULL",
            (digest(secret), now, now + AHEAD_US),
        )
        return _account(found[0]) if found else None

    def end_session(self, secret: str) -> None:
        """Log out."""
        self._engine.query("DELETE FROM session WHERE digest = %s", (digest(secret),))

    def note(self, account: Account, action: str, station: str | None, detail: str, now: int) -> None:
        """Write down what somebody did."""
        self._engine.query(
            "INSERT INTO audit (time, number, kind, name, action, station, detail) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (now, new_secret()[:16], account.kind, account.name, action, station, detail),
        )

    def audit(self, before_us: int) -> list[Audited]:
        """Return what was done before an instant, the newest first, a page of it."""
        found = self._engine.query(
            "SELECT time, kind, name, action, station, detail FROM audit WHERE time < %s "
            f"ORDER BY time DESC, number DESC LIMIT {PAGE}",
            (before_us,),
        )
        return [Audited(*row) for row in found]

    def _known(self, kind: Kind, name: str) -> None:
        if not self._engine.query("SELECT 1 FROM account WHERE kind = %s AND name = %s", (kind, name)):
            raise AccountError(UNKNOWN.having(name=name))

    def _not_the_last(self, kind: str, name: str) -> None:
        """Raise AccountError where no other person manages everything; none is changed until the transaction ends.

        Two who disable each other at once wait here for one another, and the second sees what the first has done.
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
