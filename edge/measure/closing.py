"""The checks at a minute's close, on the values of all channels together: they raise flags and change no number.

A reading is judged where it stands alone (`quality`); what shows only beside the hour before or beside another
sensor is judged here. All memory is of a fixed size and empty after a restart, which can only delay a flag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.driver import Channel
from drivers.quantity import Kind, quantity
from edge.measure.consistency import MinuteSteps, together
from edge.measure.lasting import Lasting
from edge.measure.limits import Limits, for_device
from edge.measure.pairs import Pairs
from edge.measure.persistence import Persistence
from edge.measure.rain import Rain
from edge.measure.sun import Site, Sun
from edge.measure.value import Value, raised


@dataclass(frozen=True, slots=True)
class Placed:
    """What the checks know of a channel: its sensor and height (m above ground), what it can measure, its limits."""

    sensor: str
    height_m: float | None
    channel: Channel
    limits: Limits


class Closing:
    """All checks of a station's minutes. Where several doubt a value, the nearest in time gives the reason."""

    def __init__(self, places: Mapping[str, Placed], site: Site | None = None) -> None:
        """`site`: where the station stands; without it light is not held to the sun."""
        own = {n: for_device(p.limits, p.channel.resolution) for n, p in places.items()}
        steps = {n: (p.channel.quantity, own[n].minute_step) for n, p in places.items()}
        self._steps = MinuteSteps({n: (of, most) for n, (of, most) in steps.items() if most is not None})
        self._persistence = Persistence({n: (p.sensor, p.channel) for n, p in places.items()})
        self._pairs = Pairs({n: (p.sensor, p.channel.quantity, p.height_m) for n, p in places.items()})
        self._lasting = Lasting({n: p.channel.quantity for n, p in places.items()})
        self._sun = Sun(site, {n: p.channel.quantity for n, p in places.items()}) if site else None
        self._rain = Rain([n for n, p in places.items() if quantity(p.channel.quantity).kind is Kind.TOTAL])

    def judge(
        self,
        begin: float,
        end: float,
        utc_offset: float | None,
        values: Mapping[str, Value],
        samples: Mapping[str, Sequence[float]],
    ) -> dict[str, Value]:
        """Return the values of the minute [begin, end) s with their flags raised.

        `utc_offset`: seconds to add for UTC, None unknown; `samples`: those that passed.
        """
        doubts = self._sun.doubts(begin, end, utc_offset, values) if self._sun else {}
        lasting = self._lasting.doubts(begin, end, values, samples)
        doubts |= lasting
        doubts |= self._pairs.doubts(begin, end, values)
        doubts |= self._persistence.doubts(begin, end, values, samples)
        doubts |= self._rain.doubts(begin, end, values)
        self._lasting.forget(doubts.keys() - lasting.keys())
        doubts |= self._steps.doubts(begin, end, values)
        values = raised(values, doubts)
        return raised(values, together(values))
