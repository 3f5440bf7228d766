"""A hub's real HTTP server over a real database, with people, tokens and records of two stations, and its clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from edge.clock.clock import system_utc
from hub.config import AlarmsSection, HttpSection
from hub.database import schema
from hub.database.accounts import Accounts
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.passwords import hash_password
from hub.random_secrets import digest
from hub.rights import Account, Role
from hub.web.server import Server
from tests.kits.forward_kit import section
from tests.kits.sink_kit import delivery, row

MINE, FOREIGN = "orchard-1", "orchard-2"
PASSWORD = "correct horse battery"
CHANNELS = ("group", "voice")
FORWARDS = (  # the county gets everything, the village what one station measures
    section(name="county", url="https://weather.county.example/records"),
    section(name="village", url="https://village.example/records", stations=[MINE]),
)
HASH = hash_password(PASSWORD)


class Office:
    """One server at `url`, and the database behind it."""

    def __init__(
        self,
        database: str,
        folder: Path,
        http: HttpSection,
        wake: Callable[[], None],
        alarms: AlarmsSection | None = None,
    ) -> None:
        self.database = database
        self.engine = opened(database)
        schema.migrate(self.engine)
        self.accounts = Accounts(self.engine)
        told = alarms, CHANNELS, FORWARDS
        self.server = Server(http, lambda: opened(database), folder, system_utc, wake, *told)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.server.start()

    def keep_minutes(self, *stations: str, count: int = 3) -> None:
        """Keep some minutes of each station."""
        sink = DatabaseSink(opened(self.database))
        for station in stations:
            sink.commit(delivery(*(row(seq, 2.5, station=station) for seq in range(count))))
        sink.close()

    def add(self, role: Role, *stations: str, name: str | None = None) -> str:
        """Keep a person of that role, whose password is PASSWORD. Return the name."""
        name = name or f"{role.value}-{len(self.accounts.listed('user'))}"
        self.accounts.add(Account("user", name, role, frozenset(stations) or None), HASH, system_utc())
        return name

    def token(self, role: Role, *stations: str) -> str:
        """Keep a token. Return its secret."""
        secret = f"secret-{len(self.accounts.listed('token'))}"
        self.accounts.add(Account("token", secret, role, frozenset(stations) or None), digest(secret), system_utc())
        return secret

    def client(self, token: str | None = None, headers: Mapping[str, str] | None = None) -> httpx.Client:
        """Return a client, with a token where one is given; without TLS it needs no certificates."""
        bears = {} if token is None else {"authorization": f"Bearer {token}"}
        return httpx.Client(
            base_url=f"{self.url}/api/v1", headers={**bears, **(headers or {})}, timeout=20, verify=False
        )

    def browser(self, name: str) -> httpx.Client:
        """Return a client that has logged in as a browser does."""
        client = self.client(headers={"origin": self.url})
        client.post("/login", json={"name": name, "password": PASSWORD}).raise_for_status()
        return client

    def close(self) -> None:
        """End the server."""
        self.server.stop()
        self.engine.close()


@contextmanager
def office(
    folder: Path,
    database: str | None = None,
    http: HttpSection | None = None,
    wake: Callable[[], None] = lambda: None,
    alarms: AlarmsSection | None = None,
) -> Iterator[Office]:
    """Give an office, by default with SQLite in the folder; its port is one that was free."""
    url = database or f"sqlite://{folder}/hub.db"
    made = Office(url, folder, http or HttpSection(listen="127.0.0.1:0"), wake, alarms)
    try:
        yield made
    finally:
        made.close()


def browser(shared: Office, token: str | None = None) -> httpx.Client:
    """Return a client that asks as a browser on the hub's own page does; without TLS it needs no certificates."""
    bears = {} if token is None else {"authorization": f"Bearer {token}"}
    return httpx.Client(
        base_url=shared.url, headers={**bears, "origin": shared.url, "accept-language": "en"}, timeout=20, verify=False
    )


@contextmanager
def entered(shared: Office, name: str) -> Iterator[httpx.Client]:
    """Give a browser that has logged in by the form."""
    with browser(shared) as client:
        told = client.post("/login", data={"name": name, "password": PASSWORD, "back": "/completeness"})
        assert (told.status_code, told.headers["location"]) == (303, "/completeness")
        yield client
