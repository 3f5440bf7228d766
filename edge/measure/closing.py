"""The checks when a minute closes, on the values of all channels together: they raise flags and change no value.

Single readings are checked in `quality`; faults that show only against earlier hours or another sensor are checked
here. All memory is of fixed size. Doubted states, and what was learnt of the devices' behaviour, are saved across
restarts (`keep`); everything else is empty after one, which can only delay a flag.
"""

from collections.abc import Container, Mapping, Sequence
from typing import Any, Self

import msgspec

from drivers.driver import Channel
from drivers.quantity import Aggregation, quantity
from edge.measure.brightness import Seen
from edge.measure.climate import Climate
from edge.measure.consistency import MinuteSteps, Zeros, together
from edge.measure.dead_hygrometers import DeadHygrometers
from edge.measure.ground import Ground
from edge.measure.lasting import Lasting, Wet
from edge.measure.limits import Limits, for_device
from edge.measure.offset import ChannelOffsets, Leapt
from edge.measure.pairs import Pairs, Usual
from edge.measure.persistence import BY_DAY, BY_WAY, EQUAL, Persistence
from edge.measure.rain import Rain
from edge.measure.still import StillDoubt
from edge.measure.sun import Site, Sun
from edge.measure.value import Value, raised
from edge.measure.void_words import VoidWords
from edge.measure.watered import Watered


class Placed(msgspec.Struct, frozen=True):
    """What the checks know of a channel: its sensor and height (m above ground), what it can measure, its limits.

    `heated`: a gauge that melts snow.
    """

    sensor: str
    height_m: float | None
    channel: Channel
    limits: Limits
    heated: bool = False


class Doubts(msgspec.Struct, omit_defaults=True):
    """The doubted states at an instant (UTC s, None: unknown), and what was learnt; ages in s."""

    utc: float | None = None
    leapt: dict[str, Leapt] = {}
    wet: dict[str, Wet] = {}
    iced: list[str] = []
    still: dict[str, StillDoubt] = {}
    apart: dict[str, float] = {}
    habits: dict[str, tuple[float, float]] = {}
    usual: dict[str, Usual] = {}
    dark: list[str] = []
    snowed: list[str] = []
    leaves: dict[str, float] = {}
    held: list[str] = []
    dead: dict[str, tuple[float, float]] = {}
    seen: dict[str, Seen] = {}
    void: list[str] = []

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Return the same with the channels renamed; the state of a channel without a new name is dropped."""
        found: dict[str, dict[str, Any] | list[str]] = {}
        for field, kept in msgspec.structs.asdict(self).items():
            if isinstance(kept, dict):
                found[field] = {new: one for name, one in kept.items() if (new := renamed(name, names))}
            elif isinstance(kept, list):
                found[field] = [new for name in kept if (new := renamed(name, names))]
        return msgspec.structs.replace(self, **found)


def renamed(key: str, names: Mapping[str, str]) -> str | None:
    """Return a key with its channels renamed: one channel, two of a pair, or one and the kind of its state."""
    words = [word if word in (EQUAL, BY_WAY, BY_DAY) else names.get(word) for word in key.split(" ")]
    return None if None in words else " ".join(map(str, words))


class Closing:
    """All checks of a station's minutes. If several doubt a value, the one with the shortest span gives the reason.

    `kept`: the doubts saved with the last record.
    """

    def __init__(self, places: Mapping[str, Placed], site: Site | None = None, kept: Doubts | None = None) -> None:
        """`site`: the station's place; without it light and temperature are not compared with the place."""
        own = {n: for_device(p.limits, p.channel.resolution) for n, p in places.items()}
        steps = {n: (p.channel.quantity, own[n].minute_step) for n, p in places.items()}
        quantities = {n: p.channel.quantity for n, p in places.items()}
        self._steps = MinuteSteps({n: (of, most) for n, (of, most) in steps.items() if most is not None})
        self._pairs = Pairs({n: (p.sensor, p.channel.quantity, p.height_m) for n, p in places.items()})
        self._persistence = Persistence({n: (p.sensor, p.channel) for n, p in places.items()}, self._pairs.twins())
        self._offsets, self._lasting = ChannelOffsets(quantities), Lasting(quantities)
        self._sun = Sun(site, quantities) if site else None
        self._climate = Climate(site, quantities) if site else None
        self._ground, self._dead = Ground(quantities), DeadHygrometers(quantities)
        self._zeros = Zeros({n: (p.sensor, p.channel.quantity) for n, p in places.items()})
        gauges = {n: p.heated for n, p in places.items() if quantity(p.channel.quantity).kind is Aggregation.TOTAL}
        self._rain, self._watered = Rain(gauges), Watered(gauges)
        self._words = VoidWords({n: p.channel for n, p in places.items()})
        self._kept, self._end, self._utc = kept, 0.0, None if kept is None else kept.utc

    def judge(
        self,
        begin: float,
        end: float,
        utc_offset: float | None,
        values: Mapping[str, Value],
        samples: Mapping[str, Sequence[float]],
        worked: bool = False,
        only_zeros: Container[str] = (),
    ) -> dict[str, Value]:
        """Return the values of the minute [begin, end) s with their flags raised.

        `utc_offset`: seconds to add for UTC, None: unknown; `samples`: those that passed; `worked`: somebody worked on
        the station in it; `only_zeros`: the channels that reported only 0.
        """
        self._resume(begin, utc_offset)
        self._end, self._utc = end, None if utc_offset is None else end + utc_offset
        doubts = self._sun.doubts(begin, end, utc_offset, values) if self._sun else {}
        doubts |= self._climate.doubts(end, utc_offset, values) if self._climate else {}
        if worked:  # a sensor that was opened, touched or replaced is not compared
            self._offsets.work()
            self._pairs.work()
        leapt = {} if worked else self._offsets.doubts(begin, end, values, samples)
        doubts |= leapt
        doubts |= self._lasting.doubts(begin, end, raised(values, doubts), samples)
        sun = self._sun.shines(begin, end, utc_offset) if self._sun else None
        doubts |= self._dead.doubts(begin, end, raised(values, doubts), by_night=sun == 0)
        still = self._persistence.doubts(begin, end, raised(values, doubts), samples, sun)
        standing, told = self._persistence.standing(), raised(values, doubts | still)
        doubts |= {} if worked else self._pairs.doubts(begin, end, told, standing)
        doubts |= still
        doubts |= self._rain.doubts(begin, end, values)
        doubts |= self._ground.doubts(end - begin, raised(values, doubts))
        share = self._sun.share(begin, end, utc_offset, raised(values, doubts)) if self._sun else None
        doubts |= self._watered.doubts(end, raised(values, doubts), share)
        doubts |= self._zeros.doubts(values, only_zeros)
        doubts |= self._words.doubts(end, values, samples)
        self._offsets.forget(doubts.keys() - leapt.keys())
        doubts |= {} if worked else self._steps.doubts(begin, end, values)
        values = raised(values, doubts)
        return raised(values, together(values))

    def keep(self) -> Doubts:
        """Return the state to save across restarts."""
        if self._kept is not None:
            return self._kept  # no minute was closed since the start
        wet, iced, held = self._lasting.keep(self._end)
        leapt, still, apart = self._offsets.keep(self._end), self._persistence.keep(), self._pairs.keep()
        habits, usual = self._persistence.habits(), self._pairs.usual()
        dark, snowed, seen = self._sun.keep() if self._sun else ([], [], {})
        leaves, dead, void = self._ground.keep(), self._dead.keep(), self._words.keep()
        states = (leapt, wet, iced, still, apart, habits, usual, dark, snowed, leaves, held, dead, seen, void)
        return Doubts(self._utc, *states)

    def _resume(self, begin: float, utc_offset: float | None) -> None:
        """Restore the saved state. A gap of unknown length counts as none."""
        kept, self._kept = self._kept, None
        if kept is None:
            return
        gap = 0.0 if kept.utc is None or utc_offset is None else max(0.0, begin + utc_offset - kept.utc)
        self._offsets.resume(kept.leapt, begin, gap)
        self._lasting.resume(kept.wet, kept.iced, kept.held, begin, gap)
        self._persistence.resume(kept.still, kept.habits, begin)
        self._pairs.resume(kept.apart, kept.usual, begin)
        if self._sun:
            self._sun.resume(kept.dark, kept.snowed, kept.seen)
        self._ground.resume(kept.leaves)
        self._dead.resume(kept.dead)
        self._words.resume(kept.void)
