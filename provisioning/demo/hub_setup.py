"""The set-up of a demo's hub, as a process of its own: what it loads would stay in the demo's memory otherwise.

`python -m provisioning.demo.hub_setup` reads `HubFacts` as JSON from its standard input. It ends with 0, or with the
code of a CommandError, which it prints as JSON (`Refusal`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec

from edge.language.texts import language, speak
from provisioning.commands.exits import CommandError, Exit

ADMIN = "admin"


class HubFacts(msgspec.Struct):
    """The file to write, what stands in it, and the administrator's password; None: nobody can log in.

    `names`: what people call each station.
    """

    config: str
    broker: str
    database: str
    pictures: str
    http: str | None
    names: dict[str, str]
    password: str | None


class Refusal(msgspec.Struct):
    """A CommandError."""

    code: int
    sentence: str
    remedy: str


def prepared(facts: HubFacts) -> None:
    """Write a hub's file, make its database and let the administrator in.

    Raise CommandError, and RuntimeError with what the process printed where it ends otherwise.
    """
    command = [sys.executable, "-m", "provisioning.demo.hub_setup"]
    # Of a session of its own: Ctrl-C is for the demo, which then ends it without a word of its own.
    ran = subprocess.run(
        command, input=msgspec.json.encode(facts), capture_output=True, start_new_session=True, check=False
    )
    if ran.stdout:
        why = msgspec.json.decode(ran.stdout, type=Refusal)
        raise CommandError(Exit(why.code), why.sentence, why.remedy)
    if ran.returncode:
        raise RuntimeError(f"the hub's set-up ended with {ran.returncode}: {ran.stderr.decode(errors='replace')}")


def main() -> None:
    """Do what the facts on the standard input say."""
    speak(language(os.environ))
    facts = msgspec.json.decode(sys.stdin.buffer.read(), type=HubFacts)
    try:
        set_up(facts)
    except CommandError as error:
        sys.stdout.buffer.write(msgspec.json.encode(Refusal(error.code, error.sentence, error.remedy)))
        sys.exit(error.code)


def set_up(facts: HubFacts) -> None:
    """Write the file, make the tables, keep the password. Raise CommandError."""
    import tomlkit

    from provisioning.commands.hub_file import make, written

    given = {"broker": facts.broker, "database": facts.database, "pictures": facts.pictures, "http": facts.http}
    unused = dict.fromkeys(("broker_password_file", "ca_file", "database_password_file"))
    named = {"alarms": {"names": facts.names}}
    make(Path(facts.config), f"{written(unused | given)}\n{tomlkit.dumps(named)}")
    if facts.password is not None:
        let_in(facts.database, facts.password)


def let_in(database: str, password: str) -> None:
    """Give the first administrator this password: another at each start, for nobody wrote the last one down."""
    from hub.database.accounts import Accounts
    from hub.database.engine import opened
    from hub.passwords import hash_password
    from hub.rights import Account, Role

    with closing(opened(database, make=False)) as engine:
        known = Accounts(engine)
        if known.user(ADMIN) is None:
            known.add(Account("user", ADMIN, Role.ADMIN, None), hash_password(password), 0)
        else:
            known.change_password(ADMIN, hash_password(password))


if __name__ == "__main__":
    main()
