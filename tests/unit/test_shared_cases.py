"""Inputs that once gave a wrong value, each file of the two folders of cases, and what is right for it.

A file without a line here fails: no case lies there untried.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.cameras.camera import NoPictureError
from drivers.cameras.jpeg import extract_jpeg
from drivers.catalog import find
from drivers.driver import Frame
from edge.config.file import load
from edge.records.record import Kind, Record
from edge.sim.faults import Schedule
from edge.sim.times import FOREVER, Teller
from tests.data import shared
from tests.kits.clock_days import ClockDay, judged
from tests.kits.store_kit import memory_folder
from tests.unit.drivers.test_camera_answers import server, still
from tests.unit.edge.measure import test_truth_cases as truth

Read = list[dict[str, float]]


def decoded(name: str, driver: str, **settings: Any) -> Read:
    """Return what a driver reads from a file, frame by frame; a reading that it doubts itself is left out."""
    info = find(driver)
    assert info.decoder is not None
    place = "path" if "path" in info.settings.model_fields else "port"
    decoder = info.decoder(info.settings.model_validate({place: "/dev/null", **settings}))
    found = [*decoder.feed(shared(f"cases/{name}").read_bytes()), *decoder.finish()]
    frames = (one for one in found if isinstance(one, Frame))
    return [{r.quantity: round(r.value, 4) for r in frame.readings if r.doubt is None} for frame in frames]


def void_words(name: str) -> None:
    """Hold: the answer of words that are all ffff gives no value, the one before does."""
    values = [frame for frame in decoded(name, "modbus", profile="th-renke", address=1) if frame]
    assert values == [{"relative_humidity": 91.2, "air_temperature": 1.2}]


def scratchpad(name: str) -> None:
    """Hold: frost is read from the bytes under the check sum."""
    assert decoded(name, "w1-therm") == [{"air_temperature": -2.1875}]


def angles(name: str) -> None:
    """Hold: of angles and speeds that cannot be none gives a wind."""
    winds = [frame for frame in decoded(name, "nmea") if frame]
    assert winds == [{"wind_from_direction": 45.0, "wind_speed": 2.0}]


def weather_head(name: str) -> None:
    """Hold: the means of a head that gives everything in XDR are read, pressure by its own unit."""
    found: dict[str, float] = {}
    for frame in decoded(name, "nmea", met=True):
        found |= frame
    right = {"wind_from_direction": 305.0, "wind_speed": 1.4, "air_temperature": 3.4, "air_pressure": 968.2}
    assert {quantity: found.get(quantity) for quantity in right} == right
    assert found["relative_humidity"] == 88.1


def charger(name: str) -> None:
    """Hold: an unknown label spoils no block."""
    frames = decoded(name, "vedirect", kind="monitor")
    volts = [frame["battery_voltage"] for frame in frames]
    assert volts == [13.24, 13.241, 13.242]


def whole_picture(name: str) -> None:
    """Hold: it is taken."""
    assert extract_jpeg(shared(f"cases/{name}").read_bytes())


def damaged_picture(name: str) -> None:
    """Hold: it is refused."""
    with pytest.raises(NoPictureError):
        extract_jpeg(shared(f"cases/{name}").read_bytes())


def video(name: str) -> None:
    """Hold: of an address of video the first picture is taken."""
    stream = shared(f"cases/{name}").read_bytes()
    with server(lambda _request: stream) as place:
        assert extract_jpeg(still(f"http://{place}/"))


def notepad(name: str) -> None:
    """Hold: a byte order mark and CR LF are no mistake."""
    assert load(shared(f"cases/{name}")).station.id == "bom-1"


def bucket(_name: str) -> None:
    truth.test_a_bucket_with_two_bad_lines_of_a_right_sum_tells_no_rain()


def times(name: str) -> None:
    """Hold: of each day of clocks no minute is further off than it states, none is there twice, and it is told."""
    for line in shared(f"cases-truth/{name}").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        with memory_folder() as folder:
            day = ClockDay(
                folder, Schedule(tellers=(teller(case),), ppm=case.get("ppm", 0.0), watched="ppm" not in case)
            )
            records = day.live(min(case["hours"], 12) * 3600.0)  # ten days of it: the bench
        assert judged(day, records) == [], case["name"]
        assert ("offset_s" not in line) or events(records), case["name"]


def teller(case: dict[str, Any]) -> Teller:
    """Return who tells the time in a case."""
    anchors = case["anchors"]
    if isinstance(anchors, dict):
        return Teller(anchors["source"], anchors["error_s"], every=float(anchors["every_s"]))
    spans = tuple((a["from_s"], a.get("to_s", FOREVER), a["offset_s"]) for a in anchors)
    return Teller("ntp", max(a["error_s"] for a in anchors), spans)


def events(records: list[Record]) -> list[str]:
    """Return what is told to have happened to the time."""
    told = (r.fields() for r in records if r.kind == Kind.HEALTH)
    return [body["reason"]["code"] for body in told if body.get("event") == "time"]


def scenes(_name: str) -> None:
    for number in range(len(truth.SCENES)):
        truth.test_scenes(number)


CASES: dict[str, Callable[[str], None]] = {
    "ascii_rain_counter_two_bad_lines_up.txt": bucket,
    "camera_cut_short_no_end_marker.jpg": damaged_picture,
    "camera_half_grey_with_end_marker.jpg": damaged_picture,
    "camera_whole.jpg": whole_picture,
    "http_mjpeg_stream_first_parts.bin": video,
    "modbus_th_all_words_ffff.bin": void_words,
    "nmea_angle_out_of_range.nmea": angles,
    "nmea_weather_head_wind_in_xdr.nmea": weather_head,
    "station_saved_by_notepad_with_bom.toml": notepad,
    "vedirect_dcdc_charger_labels_with_underscore.bin": charger,
    "w1_slave_below_zero_kernel_5_10.txt": scratchpad,
    "et0_dark_days.jsonl": lambda _name: truth.test_evapotranspiration_of_dark_days(),
    "pressure_whole_hpa.jsonl": lambda _name: truth.test_a_barometer_of_whole_hectopascals_is_good(),
    "rain_counter.jsonl": lambda _name: truth.test_rain_of_gauges_that_restart_and_stray(),
    "scenes.jsonl": scenes,
    "time.jsonl": times,
    "wet_bulb.jsonl": lambda _name: truth.test_wet_bulb_and_delta_t_to_and_over_saturation(),
}


def test_no_case_lies_there_untried() -> None:
    """Each file of both folders has its line."""
    folders: list[Path] = [shared("cases"), shared("cases-truth")]
    files = {file.name for folder in folders for file in folder.iterdir() if file.name != "README.md"}
    assert files == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_case_gives_what_is_right(name: str) -> None:
    """What the file's row in its README calls right."""
    CASES[name](name)
