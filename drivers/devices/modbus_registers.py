"""From a profile to requests, and from registers to readings: pure, used by both the driver and the decoder."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from drivers.devices.profiles import Profile, Register
from drivers.reading import Reading
from drivers.reason import Reason

# Lower limits, m/s, of Beaufort forces 1 to 12 (WMO-No. 8, volume I, 5: the Beaufort scale).
BEAUFORT = (0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7)
SPEED_STEP = 0.1  # m/s by which a force's limits are widened: the speed is rounded before we compare
OCTANT_SLACK = 45.0  # degrees from the octant's middle: half an octant, and as much again at its edge

SCALE_DOUBT = Reason("scale_by_ten", "speed and Beaufort force disagree by ten: is the scale 0.1 or 0.01?")
FORCE_DOUBT = Reason("force_disagrees", "speed and Beaufort force disagree")
OCTANT_DOUBT = Reason("octant_disagrees", "direction and octant disagree")
RANGE_DOUBT = Reason("end_of_range", "at the end of the device's range")

# Words by which devices say that an element, a probe or a slave of their own is away: all ones, and the ends of a
# signed number (seen of Renke, Weishaupt and YamBMS controllers); the second row is that of two words.
SENTINELS = {1 << 16: frozenset({0xFFFF, 0x7FFF, 0x8000}), 1 << 32: frozenset({0xFFFFFFFF, 0x7FFFFFFF, 0x80000000})}

Place = tuple[int, int]  # (function, register)
Words = Mapping[Place, int]


class RegisterItem(msgspec.Struct, frozen=True):
    """One quantity as it is read: where its words are and what they mean."""

    quantity: str
    high: Place  # of the only word, or of the high half
    low: Place | None  # of the low half
    negative_from: int  # the first word that stands for a negative number; above all words where none does
    span: int  # how many words there are
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
        """Return the quantity's one or two words as they came; None if they are not among these."""
        word = words.get(self.high)
        if word is None or self.low is None:
            return word
        low = words.get(self.low)
        return None if low is None else word << 16 | low

    def halves(self, words: Words) -> tuple[int, ...]:
        """Return the quantity's registers as they came."""
        return tuple(words[place] for place in (self.high, self.low) if place and place in words)

    def value(self, word: int) -> float:
        """Return what the word stands for, in the quantity's unit."""
        number = word if word < self.negative_from else word - self.span
        return number * self.multiplier / self.divisor + self.offset

    def reading(self, words: Words, at: float) -> Reading:
        """Return the reading in the words; they hold it (`not_void`)."""
        word = self.word(words)
        if word is None:
            raise KeyError(self.quantity)
        value = self.value(word)
        return Reading(self.quantity, value, at, self._doubt(word, value, words), self.wraps_at)

    def says_none(self, word: int) -> bool:
        """Return whether the word alone stands for no value: of two registers no sentinel is ever measured.

        -0.001 degC would be a frost, and one answer in 10,000 is lost at most.
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
    """Return those of the items that these words hold a value of, by the device's own account.

    A sentinel that stands for nothing possible is void, and then every sentinel beside it: of a T/RH pair of ffff the
    temperature would be a frost of -0.1 degC. Several sentinels and nothing else are void altogether, and so is one
    word in all registers that stands for nothing possible in one of them, as fffe or ff00.
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
    """Return that an answer came and holds no value, with the words that it held."""
    shown = ", ".join(f"{item.quantity} {item.word(words):0{item.span.bit_length() // 4}x}" for item in items)
    return Reason("void_answer", "it answers, but says itself that it has no value ({words})", words=shown)


def fitted(profile: Profile, ordered: Iterable[str]) -> tuple[Register, ...]:
    """Return the registers to read: those every device has, and the optional ones that were ordered."""
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
    """Yield function, first and last register of what must be in one answer."""
    for item in items:
        function, high = item.high
        low = high if item.low is None else item.low[1]
        yield function, min(high, low), max(high, low)
        if item.beside is not None:
            yield item.beside[0], item.beside[1], item.beside[1]


def _runs(spans: Iterable[tuple[int, int, int]], gap: int, most: int) -> list[tuple[int, int, int]]:
    """Join sorted spans where the function is the same, at most `gap` registers lie between and `most` is kept."""
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
    # 123 tenths are 123 / 10, which is 12.3 to the last bit, while 123 * 0.1 is not.
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
    """Return what a Beaufort force (0-12) says against a speed in m/s, or None.

    A wrong scale is named from one force's difference on, where ten times or a tenth of the speed would fit. Otherwise
    one force's difference is accepted: the device may take the force from another mean than the speed.
    """
    if force > len(BEAUFORT) or _fits(speed, force):
        return None  # an unordered register may hold anything
    if _fits(speed * 10, force) or (_fits(speed / 10, force) and force):
        return SCALE_DOUBT
    return FORCE_DOUBT if abs(bisect_right(BEAUFORT, speed) - force) > 1 else None


def _fits(speed: float, force: int) -> bool:
    lowest = BEAUFORT[force - 1] if force else 0.0
    highest = BEAUFORT[force] if force < len(BEAUFORT) else float("inf")
    return lowest - SPEED_STEP <= speed < highest + SPEED_STEP


def octant_doubt(direction: float, octant: int) -> Reason | None:
    """Return what an octant (0-7 clockwise from north) says against a direction in degrees, or None."""
    away = abs((direction - 45.0 * octant + 180.0) % 360.0 - 180.0)
    return OCTANT_DOUBT if octant > 7 or away > OCTANT_SLACK else None
