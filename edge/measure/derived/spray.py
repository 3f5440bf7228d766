"""Whether conditions are suitable for spraying: delta-T at station pressure, wind, temperature, rain and wet leaves.

Delta-T 2 to 8 K, up to 10 marginal (Bureau of Meteorology, GRDC); wind 1 to 4 m/s (Tianjin DB12/T 332), no spraying
from force 3 on, 3.4 m/s (the ministry's summer advice), under 0.8 m/s there may be an inversion (Canola Council); avoid
above 28 degC or 95 % humidity (METOS). Forces are for 10 m. There is no forecast: rain afterwards is unknown.

From an hour before sunset to an hour after sunrise the air is stratified on most nights (GRDC module 10; Wolf 2018),
even if a valley's night wind blows: one thermometer cannot detect it, so spraying then requires care.
"""

from collections.abc import Iterator

import msgspec

from drivers.reason import Reason
from edge.measure.derived.verdict import UNKNOWN, Verdict, lacks

SOURCE = Reason("spray_source", "BoM/GRDC delta-T, DB12/T 332 and the ministry's wind; not derived in Maoxian")
THRESHOLDS = {
    "delta_t_least": 2.0,
    "delta_t_good": 8.0,
    "delta_t_most": 10.0,
    "wind_calm": 0.8,
    "wind_least": 1.0,
    "wind_most": 3.4,
    "air_temperature_most": 28.0,
    "relative_humidity_most": 95.0,
    "leaf_wetness_most": 40.0,
}


class SprayInputs(msgspec.Struct, frozen=True):
    """The minute's air, degC, humidity, %, and delta-T, K; the wind's mean of 10 min, m/s; rain of the last hour, mm.

    `leaf_wetness` in %; None without a sensor (`has_leaf` False: then rain of the last hour counts as wet leaves).
    `near_night`: from an hour before sunset to an hour after sunrise.
    """

    air_temperature: float | None
    relative_humidity: float | None
    delta_t: float | None
    wind_speed: float | None
    rainfall_amount: float | None
    leaf_wetness: float | None = None
    has_leaf: bool = False
    near_night: bool = False


def spray(given: SprayInputs) -> Verdict:
    """Return "closed" with what forbids it, "unknown" with what is missing, "marginal" with why, or "open".

    What forbids it decides even if other inputs are missing.
    """
    found = msgspec.structs.asdict(given)
    del found["has_leaf"], found["near_night"]
    if not given.has_leaf:
        del found["leaf_wetness"]
    closing, missing = list(closes(given)), [lacks(name) for name, value in found.items() if value is None]
    marginal = list(limits(given))
    for state, why in (("closed", closing), (UNKNOWN, missing), ("marginal", marginal)):
        if why:
            return Verdict("spray", state, why, found, THRESHOLDS, SOURCE)
    return Verdict("spray", "open", [], found, THRESHOLDS, SOURCE)


def closes(given: SprayInputs) -> Iterator[Reason]:
    """Yield what forbids spraying."""
    at = THRESHOLDS
    wind, delta, air = given.wind_speed, given.delta_t, given.air_temperature
    humidity, rain, leaf = given.relative_humidity, given.rainfall_amount, given.leaf_wetness
    if rain is not None and rain > 0:
        yield Reason("spray_rain", "{mm} mm of rain in the last hour", mm=round(rain, 1))
    if leaf is not None and leaf >= at["leaf_wetness_most"]:
        yield Reason("spray_wet_leaves", "the leaves are wet ({percent} %)", percent=round(leaf))
    if wind is not None and wind >= at["wind_most"]:
        yield Reason("spray_windy", "wind {wind} m/s, {most} or more", wind=round(wind, 1), most=at["wind_most"])
    if wind is not None and wind < at["wind_calm"]:
        yield Reason(
            "spray_calm",
            "wind {wind} m/s, under {least}: drift may hang in still air",
            wind=round(wind, 1),
            least=at["wind_calm"],
        )
    if delta is not None and delta > at["delta_t_most"]:
        yield Reason(
            "spray_dry", "delta-T {delta} K, over {most}: drops dry up", delta=round(delta, 1), most=at["delta_t_most"]
        )
    if air is not None and air > at["air_temperature_most"]:
        yield Reason("spray_hot", "air {air} °C, over {most}", air=round(air, 1), most=at["air_temperature_most"])
    if humidity is not None and humidity > at["relative_humidity_most"]:
        yield Reason(
            "spray_damp",
            "humidity {percent} %, over {most}: dew or fog",
            percent=round(humidity),
            most=at["relative_humidity_most"],
        )


def limits(given: SprayInputs) -> Iterator[Reason]:
    """Yield what requires care."""
    at, delta, wind = THRESHOLDS, given.delta_t, given.wind_speed
    if delta is not None and delta < at["delta_t_least"]:
        yield Reason(
            "spray_slow_drying",
            "delta-T {delta} K, under {least}: drops dry slowly",
            delta=round(delta, 1),
            least=at["delta_t_least"],
        )
    if delta is not None and delta > at["delta_t_good"]:
        yield Reason(
            "spray_drying",
            "delta-T {delta} K, over {good}: drops dry fast",
            delta=round(delta, 1),
            good=at["delta_t_good"],
        )
    if wind is not None and wind < at["wind_least"]:
        yield Reason("spray_little_wind", "wind {wind} m/s, under {least}", wind=round(wind, 1), least=at["wind_least"])
    if given.near_night:
        yield Reason(
            "spray_layers",
            "from an hour before sunset to an hour after sunrise spray may hang in stable layers of air",
        )
