"""A simulated Modbus sensor: the registers of one profile, answered with frames built by its own code.

It parses the profile's file and computes the CRC with its own code, so that a fault of the driver shows.
"""

from __future__ import annotations

import math
import struct
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from drivers.twins.twin import Fault
from drivers.twins.wires import corrupt

if TYPE_CHECKING:
    from drivers.clock import Clock

PROFILES = Path(__file__).parent.parent / "devices" / "profiles"
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2
QUICK, USUAL = 0.005, 0.030  # s from request to answer of common sensors
TOO_LATE = 1.5  # s, beyond any driver's patience
SHORTEST = 8  # bytes of the shortest request
SAY_NOTHING = (Fault.SILENT, Fault.UNPLUGGED)

# Speeds in m/s from which the Beaufort forces 1 to 12 begin.
FORCES = (0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7)


class ModbusDeviceTwin:
    """A Modbus RTU server with the registers of its settings' profile.

    Until set otherwise, it measures the middle of each datasheet range, and no rain. The register of a quantity that
    was not ordered exists and reads 0, as on real devices.
    """

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        self.address: int = settings.address
        self._clock = clock
        self._rng = Random(seed)
        self._fault: Fault | None = None
        self.before_telling: Callable[[], None] = lambda: None
        named = settings.profile
        path = Path(named) if named.endswith(".toml") else PROFILES / f"{named}.toml"
        self._profile: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        self._function: int = settings.function or self._profile.get("function", 3)
        self._speed_scale: float | None = settings.speed_scale
        self._words: dict[tuple[int, int], int] = {}
        self._stuck: dict[tuple[int, int], int] | None = None
        self._checks: list[dict[str, Any]] = self._profile.get("checks", [])
        self._entries = {entry["quantity"]: entry for entry in self._profile["registers"]}
        self._lay_out(settings.fitted)

    def set(self, quantity: str, value: float) -> None:
        """Set what it measures from now on; `rainfall_amount` is the total in mm since the start."""
        entry = self._entries.get(quantity)
        if entry is None:
            return
        scale = entry.get("scale", 1.0)
        if quantity == "wind_speed" and self._speed_scale:
            scale = self._speed_scale
        counts = (value - entry.get("offset", 0.0)) / scale
        span = 65536 ** entry.get("words", 1)
        if entry.get("wraps_at") is not None:
            counts = math.floor(counts + 1e-6) % span  # whole tips, wrapping
        elif entry.get("signed"):
            counts = min(max(round(counts), -span // 2), span // 2 - 1) % span
        else:
            counts = min(max(round(counts), 0), span - 1)
        self._put(entry, int(counts))
        for check in self._checks:
            if check["quantity"] == quantity:
                self._words[self._function, check["register"]] = _beside(check["kind"], value)

    def misbehave(self, fault: Fault | None) -> None:
        """Misbehave from now on, or behave again (None)."""
        self.before_telling()
        self._fault = fault
        self._stuck = dict(self._words) if fault is Fault.STUCK else None

    def delay(self) -> float:
        """Return the seconds from the request's end to the answer's first byte."""
        usual = self._rng.uniform(QUICK, USUAL)
        return TOO_LATE if self._fault is Fault.SLOW else usual

    def answer(self, request: bytes) -> bytes | None:
        """Return the answer to a request addressed to it, CRC included; None for silence."""
        self.before_telling()
        if self._fault in SAY_NOTHING or len(request) < SHORTEST or not checks(request):
            return None
        body = self._body(request[1], request[2:-2])
        sender = request[0]
        if self._fault is Fault.OTHER_ADDRESS:
            sender = sender % 247 + 1
        frame = sealed(bytes([sender]) + body)
        if self._fault is Fault.NOISE:
            return corrupt(frame, self._rng)
        return frame[: self._rng.randrange(1, len(frame))] if self._fault is Fault.SHORT else frame

    def _body(self, function: int, fields: bytes) -> bytes:
        """Return the answer's function and data."""
        first, number = struct.unpack(">HH", fields[:4])
        if function in (3, 4):
            return self._registers(function, first, number)
        if function == 6:
            return self._written(function, first, number, fields)
        if function == 16 and number == 1 and len(fields) == 7:
            return self._written(function, first, int.from_bytes(fields[5:], "big"), fields[:4])
        return bytes([function | 0x80, ILLEGAL_FUNCTION])

    def _registers(self, function: int, first: int, count: int) -> bytes:
        words = self._words if self._stuck is None else self._stuck
        if (function, first) not in words:
            last = max((register for code, register in words if code == function), default=None)
            if last is None:
                return bytes([function | 0x80, ILLEGAL_FUNCTION])
            if first > last:
                return bytes([function | 0x80, ILLEGAL_ADDRESS])
        if not 1 <= count <= 125:
            return bytes([function | 0x80, ILLEGAL_ADDRESS])
        values = [words.get((function, first + at), 0) for at in range(count)]
        return struct.pack(f">BB{count}H", function, 2 * count, *values)

    def _written(self, function: int, register: int, value: int, acknowledged: bytes) -> bytes:
        addressing = self._profile.get("addressing", {})
        if register != addressing.get("address_register"):
            return bytes([function | 0x80, ILLEGAL_ADDRESS])
        if function != addressing.get("function", 6):
            return bytes([function | 0x80, ILLEGAL_FUNCTION])
        self._words[self._function, register] = self.address = value
        return bytes([function]) + acknowledged

    def _lay_out(self, ordered: tuple[str, ...]) -> None:
        """Set the registers' words at the start."""
        for quantity, entry in self._entries.items():
            there = not entry.get("optional") or quantity in ordered
            if there and entry.get("wraps_at") is None:
                self.set(quantity, (entry["low"] + entry["high"]) / 2)
            else:
                self._put(entry, 0)
        identity = self._profile.get("identity", {"register": 0, "words": []})
        for at, word in enumerate(identity["words"]):
            self._words[self._function, identity["register"] + at] = word
        addressing = self._profile.get("addressing", {})
        if "address_register" in addressing:
            self._words[self._function, addressing["address_register"]] = self.address

    def _put(self, entry: dict[str, Any], counts: int) -> None:
        function, first = entry.get("function", self._function), entry["register"]
        if entry.get("words", 1) == 1:
            self._words[function, first] = counts
            return
        halves = (counts >> 16, counts & 0xFFFF)
        first_half, second_half = halves if entry.get("order", "big") == "big" else halves[::-1]
        self._words[function, first], self._words[function, first + 1] = first_half, second_half


def _beside(kind: str, value: float) -> int:
    """Return the value of a quantity's check register: Beaufort force, or the octant clockwise from north."""
    if kind == "force":
        return sum(value >= start for start in FORCES)
    return round(value / 45) % 8


def checks(frame: bytes) -> bool:
    """Return whether a frame ends in the CRC of its other bytes."""
    return sealed(frame[:-2]) == frame


def _shifted(crc: int) -> int:
    """Return a CRC-16 after shifting out eight of its bits (polynomial 0xA001)."""
    for _ in range(8):
        crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


SHIFTED = tuple(_shifted(octet) for octet in range(256))


@lru_cache(1024)  # requests repeat, and so do many answers
def sealed(body: bytes) -> bytes:
    """Return a frame: the bytes and their CRC-16 (start 0xffff, low byte first)."""
    crc = 0xFFFF
    for octet in body:
        crc = crc >> 8 ^ SHIFTED[(crc ^ octet) & 0xFF]
    return body + crc.to_bytes(2, "little")
