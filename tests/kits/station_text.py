"""The least file of a station, and the sensor that most tests give it."""

HEAD = """\
[station]
id = "s"
[site]
latitude = 31.68
longitude = 103.85
altitude_m = 1590.0
[state]
dir = "{state}"
"""
SHELTER = """\
[[sensor]]
name = "shelter"
driver = "bme280"
address = 0x76
"""
