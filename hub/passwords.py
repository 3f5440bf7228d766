"""Passwords of people, stored as argon2id hashes.

A hash takes 19 MiB and two passes, OWASP's smallest setting (the library's own takes 64 MiB): one at a time fits a
small office machine.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from hub.database.errors import NOT_INSTALLED, DatabaseRefusedError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

ONE_AT_A_TIME = threading.Lock()
SHORTEST, LONGEST = 10, 200  # characters
NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$5IaVBbl28OCUDrVglXO/+Q$M+hoTPc4WF80nbVespJOBB6sEfJ5JFcB1icDdFu+J3c"


@cache
def hasher() -> PasswordHasher:
    """Return the argon2id hasher. Raise DatabaseRefusedError where argon2 is not installed."""
    try:
        from argon2 import PasswordHasher
    except ImportError:
        raise DatabaseRefusedError(NOT_INSTALLED.having(library="argon2-cffi")) from None
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return the hash to store. Raise DatabaseRefusedError."""
    with ONE_AT_A_TIME:
        return hasher().hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Return whether the password matches; without a stored hash (`kept` None) a refusal takes just as long."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        with ONE_AT_A_TIME:
            hasher().verify(kept or NOBODYS, password)
    except (Argon2Error, InvalidHashError):
        return False
    return kept is not None
