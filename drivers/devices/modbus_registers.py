"""From a profile to requests, and from registers to readings. Pure functions for the driver and the decoder."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from drivers.devices.profiles import Profile, Register
from drivers.reading import Reading
from drivers.reason import Reason

# Lower limits, m/s, of Beaufort forces 1 to 12 (WMO-No. 8, volume I, 5: the Beaufort scale).
BEAUFORT = (0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7)
SPEED_STEP = 0.1  # m/s by which a force's limits are widened, as the speed has been rounded
OCTANT_SLACK = 45.0  # degrees from the octant's middle: half an octant, and as much tolerance

SCALE_DOUBT = Reason("scale_by_ten", "speed and Beaufort force disagree by ten: is the scale 0.1 or 0.01?")
FORCE_DOUBT = Reason("force_disagrees", "speed and Beaufort force disagree")
OCTANT_DOUBT = Reason("octant_disagrees", "direction and octant disagree")
RANGE_DOUBT = Reason("end_of_range", "at the end of the device's range")

# Words by which devices state that an element, a probe or a slave of their own is missing: all ones, and the ends of a
# signed number (seen from Renke, Weishaupt and YamBMS controllers); the second entry is for two words.
SENTINELS = {1 << 16: frozenset({0xFFFF, 0x7FFF, 0x8000}), 1 << 32: frozenset({0xFFFFFFFF, 0x7FFFFFFF, 0x80000000})}

Place = tuple[int, int]  # (function, register)
Words = Mapping[Place, int]


class RegisterItem(msgspec.Struct, frozen=True):
    """One quantity: where its words are and what they mean."""

    quantity: str
    high: Place  # of the only word, or of the high half
    low: Place | None  # of the low half
    negative_from: int  # the first word that stands for a negative number; above all words if none does
    span: int  # how many values the word can have
    multiplier: float
    divisor: float
    offset: float
    invalid: frozenset[int]
    saturated: int
    wraps_at: float | None
    lowest: float  # the datasheet's limits, in the quantity's unit
    highest: float
    beside: Place | None  # the register that must agree
    judge: Callable[[float, int], Reason | None]

    def word(self, words: Words) -> int | None:
        """Return the quantity's one or two registers as one number; None if they are not among these."""
        word = words.get(self.high)
        if word is None or self.low is None:
            return word
        low = words.get(self.low)
        return None if low is None else word << 16 | low

    def halves(self, words: Words) -> tuple[int, ...]:
        """Return the quantity's registers separately."""
        return tuple(words[place] for place in (self.high, self.low) if place and place in words)

    def value(self, word: int) -> float:
        """Return the value of the word in the quantity's unit."""
        number = word if word < self.negative_from else word - self.span
        return number * self.multiplier / self.divisor + self.offset

    def reading(self, words: Words, at: float) -> Reading:
        """Return the reading in the words, which must contain it (`not_void`)."""
        word = self.word(words)
        if word is None:
            raise KeyError(self.quantity)
        value = self.value(word)
        return Reading(self.quantity, value, at, self._doubt(word, value, words), self.wraps_at)

    def says_none(self, word: int) -> bool:
        """Return whether the word alone means "no value": a sentinel of two registers is never taken as measured.

        -0.001 degC would be a frost, and at most one answer in 10,000 is lost.
        """
        return word in self.invalid or (self.low is not None and word in SENTINELS[self.span])

    def is_impossible(self, word: int) -> bool:
        """Return whether the word stands for a value beyond the datasheet's limits, and not for their end."""
        return word < self.saturated and not self.lowest <= self.value(word) <= self.highest

    def _doubt(self, word: int, value: float, words: Words) -> Reason | None:
        if word >= self.saturated:
            return RANGE_DOUBT
        other = words.get(self.beside) if self.beside else None
        return None if other is None else self.judge(value, other)


class RegisterRequest(msgspec.Struct, frozen=True):
    """One request: the registers it reads, in order, and the quantities whose words begin there."""

    function: int
    start: int
    places: tuple[Place, ...]
    items: tuple[RegisterItem, ...]


def not_void(items: Iterable[RegisterItem], words: Words) -> tuple[RegisterItem, ...]:
    """Return the items for which the device gives a value in these words.

    A sentinel whose value is impossible is void, and then so is every sentinel beside it: in a T/RH pair of ffff the
    temperature would be a frost of -0.1 degC. Several sentinels and nothing else are all void, and so is the same word
    in all registers if its value is impossible in one of them, such as fffe or ff00.
    """
    here = [(item, word) for item in items if (word := item.word(words)) is not None]
    marked = [item for item, word in here if word in SENTINELS[item.span]]
    alike = len({half for item, _ in here for half in item.halves(words)}) == 1
    if len(here) > 1 and alike and any(item.is_impossible(word) for item, word in here):
        return ()
    if not marked:
        return tuple([item for item, word in here if not item.says_none(word)])
    alone = len(marked) == len(here) > 1
    void = alone or any(item in marked and item.is_impossible(word) for item, word in here)
    return tuple(
        item
        for item, word in here
        if not item.says_none(word) and not (void and item in marked and (alone or word < item.saturated))
    )


def void_answer(items: Iterable[RegisterItem], words: Words) -> Reason:
    """Return the reason that an answer contains no value, with its words."""
    shown = ", ".join(f"{item.quantity} {item.word(words):0{item.span.bit_length() // 4}x}" for item in items)
    return Reason("void_answer", "it answers, but says itself that it has no value ({words})", words=shown)


def fitted(profile: Profile, ordered: Iterable[str]) -> tuple[Register, ...]:
    """Return the registers to read: those of every device, and the optional ones that were ordered."""
    return tuple(entry for entry in profile.registers if not entry.optional or entry.quantity in ordered)


def plan(
    profile: Profile,
    ordered: Iterable[str] = (),
    function: int | None = None,
    speed_scale: float | None = None,
    most: int | None = None,
) -> tuple[RegisterRequest, ...]:
    """Return the fewest requests that read every fitted quantity and the registers it is checked against."""
    default = function or profile.function
    items = [_item(entry, profile, default, speed_scale) for entry in fitted(profile, ordered)]
    requests = []
    for function, start, end in _runs(sorted(_spans(items)), profile.gap, most or profile.most_registers):
        places = tuple((function, register) for register in range(start, end + 1))
        requests.append(RegisterRequest(function, start, places, tuple(item for item in items if item.high in places)))
    return tuple(requests)


def _spans(items: Iterable[RegisterItem]) -> Iterator[tuple[int, int, int]]:
    """Yield function, first and last register of each span that must be in one answer."""
    for item in items:
        function, high = item.high
        low = high if item.low is None else item.low[1]
        yield function, min(high, low), max(high, low)
        if item.beside is not None:
            yield item.beside[0], item.beside[1], item.beside[1]


def _runs(spans: Iterable[tuple[int, int, int]], gap: int, most: int) -> list[tuple[int, int, int]]:
    """Join sorted spans of one function with at most `gap` registers between them, up to `most` registers in all."""
    runs: list[tuple[int, int, int]] = []
    for function, first, last in spans:
        if runs:
            before, start, end = runs[-1]
            if before == function and first - end <= gap + 1 and last - start < most:
                runs[-1] = (function, start, max(end, last))
                continue
        runs.append((function, first, last))
    return runs


def _item(entry: Register, profile: Profile, function: int, speed_scale: float | None) -> RegisterItem:
    function = entry.function or function
    check = next((check for check in profile.checks if check.quantity == entry.quantity), None)
    scale = speed_scale if speed_scale and entry.quantity == "wind_speed" else entry.scale
    # Divide instead of multiplying: 123 / 10 is 12.3 to the last bit, while 123 * 0.1 is not.
    divisor = float(round(1 / scale)) if abs(scale) < 1 else 1.0
    exact = abs(scale) < 1 and abs(divisor * scale - 1) < 1e-12
    first, second = (function, entry.first), (function, entry.first + 1)
    high, low = (first, second) if entry.order == "big" else (second, first)
    span = 1 << 16 * entry.words
    return RegisterItem(
        quantity=entry.quantity,
        high=high if entry.words == 2 else first,
        low=low if entry.words == 2 else None,
        negative_from=span >> 1 if entry.signed else span,
        span=span,
        multiplier=1.0 if exact else scale,
        divisor=divisor if exact else 1.0,
        offset=entry.offset,
        invalid=frozenset(entry.invalid),
        saturated=span if entry.saturated is None else entry.saturated,
        wraps_at=entry.wraps_at,
        lowest=entry.low,
        highest=entry.high,
        beside=(function, check.first) if check else None,
        judge=octant_doubt if check and check.kind == "octant" else force_doubt,
    )


def force_doubt(speed: float, force: int) -> Reason | None:
    """Return the doubt if a Beaufort force (0-12) contradicts a speed in m/s, or None.

    A wrong scale is reported from a difference of one force on, if ten times or a tenth of the speed would fit.
    Otherwise a difference of one force is accepted: the device may derive the force from another mean than the speed.
    """
    if force > len(BEAUFORT) or _fits(speed, force):
        return None  # a register that was not ordered may contain anything
    if _fits(speed * 10, force) or (_fits(speed / 10, force) and force):
        return SCALE_DOUBT
    return FORCE_DOUBT if abs(bisect_right(BEAUFORT, speed) - force) > 1 else None


def _fits(speed: float, force: int) -> bool:
    lowest = BEAUFORT[force - 1] if force else 0.0
    highest = BEAUFORT[force] if force < len(BEAUFORT) else float("inf")
    return lowest - SPEED_STEP <= speed < highest + SPEED_STEP


def octant_doubt(direction: float, octant: int) -> Reason | None:
    """Return the doubt if an octant (0-7 clockwise from north) contradicts a direction in degrees, or None."""
    away = abs((direction - 45.0 * octant + 180.0) % 360.0 - 180.0)
    return OCTANT_DOUBT if octant > 7 or away > OCTANT_SLACK else None
