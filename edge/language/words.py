"""The words that `edge.language.texts` translates: English here, Chinese in the catalogue."""

from __future__ import annotations


def N_(text: str) -> str:  # the name that gettext's tools look for
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


QUANTITIES = {
    "air_temperature": N_("Air temperature"),
    "relative_humidity": N_("Relative humidity"),
    "air_pressure": N_("Air pressure"),
    "sensors_lost": N_("Silent sensors"),
    "air_pressure_at_sea_level": N_("Sea-level pressure"),
    "illuminance": N_("Illuminance"),
    "wind_speed": N_("Wind speed"),
    "wind_speed_2min": N_("Wind speed, 2 min"),
    "wind_speed_10min": N_("Wind speed, 10 min"),
    "wind_from_direction": N_("Wind direction"),
    "wind_from_direction_2min": N_("Wind direction, 2 min"),
    "wind_from_direction_10min": N_("Wind direction, 10 min"),
    "wind_speed_of_gust": N_("Gust"),
    "rainfall_amount": N_("Rainfall"),
    "rainfall_amount_corrected": N_("Rainfall, corrected"),
    "pm1": N_("PM1"),
    "pm2p5": N_("PM2.5"),
    "pm10": N_("PM10"),
    "soil_temperature": N_("Soil temperature"),
    "soil_moisture": N_("Soil moisture"),
    "soil_conductivity": N_("Soil conductivity"),
    "leaf_wetness": N_("Leaf wetness"),
    "leaf_temperature": N_("Leaf temperature"),
    "solar_irradiance": N_("Solar radiation"),
    "co2": N_("CO₂"),
    "noise": N_("Noise"),
    "battery_voltage": N_("Battery voltage"),
    "battery_current": N_("Battery current"),
    "battery_power": N_("Battery power"),
    "load_current": N_("Load current"),
    "panel_voltage": N_("Panel voltage"),
    "panel_power": N_("Panel power"),
    "charger_state": N_("Charger state"),
    "charger_yield_total": N_("Charger's total yield"),
    "delta_t": N_("Delta-T"),
    "dew_point_temperature": N_("Dew point"),
    "frost_point_temperature": N_("Frost point"),
    "wet_bulb_temperature": N_("Wet-bulb temperature"),
    "vapour_pressure_deficit": N_("Vapour pressure deficit"),
    "reference_evapotranspiration": N_("Reference evapotranspiration"),
    "growing_degree_hours": N_("Growing degree hours"),
    "growing_degree_days": N_("Growing degree days above 10 °C"),
    "chill_hours": N_("Chill hours"),
    "utah_chill_units": N_("Utah chill units"),
    "chill_portions": N_("Chill portions"),
    "pm2p5_sub_index": N_("PM2.5 sub-index, reference only"),
}

# The unit's name in the contract -> as people write it. "ppm" and the like are the same in both.
CROPS = {
    "apple": N_("apple"),
    "cherry": N_("sweet cherry"),
    "plum": N_("plum"),
    "loquat": N_("loquat"),
}
# The stages of crops, as edge/alerts/crops.py names them.
STAGES = {
    "silver-tip": N_("silver tip"),
    "green-tip": N_("green tip"),
    "half-inch-green": N_("half-inch green"),
    "tight-cluster": N_("tight cluster"),
    "first-pink": N_("first pink"),
    "full-pink": N_("full pink"),
    "first-bloom": N_("first bloom"),
    "full-bloom": N_("full bloom"),
    "post-bloom": N_("post bloom"),
    "swollen-bud": N_("swollen bud"),
    "side-green": N_("side green"),
    "open-cluster": N_("open cluster"),
    "first-white": N_("first white"),
    "first-swelling": N_("first swelling"),
    "side-white": N_("side white"),
    "tip-green": N_("tip green"),
    "flower": N_("flower"),
    "young-fruit": N_("young fruit"),
}
UNITS = {
    "degC": "°C",
    "degC/h": N_("°C/h"),
    "ug/m3": "µg/m³",
    "degree": "°",
    "W/m2": "W/m²",
    "uS/cm": "µS/cm",
    "K": N_("K"),  # of a difference
    "lux": "lx",
    "code": N_("(code)"),
    "h": N_("h"),
    "K h": "°C·h",
    "K d": "°C·d",
    "1": "",
}

# QARTOD's flags (docs/wire-contract names the scheme).
FLAGS = {
    1: N_("good"),
    2: N_("not checked"),
    3: N_("suspect"),
    4: N_("bad"),
    9: N_("missing"),
}

# How a time is known (edge.records.record.ClockMark).
SOURCES = {
    "ntp": N_("network time"),
    "gnss": N_("satellite time"),
    "rtc": N_("the clock chip"),
    "modem": N_("the mobile network"),
    "platform": N_("the platform"),
    "sim": N_("simulated time"),
    "crystal": N_("the box's crystal, which went on while its clock was being corrected"),
    "system": N_("the box's own clock, which is not synchronised"),
    "arrival": N_("not known yet"),
    "bounds": N_("known only roughly"),
}

# What a command's result tells beside its sentence.
FACTS = {
    "camera": N_("camera"),
    "crop": N_("crop"),
    "stage": N_("stage"),
    "picture": N_("photo"),
    "thumbnail": N_("thumbnail"),
    "thumbnail_bytes": N_("size of the thumbnail"),
    "reasons": N_("reasons"),
    "figures": N_("figures"),
    "size": N_("size"),
    "bytes": N_("bytes"),
    "megabytes": N_("MB of mobile data"),
    "time": N_("time"),
    "quality": N_("quality"),
    "width": N_("width"),
    "height": N_("height"),
    "luminance": N_("mean brightness"),
    "bright": N_("brightest part"),
    "blur": N_("blur"),
    "edges": N_("edges"),
    "rules": N_("rules"),
    "maintenance_s": N_("seconds of maintenance"),
    "reason": N_("reason"),
    "why": N_("note"),
}

# Rules of alerts as `minshan init` names them; a name that somebody else has given is shown as it is.
RULES = {
    "frost": N_("Frost"),
    "gale": N_("Gale"),
    "cloudburst": N_("Cloudburst"),
    "heat": N_("Heat"),
    "air": N_("Bad air"),
    "battery": N_("Battery low"),
    "sensors": N_("Sensor silent"),
}

# Growers' rules (edge/measure/derived/verdict.py), what they say, and their inputs that are no quantities.
VERDICT_RULES = {
    "spray": N_("Spraying now"),
    "scab": N_("Apple scab"),
    "season": N_("Chill and warmth since the season began"),
}
VERDICT_STATES = {
    "open": N_("possible"),
    "marginal": N_("with care"),
    "closed": N_("no"),
    "unknown": N_("not known"),
    "none": N_("no wet spell"),
    "wet": N_("wet, not long enough yet"),
    "infection": N_("may infect"),
    "low": N_("may infect, low"),
    "moderate": N_("may infect, moderate"),
    "high": N_("may infect, high"),
    "counted": N_("counted"),
}
VERDICT_INPUTS = {
    "wet_hours": N_("wet hours {value} h"),
    "mean_temperature": N_("their mean temperature {value} °C"),
    "hours": N_("hours counted {value} h"),
}
VERDICT_LIMITS = {
    "delta_t_least": N_("delta-T from {value} K"),
    "delta_t_good": N_("good to {value} K"),
    "delta_t_most": N_("never above {value} K"),
    "wind_calm": N_("wind never under {value} m/s"),
    "wind_least": N_("good from {value} m/s"),
    "wind_most": N_("under {value} m/s"),
    "air_temperature_most": N_("air to {value} °C"),
    "relative_humidity_most": N_("humidity to {value} %"),
    "leaf_wetness_most": N_("leaf wetness under {value} %"),
    "least": N_("may infect from {value} wet hours"),
    "low": N_("low from {value} h"),
    "moderate": N_("moderate from {value} h"),
    "high": N_("high from {value} h"),
}

# What an option's value must be: click's names, and those of our own kinds.
TYPES = {
    "text": N_("text"),
    "speed": N_("speed"),
    "day": N_("day"),
    "duration": N_("duration"),
    "degrees": N_("degrees"),
    "metres": N_("metres"),
    "float": N_("number"),
    "integer": N_("whole number"),
    "float range": N_("number"),
    "integer range": N_("whole number"),
}

# What stands for an option's value in its help, where it is not translated at its place.
METAVARS = {text: text for text in (N_("ID"), N_("KEY=VALUE"), N_("DRIVER[:KEY=VALUE,...]"))}

# The kinds of buses (drivers.buses.bus.BUSES).
BUSES = {
    "i2c": N_("i2c"),
    "serial": N_("serial"),
    "modbus": N_("modbus"),
    "gpio": N_("gpio"),
    "file": N_("kernel file"),
}

# The levels of the journal's lines (logging).
LEVELS = {
    "DEBUG": N_("DEBUG"),
    "INFO": N_("INFO"),
    "WARNING": N_("WARNING"),
    "ERROR": N_("ERROR"),
    "CRITICAL": N_("CRITICAL"),
}
