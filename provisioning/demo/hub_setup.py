"""The set-up of a demo's hub, as a separate process: its modules would otherwise stay in the demo's memory.

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
    """The file to write, its values, and the administrator's password; None: nobody can log in.

    `names`: station -> its title.
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
    """Write a hub's file, create its database and the administrator's account, in the separate process.

    Raise CommandError, and RuntimeError with the process's stderr where it fails otherwise.
    """
    command = [sys.executable, "-m", "provisioning.demo.hub_setup"]
    # In its own session, so that Ctrl-C goes to the demo alone, which then ends it silently.
    ran = subprocess.run(
        command, input=msgspec.json.encode(facts), capture_output=True, start_new_session=True, check=False
    )
    if ran.stdout:
        why = msgspec.json.decode(ran.stdout, type=Refusal)
        raise CommandError(Exit(why.code), why.sentence, why.remedy)
    if ran.returncode:
        raise RuntimeError(f"the hub's set-up ended with {ran.returncode}: {ran.stderr.decode(errors='replace')}")


def main() -> None:
    """Set up the hub by the facts on the standard input."""
    speak(language(os.environ))
    facts = msgspec.json.decode(sys.stdin.buffer.read(), type=HubFacts)
    try:
        set_up(facts)
    except CommandError as error:
        sys.stdout.buffer.write(msgspec.json.encode(Refusal(error.code, error.sentence, error.remedy)))
        sys.exit(error.code)


def set_up(facts: HubFacts) -> None:
    """Write the file, create the tables and the account. Raise CommandError."""
    import tomlkit

    from provisioning.commands.hub_file import make, written

    given = {"broker": facts.broker, "database": facts.database, "pictures": facts.pictures, "http": facts.http}
    unused = dict.fromkeys(("broker_password_file", "ca_file", "database_password_file"))
    named = {"alarms": {"names": facts.names}}
    make(Path(facts.config), f"{written(unused | given)}\n{tomlkit.dumps(named)}")
    if facts.password is not None:
        set_password(facts.database, facts.password)


def set_password(database: str, password: str) -> None:
    """Set the administrator's password: a new one at each start, as nobody noted the last one."""
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
