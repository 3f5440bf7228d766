"""A contact on a GPIO line that closes once per tip (rain bucket) or once per turn (cup anemometer).

No edges are a reading of 0: no rain, no wind. A cut cable looks the same and cannot be detected here, but by a second
gauge, the humidity or a wind that stays 0 for days.

The contact of cups bounces and must be steady for a while (`debounce_ms`). It is closed for a share of each turn
(`closed_share`), and in a wind in which that is shorter than the debounce every closure is lost: the speed would read 0
in a storm. `Settings.fastest` is that wind; within a tenth of it each reading is doubted. A bucket closes its contact
briefly as it tips: that closure counts however short it is, and for `debounce_ms` no other one does.

Source: rain 0.2794 mm per tip, 100 ms debounce, wind 2.4 km/h per closure a second: the Misol / Fine Offset / SparkFun
kit (SparkFun Weather Meter Kit library, SparkFun_Weather_Meter_Kit_Constants.h; its 100 ms are the time in which
another closure is not a tip). Davis cups: 1.0058 m/s at 1 Hz (2.25 mph).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from drivers.buses.bus import OnGpio
from drivers.buses.gpio import GpioBus
from drivers.clock import Clock
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import SettingError, Unplugged
from drivers.reading import Reading
from drivers.reason import Reason, system_reason

DEBOUNCE_MS = {"rain": 100.0, "wind": 3.0}
SETTLED = 0.003  # s; a reed settles within 2 ms
CLOSED_SHARE = 0.2  # of a turn; our choice: reeds beside one magnet close for a fifth to a third
NEAR = 0.9  # of the fastest wind
LEAST_FASTEST = 20.0  # m/s; a station must be able to measure a gale
INTERVAL = 1.0  # s
SHORTEST = 0.9  # s over which a speed is counted at least
MOST_MM = 1e6  # mm since it was opened; the rainiest place has 12,000 a year, and a station may run for years
FASTEST = 75.0  # m/s


class Settings(OnGpio):
    """Settings of a contact.

    `debounce_ms`: 100 for rain, 3 for wind unless set; `closed_share`: the share of a turn for which the contact is
    closed; `pull`: up, down or off (a resistor of its own).
    """

    kind: Literal["rain", "wind"]
    mm_per_tip: float = Field(default=0.2794, gt=0, le=10)
    mps_per_hz: float = Field(default=2.4 / 3.6, gt=0, le=10)
    debounce_ms: float | None = Field(default=None, ge=0, le=1000)
    closed_share: float = Field(default=CLOSED_SHARE, ge=0.02, le=0.98)
    pull: Literal["up", "down", "off"] = "up"

    @property
    def debounce(self) -> float:
        """The debounce time, seconds."""
        ms = DEBOUNCE_MS[self.kind] if self.debounce_ms is None else self.debounce_ms
        return ms / 1000

    @property
    def steady(self) -> float:
        """Seconds for which the contact must be steady for a closure."""
        return self.debounce if self.kind == "wind" else min(self.debounce, SETTLED)

    @property
    def fastest(self) -> float:
        """The wind, m/s, above which closures are shorter than the debounce and get lost."""
        shortest = min(self.closed_share, 1 - self.closed_share)
        return min(FASTEST, shortest / self.debounce * self.mps_per_hz) if self.debounce else FASTEST

    @model_validator(mode="after")
    def _tells_a_gale(self) -> Settings:
        if self.kind == "wind" and self.fastest < LEAST_FASTEST:
            raise SettingError(
                Reason(
                    "debounce_hides_gales",
                    "with a debounce of {debounce} ms, wind above {fastest} m/s is not measured; "
                    "choose at most {most} ms",
                    debounce=round(self.debounce * 1000, 1),
                    fastest=round(self.fastest),
                    most=round(self.debounce * 1000 * self.fastest / LEAST_FASTEST, 1),
                )
            )
        return self


class Pulses:
    """An opened contact."""

    def __init__(self, bus: GpioBus, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._contact = bus.request(settings.line, settings.pull, settings.steady)
        self._closed = float("-inf")  # the instant of the newest closure
        self._fastest = settings.fastest
        self._since = clock.now()
        self._tips = 0

    def read(self) -> tuple[Reading, ...]:
        """Return the rain since it was opened, mm, or the mean wind since the last reading, m/s."""
        if self._settings.kind == "rain":
            self._tips += self._new()
            total = self._tips * self._settings.mm_per_tip
            return (Reading("rainfall_amount", total, self._clock.now()),)
        if self._clock.now() < self._since + SHORTEST:
            self._clock.sleep_until(self._since + SHORTEST)
        turns, now = self._new(), self._clock.now()
        hz = turns / (now - self._since)
        self._since = now
        speed, fastest = hz * self._settings.mps_per_hz, self._fastest
        return (
            Reading("wind_speed", speed, now, near(fastest) if NEAR * fastest < speed and fastest < FASTEST else None),
        )

    def close(self) -> None:
        """Release the line."""
        self._contact.close()

    def _new(self) -> int:
        """Return the number of closures since the last call, including those that the kernel dropped but counted."""
        before = self._contact.lost
        try:
            edges = self._contact.edges()
        except OSError as error:
            raise Unplugged(Reason("gpio_gone", "the GPIO chip is gone ({why})", why=system_reason(error))) from None
        return self._apart(edges) + self._contact.lost - before

    def _apart(self, edges: list[float]) -> int:
        """Return how many closures are turns or tips: within a tip's debounce no other one counts."""
        if self._settings.kind == "wind":
            return len(edges)
        instants = [self._closed, *edges]
        self._closed = instants[-1]
        return sum(at - before >= self._settings.debounce for before, at in pairwise(instants))


def near(fastest: float) -> Reason:
    """Return the doubt for a speed near the wind in which closures get lost."""
    return Reason(
        "near_debounce",
        "near {fastest} m/s, over which the debounce swallows closures",
        fastest=round(fastest),
    )


def channels(settings: Settings) -> tuple[Channel, ...]:
    """Return one channel, the rain or the wind. The speed's step is one closure in a reading's second."""
    if settings.kind == "rain":
        return (Channel("rainfall_amount", 0, MOST_MM, settings.mm_per_tip),)
    return (Channel("wind_speed", 0, settings.fastest, settings.mps_per_hz / INTERVAL),)


def open_pulses(bus: GpioBus, settings: Settings, clock: Clock) -> Device:
    """Open the contact and count from now on."""
    return Pulses(bus, settings, clock)


INFO = DriverInfo(
    name="pulses",
    bus="gpio",
    settings=Settings,
    channels=channels,
    open=open_pulses,
    interval=INTERVAL,
    timeout=2.0,
    twin="drivers.twins.pulses:Twin",
    source="SparkFun Weather Meter Kit library; Davis 6410 for other cups",
    extra={"silent": "no edges is a reading of 0: a cut cable cannot be told from a dry or still hour"},
)
