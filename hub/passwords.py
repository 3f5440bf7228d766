"""Passwords of people as argon2id hashes, secrets of programs and sessions as SHA-256.

A hash takes 19 MiB and two passes, OWASP's smallest setting (the library's own takes 64 MiB): one at a time fits a
small office machine. A random secret of 256 bits needs no slow hash.
"""

from __future__ import annotations

import hashlib
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
ONE_AT_A_TIME = threading.Lock()
SHORTEST, LONGEST = 10, 200  # characters
NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$5IaVBbl28OCUDrVglXO/+Q$M+hoTPc4WF80nbVespJOBB6sEfJ5JFcB1icDdFu+J3c"


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with ONE_AT_A_TIME:
        return HASHER.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Return whether this is the password; where there is none (`kept` None) it takes as long to say no."""
    try:
        with ONE_AT_A_TIME:
            HASHER.verify(kept or NOBODYS, password)
    except (Argon2Error, InvalidHashError):
        return False
    return kept is not None


def new_secret() -> str:
    """Return a random secret of 256 bits, in characters that stand in a header as they are."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
