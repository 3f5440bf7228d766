"""The named scenes of a demo: reproducible weather that otherwise occurs only in some season."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from drivers.twins.rain import Rain, Shower
from drivers.twins.weather import Noise, Weather
from edge.language.words import N_
from edge.records.bodies import Stage
from edge.sim.rig import Rig
from edge.station import Station

DAY, HOUR = 86_400, 3_600
DAY_ZERO = 1_577_836_800  # s since 1970; the origin of showers' times (drivers/twins/weather.py)
MORNING = 1_775_347_200  # 2026-04-05 08:00 at the site: an apple orchard in bloom
BY = "demo"  # who confirmed a scene's stage
BATTERY = """
[[sensor]]
name = "battery"
driver = "ina219"
address = 0x40

[[alert]]
name = "battery"
channel = "battery_voltage"
below = [11.8, 11.4]
"""
HORN = """
[horn]
line = 27
rules = ["frost"]
from_step = 1
"""


class HeldNoise(Noise):
    """A noise with a constant value."""

    def __init__(self, value: float) -> None:
        super().__init__(0, 1.0)
        self._value_now = value

    def at(self, t: float) -> float:
        """Return the value, whatever the instant."""
        return self._value_now


class SceneRain(Rain):
    """The showers of a scene, and no others."""

    def __init__(self, seed: int, showers: tuple[Shower, ...]) -> None:
        super().__init__(seed)
        self._own = showers

    def showers(self, day: int) -> tuple[Shower, ...]:
        """Return the scene's showers that begin on that day, counted from day zero."""
        return tuple(one for one in self._own if int(one.start // DAY) == day)


class SceneWeather(Weather):
    """Weather with a scene's own sky: `colder` K, `cloud` and `front` as fixed noises (-1..1), `windy` a factor.

    `showers`: those there are, in s since 1970 UTC; None: as the seed has them. `drained`: V that the battery has lost.
    """

    def __init__(
        self,
        seed: int,
        colder: float = 0.0,
        fixed: Mapping[str, float] | None = None,
        windy: float = 1.0,
        showers: tuple[Shower, ...] | None = None,
        drained: float = 0.0,
    ) -> None:
        super().__init__(seed)
        self.drained = drained
        self.warmth -= colder
        self.windy = windy
        self.noise |= {name: HeldNoise(value) for name, value in (fixed or {}).items()}
        if showers is not None:
            self._rain = SceneRain(seed, showers)


class DemoScene(NamedTuple):
    """A scene: what it shows, when it begins (s since 1970), its weather, and sensors that are held at a value.

    `fitted`: additional equipment of its station, as TOML; `said`: the confirmed crop and stage.
    """

    what: str
    begin: int = MORNING
    colder: float = 0.0
    fixed: Mapping[str, float] | None = None
    windy: float = 1.0
    showers: tuple[Shower, ...] | None = None
    held: Mapping[tuple[str, str], float] | None = None
    drained: float = 0.0
    fitted: str = ""
    said: tuple[str, str] | None = None

    def set_up(self, rig: Rig) -> None:
        """Apply this weather to a rig that is not powered on yet."""
        rig.weather = SceneWeather(rig.seed, self.colder, self.fixed, self.windy, self.showers, self.drained)
        rig.shown.held = dict(self.held or {})

    def begin_on(self, station: Station) -> None:
        """Tell a running station the confirmed stage."""
        if self.said is not None:
            station.services.parts.inbox.offer(Stage(*self.said, BY, BY))


def shower(hours: float, length: float, amount: float) -> Shower:
    """Return a shower so many hours after MORNING; its length in h, its amount in mm."""
    return Shower(MORNING - DAY_ZERO + hours * HOUR, length * HOUR, amount)


SCENES = {
    "day": DemoScene(N_("an ordinary spring day")),
    "frost": DemoScene(
        N_("a clear night of frost in full bloom"),
        begin=MORNING + 13 * HOUR,
        colder=2.7,
        fitted=HORN,
        said=("apple", "full-bloom"),
        fixed={"cloud": -1.0, "front": -0.6, "moist": -0.3},
        windy=0.5,
        showers=(),
    ),
    "storm": DemoScene(
        N_("a storm with heavy rain in the afternoon"),
        begin=MORNING + 6 * HOUR,
        fixed={"cloud": 0.6},
        windy=3.0,
        showers=(shower(7, 1.0, 24.0), shower(9, 1.5, 18.0)),
    ),
    "dark-week": DemoScene(
        N_("a week under low cloud: the battery runs low"),
        drained=0.72,  # six days at 0.12 V
        fitted=BATTERY,
        fixed={"cloud": 1.0},
        showers=tuple(shower(5 + 24 * day, 8.0, 3.0) for day in range(7)),
    ),
    "spider": DemoScene(
        N_("a spider's web over the cups: the wind blows, and they stand still"),
        windy=2.0,
        held={("cups", "wind_speed"): 0.0},
    ),
}

SCENE_NAMES = {
    "day": N_("ordinary day"),
    "frost": N_("frost"),
    "storm": N_("storm"),
    "dark-week": N_("dark week"),
    "spider": N_("spider"),
}
