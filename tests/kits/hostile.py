"""Messages as somebody hostile or broken would make them: true ones with one or more things changed."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec

from edge.wire.contract import ZSTD_MAGIC, encode

DEEP = "\u0001deep\u0001"  # stands for brackets that no encoder would write
NUMBERS = (
    *(10**30, -(10**30), 2**63, 2**63 - 1, -(2**63), 2**53, -1, 0, 1, 65_536, 0.5, 1e300, -1e300, 5e-324),
    *(253_402_300_800_000_000, -62_135_596_800_000_001, float("nan"), float("inf")),
)
TEXTS = (
    *("", "\x00", "a\x00b", "\ud800", "../../etc/passwd", "+", "#", "$SYS/#", "x" * 70_000, "\n", "\u202e"),
    *("9999-12-31", "0000-00-00", "NaN", DEEP),
)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"": {}}, [None] * 9000, {str(n): n for n in range(300)})


class Mutations:
    """From a seed: the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def of(self, message: Any) -> bytes:
        """Return the payload of a message with something changed."""
        draw = self._random
        plain = message if isinstance(message, dict) else json.loads(encode(message))
        for _ in range(draw.choice((1, 1, 1, 2, 5))):
            plain = self._changed(plain)
        raw = json.dumps(plain).encode().replace(json.dumps(DEEP).encode(), b"[" * 100_000)
        kind = draw.random()
        if kind < 0.1:
            return self._torn(raw)
        if kind < 0.2:
            return self._torn(compressed(raw))
        if kind < 0.203:
            return raw + b" " * 10_000_000
        if kind < 0.206:
            return encode("x" * 10_000_000, compress=True)
        if kind < 0.21:
            return ZSTD_MAGIC + draw.randbytes(200)
        return raw

    def _changed(self, value: Any) -> Any:
        """Return the value with one thing in it changed, at whatever depth."""
        draw = self._random
        if isinstance(value, dict) and value and draw.random() < 0.85:
            key = draw.choice(list(value))
            kind = draw.random()
            if kind < 0.08:
                return {k: v for k, v in value.items() if k != key}
            if kind < 0.12:
                return {**value, draw.choice(TEXTS): self._nasty()}
            return {**value, key: self._changed(value[key])}
        if isinstance(value, list) and value and draw.random() < 0.8:
            place = draw.randrange(len(value))
            changed = [*value[:place], self._changed(value[place]), *value[place + 1 :]]
            return changed * 3000 if draw.random() < 0.004 else changed
        return self._nasty()

    def _nasty(self) -> Any:
        draw = self._random
        kind = draw.random()
        if kind < 0.45:
            return draw.choice(NUMBERS)
        if kind < 0.75:
            return draw.choice(TEXTS)
        return draw.choice(OTHERS)

    def _torn(self, raw: bytes) -> bytes:
        """Cut short, or with some bytes of it others."""
        draw = self._random
        torn = bytearray(raw[: draw.randrange(len(raw) + 1)] if draw.random() < 0.5 else raw)
        for _ in range(draw.randrange(4) if torn else 0):
            torn[draw.randrange(len(torn))] = draw.randrange(256)
        return bytes(torn)


def compressed(raw: bytes) -> bytes:
    """Return the same, compressed."""
    return encode(msgspec.Raw(raw), compress=True)
