"""A captured day computed straight from its file: no code of the station, only what its lines say.

A minute is [m, m + 60 s) of the receive time (UTC+8), lines with a good checksum only. Temperature, humidity,
pressure, ambient PM and wind speed are arithmetic means of L, M, N, the PM fields and D, direction the unit-vector
mean of B (0 where the mean speed is 0.0), rain the rise of G. A line each 3 s is the station's pace, so a mean needs
14 good lines and wind 15.
"""

from __future__ import annotations

import gzip
import math
import random
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

LINE = re.compile(
    rb"A(\d{4})B(\d{3})C(\d{4})D(\d{4})E(\d{4})F(\d{4})G(\d{4})H(\d{4})I(\d{4})J(\d{4})K(\d{4})L(-?\d{3,4})M(\d{3})N(\d{5})"
    rb"(?:,(\d{3}),(\d{3}),(\d{3}),(\d{3}),(\d{3}),(\d{3}),)?\*([0-9A-F]{2})"
)
DECIMALS = {"air_temperature": 2, "relative_humidity": 1, "air_pressure": 1, "wind_speed": 1}
DECIMALS |= {"pm1": 1, "pm2p5": 1, "pm10": 1}


@dataclass
class Minute:
    """What one minute of the file comes to."""

    lines: int = 0
    samples: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rain: float = 0.0

    def values(self, long_form: bool) -> dict[str, float | None]:
        """Map channel to its value at its resolution, None where there are too few lines."""
        found: dict[str, float | None] = {}
        for name, decimals in DECIMALS.items():
            if name.startswith("pm") and not long_form:
                continue
            needed = 15 if name == "wind_speed" else 14
            samples = self.samples[name]
            found[name] = round(math.fsum(samples) / len(samples), decimals) if len(samples) >= needed else None
        found["wind_from_direction"] = self._direction(found["wind_speed"])
        found["rainfall_amount"] = round(self.rain, 2) if self.lines else None
        return found

    def _direction(self, speed: float | None) -> float | None:
        degrees = self.samples["wind_from_direction"]
        if len(degrees) < 15:
            return None
        if speed == 0.0:
            return 0.0
        x = sum(math.cos(math.radians(d)) for d in degrees) / len(degrees)
        y = sum(math.sin(math.radians(d)) for d in degrees) / len(degrees)
        if math.hypot(x, y) < 1e-3:
            return None
        return float(round(math.degrees(math.atan2(y, x)) % 360) % 360 or 360)


@dataclass
class Day:
    """A capture: its minutes by their UTC beginning, and how many lines it has, good and bad."""

    minutes: dict[datetime, Minute]
    lines: int
    refused: int
    long_form: bool


def read_day(path: Path, mm_per_tip: float = 0.33) -> Day:
    """Compute a day from its file."""
    minutes: dict[datetime, Minute] = {}
    refused = 0
    tips: int | None = None
    long_form = False
    data = path.read_bytes()
    raw = (gzip.decompress(data) if path.suffix == ".gz" else data).split(b"\n")[:-1]
    for line in raw:
        received, found = _received(line), LINE.fullmatch(line[20:].rstrip(b"\r"))
        if received is None or found is None or not _sum_is_good(line[20:].rstrip(b"\r"), found):
            refused += 1
            continue
        minute = minutes.setdefault(received.replace(second=0), Minute())
        minute.lines += 1
        long_form = long_form or found[15] is not None
        _add(minute, found)
        count = int(found[7])
        if tips is not None and count >= tips:
            minute.rain += (count - tips) * mm_per_tip
        tips = count
    first, last = min(minutes), max(minutes)
    while first < last:
        minutes.setdefault(first, Minute())
        first += timedelta(minutes=1)
    return Day(dict(sorted(minutes.items())), len(raw), refused, long_form)


def _received(line: bytes) -> datetime | None:
    try:
        return datetime.fromisoformat(line[:19].decode("ascii") + "+08:00")
    except ValueError:
        return None


def _sum_is_good(text: bytes, found: re.Match[bytes]) -> bool:
    total = 0x1A if found[15] is not None else 0x18
    for byte in text[: text.index(b"*")]:
        total ^= byte
    return total == int(found[21], 16)


def _add(minute: Minute, found: re.Match[bytes]) -> None:
    samples = minute.samples
    samples["wind_from_direction"].append(int(found[2]))
    samples["wind_speed"].append(int(found[4]) / 10)
    samples["air_temperature"].append(int(found[12]) / 10)
    samples["relative_humidity"].append(int(found[13]) / 10)
    samples["air_pressure"].append(int(found[14]) / 10)
    if found[15] is not None:
        for name, group in (("pm1", 18), ("pm2p5", 19), ("pm10", 20)):
            samples[name].append(float(found[group]))


def written_day(minutes: int, seed: int) -> bytes:
    """Return a capture as the station prints it, 2 to 12 s a line: rain, calm, damaged lines, poor minutes."""
    rng = random.Random(seed)
    lines, tips, second = [], 900, 0.0
    while second < minutes * 60:
        minute = int(second // 60)
        tips += rng.random() < 0.15
        line = _written_line(rng, tips, calm=minute % 9 == 0)
        if rng.random() < 0.03:
            line = line[:20] + bytes([line[20] ^ 1 << rng.randrange(7)]) + line[21:]
        stamp = f"2024-05-01T06:{minute:02}:{int(second) % 60:02} "
        lines.append(stamp.encode() + line.replace(b"\n", b"?"))
        second += rng.uniform(2, 4) if minute % 7 else rng.uniform(2, 12)
    return b"\n".join(lines) + b"\n"


def _written_line(rng: random.Random, tips: int, calm: bool) -> bytes:
    speed = 0 if calm else rng.randrange(40)
    wind = f"A{rng.randrange(4096):04}B{rng.choice((0, 23, 45, 68, 338)):03}C0000D{speed:04}E0000F0000"
    rain = f"G{tips:04}H{tips:04}I0000J0000K0000"
    air = f"L{rng.choice('0-')}{rng.randrange(60):03}M{rng.randrange(400, 999)}N1005{rng.randrange(4)}"
    text = f"{wind}{rain}{air},012,017,025," + "".join(
        f"{mass:03}," for mass in sorted(rng.randrange(40) for _ in range(3))
    )
    total = 0x1A
    for byte in text.encode():
        total ^= byte
    return f"{text}*{total:02X}".encode()
