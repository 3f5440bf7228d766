"""Secrets of programs and sessions: 256 random bits, stored as SHA-256. They need no slow hash."""

from __future__ import annotations

import hashlib
import secrets


def new_secret() -> str:
    """Return a random secret of 256 bits, in characters that stand in a header as they are."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
