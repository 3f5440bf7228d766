"""Remote requests to a simulated station: commands by seed, some of them invalid.

The model: a picture, a hello, maintenance for a while; some name what there is not, or what may not be asked from afar;
some have expired, never say when they expire, or are retained, so that the broker hands them over at every connection;
many are sent again under the same id.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

EVERY = 3 * 3600.0  # s between two commands on the average
AGAIN = 2400.0  # s until the same is sent again, on the average
REMOTE = ("picture", "hello", "maintenance")  # what such a station lets be asked from afar
WHAT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("picture", {}),
    ("picture", {}),
    ("picture", {"camera": "mast"}),
    ("picture", {"camera": "nobody"}),
    ("picture", {"zoom": 2}),
    ("hello", {}),
    ("maintenance", {"seconds": 900.0, "text": "the rain gauge is cleaned"}),
    ("maintenance", {"seconds": -1.0}),
    ("accept-ledger", {}),
    ("dance", {}),
)
LASTS: tuple[float | None, ...] = (300.0, 3600.0, 3600.0, 86_400.0, -10.0, None)


@dataclass(frozen=True, slots=True)
class CommandSending:
    """One sending of a command, `at` s since the simulation began; one `id` is one command, however often it is sent.

    `lasts`: s from its first sending until it expires; None: it does not say.
    """

    at: float
    id: str
    name: str
    args: dict[str, Any] = field(default_factory=dict)
    lasts: float | None = 3600.0
    retained: bool = False


def draw_asks(seed: int, length: float) -> tuple[CommandSending, ...]:
    """Return what is asked over `length` seconds, in its order."""
    rng = random.Random(f"asks {seed}")
    asks: list[CommandSending] = []
    at = rng.expovariate(1 / EVERY)
    while at < length:
        name, args = rng.choice(WHAT)
        number, lasts, retained = len(asks), rng.choice(LASTS), rng.random() < 0.1
        again = at
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            asks.append(CommandSending(round(again, 1), f"ask-{seed}-{number}", name, args, lasts, retained))
            again += rng.expovariate(1 / AGAIN)
        at += rng.expovariate(1 / EVERY)
    return tuple(sorted((ask for ask in asks if ask.at < length), key=lambda ask: ask.at))
