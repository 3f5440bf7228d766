"""Fields of NMEA sentences that cannot be read, units of other makers, units that disagree."""

from __future__ import annotations

import pytest

from drivers.driver import Frame, Refused
from tests.kits.streams import decode
from tests.unit.drivers.test_nmea import decoder, sentence, values


@pytest.mark.parametrize(
    ("text", "told", "why"),
    [
        (
            "WIXDR,C,#,C,0,H,55.0,P,0,P,1000.1,H,0",
            {"relative_humidity", "air_pressure"},
            "air_temperature: not a number",
        ),
        ("WIXDR,A,#,D,1,S,1.5,M,1", {"wind_speed"}, "wind_from_direction: not a number"),
        (
            "WIXDR,C,20.1,C,0,H,55.0,P,0,P,100.1,K,0",
            {"air_temperature", "relative_humidity"},
            'air_pressure: unknown unit "K"',
        ),
        ("WIXDR,C,20.1,C,0,H,55.0,G,0", {"air_temperature"}, 'relative_humidity: unknown unit "G"'),
        (
            "WIMDA,29.92,I,1.013,B,--,C,,,50.0,,9,C",
            {"air_pressure", "relative_humidity"},
            "air_temperature: not a number",
        ),
    ],
)
def test_a_field_that_cannot_be_read_costs_its_own_quantity_alone(text: str, told: set[str], why: str) -> None:
    """One unreadable field of a weather head leaves the other values, and is itself refused by its name."""
    frame, refused = decode(decoder(met=True), sentence(text))
    assert set(values(frame)) == told
    assert isinstance(refused, Refused)
    assert str(refused.reason) == why


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("WIMMB,29.92,I,0.9132,B", {}),
        ("WIMDA,29.92,I,913.2,B", {}),
        ("WIMWD,10,T,12,M,10.0,N,51.4,M", {"wind": "MWD"}),
        ("WIVWR,45,L,10.0,N,5.14,M,185,K", {}),
    ],
)
def test_a_value_that_two_units_tell_differently_is_refused(text: str, keys: dict[str, str]) -> None:
    """A head that tells one value in two units which disagree is believed in neither."""
    (item,) = decode(decoder(met=True, **keys), sentence(text))
    assert isinstance(item, Refused)
    assert "in one unit" in str(item.reason)


@pytest.mark.parametrize("told", ["68.0,F", "20.0,c", "293.15,K"])
def test_a_head_s_temperature_is_read_in_each_of_its_units(told: str) -> None:
    """Fahrenheit, kelvin and small letters give degrees Celsius, in MDA, MTA and XDR alike."""
    for text in (f"WIMDA,29.92,I,1.013,B,{told}", f"WIMTA,{told}", f"WIXDR,C,{told},AIR"):
        (item,) = decode(decoder(met=True), sentence(text))
        assert values(item)["air_temperature"] == pytest.approx(20.0)


@pytest.mark.parametrize(
    "told",
    [
        *(
            "0.8663,B",
            "0.8663,bar",
            "86630,P",
            "86630,Pa",
            "86.63,kPa",
            "866.3,H",
            "866.3,hPa",
            "866.3,mbar",
            "866.3,mb",
        ),
        *("25.582,I", "25.582,inHg", "649.78,M", "649.78,mmHg"),
    ],
)
def test_a_pressure_in_an_xdr_is_read_in_each_unit_that_makers_write(told: str) -> None:
    """The standard's one letter and the unit written out, in any case, give the same hPa."""
    (item,) = decode(decoder(met=True), sentence(f"WIXDR,P,{told},BARO"))
    assert values(item)["air_pressure"] == pytest.approx(866.3, abs=0.01)


@pytest.mark.parametrize(
    ("unit", "why"),
    [("K", 'unknown unit "K"'), ("", "unit missing"), ("atmospheres", 'unknown unit "ATMOSPHE"')],
)
def test_a_pressure_in_an_unknown_unit_is_none_and_the_unit_is_named(unit: str, why: str) -> None:
    """K may be kPa or kelvin, and no unit may be any: such a value is not guessed at."""
    (item,) = decode(decoder(met=True), sentence(f"WIXDR,P,866.3,{unit},BARO"))
    assert isinstance(item, Refused)
    assert str(item.reason) == f"air_pressure: {why}"


@pytest.mark.parametrize(
    ("unit", "speed"),
    [("K", 10.0), ("M", 36.0), ("N", 18.52), ("S", 16.09344), ("P", 16.09344), ("F", 0.18288), ("m", 36.0)],
)
def test_units_of_speed(unit: str, speed: float) -> None:
    """Kilometres an hour, metres a second, knots, miles an hour and Gill's feet a minute all become m/s."""
    (item,) = decode(decoder(), sentence(f"IIMWV,000.2,R,+036.0,{unit},A"))
    assert values(item) == {"wind_from_direction": 0.2, "wind_speed": pytest.approx(speed)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("WIMWD,270.0,T,268.1,M,5.0,M,,", {"wind_from_direction": 270.0, "wind_speed": 5.0}),
        ("WIMWD,268.1,M,270.0,T,18.0,K,5.0,M", {"wind_from_direction": 270.0, "wind_speed": 5.0}),
        ("WIMWD,268.1,M,,,,,5.0,M", {"wind_speed": 5.0}),
        ("IIVWR,45.0,L,3.6,M,7.0,N,13.0,K", {"wind_from_direction": 315.0, "wind_speed": 3.6}),
        ("IIVWR,45.0,L,18.0,K", {"wind_from_direction": 315.0, "wind_speed": 5.0}),
        ("WIMMB,1.0132,B,29.92,I", {"air_pressure": 1013.2}),
        ("WIMMB,1013.2,H", {"air_pressure": 1013.2}),
        ("WIMMB, , ,1013.2, B", {"air_pressure": 1013.2}),
        ("WIMDA,1.0132,B,,,-3.2,c", {"air_pressure": 1013.2, "air_temperature": -3.2}),
        ("PAMWV,357.0,R,5.2,M,A", {"wind_from_direction": 357.0, "wind_speed": 5.2}),
        ("WIMWV,357.0,r,5.2,m,A", {"wind_from_direction": 357.0, "wind_speed": 5.2}),
        ("WIXDR,C,2.3,C,TA1,H,90,P,RH1,P,101320,P,PA1", {"air_temperature": 2.3, "relative_humidity": 90.0}),
        ("WIXDR,C,2.3,C,ENV_OUTAIR_T,H,66.6,P,ENV_OUTAIR_T", {"air_temperature": 2.3, "relative_humidity": 66.6}),
    ],
)
def test_units_are_read_by_their_letters(text: str, told: dict[str, float]) -> None:
    """Wherever a maker writes a unit, its letter counts and not its place; magnetic north is not north."""
    (item,) = decode(decoder(met=True, wind="MWD" if "MWD" in text else "R"), sentence(text))
    found = values(item)
    assert found == pytest.approx(told | ({"air_pressure": 1013.2} if "air_pressure" in found else {}), abs=0.1)


@pytest.mark.parametrize("text", ["WIMWV,,R,,N,A", "IIVWR,,L,,N,,M,,K", "WIMWD,,T,,M,,N,,M"])
def test_a_wind_without_any_field_is_named(text: str) -> None:
    """A wanted sentence with empty fields is no foreign one: it is refused as what it is."""
    (item,) = decode(decoder(wind="MWD" if "MWD" in text else "R"), sentence(text))
    assert isinstance(item, Refused) and str(item.reason) == "its fields are empty"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("WI,WVP=020.0,045,0", "$WI,WVP=020.0,045,0"),
        ("WIMWV,9.0,T,2.0,M,A", "MWV T"),
        ("WIMWV,9.0,,2.0,M,A", "MWV"),
        ("GPZDA,201530.00,04,07,2002,00,00", "ZDA"),
        ("WIXDR,C,2.3,C,ENGINE#0,U,12.1,V,", "XDR C ENGINE#0, U"),
    ],
)
def test_what_a_head_sends_instead_is_shown(text: str, kind: str) -> None:
    """A maker's own sentence and a wind against another reference are whole frames, and told by what they are."""
    (item,) = decode(decoder(), sentence(text))
    assert not values(item)
    assert isinstance(item, Frame) and item.kind == kind


@pytest.mark.parametrize("text", ["45.0,,6.0,N", "45.0,X,6.0,N", "200.0,L,6.0,N", "-45.0,R,6.0,N", "180.5,R,6.0,N"])
def test_an_angle_to_no_side_of_the_bow_gives_no_wind(text: str) -> None:
    """Left or right is said of each angle but straight ahead and astern, and none is over half a turn."""
    (item,) = decode(decoder(), sentence(f"IIVWR,{text}"))
    assert isinstance(item, Refused) and item.reason.code == "angle_out_of_range"


@pytest.mark.parametrize(
    ("told", "angle"), [(-180.0, 180.0), (-179.9, 180.1), (-121.0, 239.0), (360.0, 0.0), (0.0, 0.0)]
)
def test_each_way_to_tell_an_angle_is_read(told: float, angle: float) -> None:
    """Heads tell 0 to 360 or -180 to 180, both ends included; a tenth beyond is none."""
    assert values(decode(decoder(), sentence(f"WIMWV,{told},R,2.0,M,A"))[0])["wind_from_direction"] == angle
    beyond = told + (0.1 if told > 0 else -0.1) if told in (-180.0, 360.0) else 360.1
    (item,) = decode(decoder(), sentence(f"WIMWV,{beyond:.1f},R,2.0,M,A"))
    assert isinstance(item, Refused)


@pytest.mark.parametrize(
    ("temperature", "humidity", "pressure"),
    [
        ("TMP", "HU", "PRES"),
        ("TEMP_OUT", "HUMID", "Barometric Pressure"),
        ("EXT_TEMP", "EXT_HUM", "ATM_PRESS"),
        ("Ambient Temp", "Ambient Humidity", "Ambient Pressure"),
        ("Outside", "Outside", "Baro"),
        ("T", "Relative Humidity", "P"),
        ("Outdoor Air", "RELHUM", "AIRP"),
    ],
)
def test_ids_of_the_air_are_known_by_their_words(temperature: str, humidity: str, pressure: str) -> None:
    """Each maker has an order and an abbreviation of its own for the same three."""
    (frame,) = decode(decoder(met=True), sentence(f"WIXDR,C,21.0,C,{temperature},H,55,P,{humidity},P,836,H,{pressure}"))
    assert values(frame) == {"air_temperature": 21.0, "relative_humidity": 55.0, "air_pressure": 836.0}


@pytest.mark.parametrize("name", ["Inside Temp", "ENV_WATER_T", "Dew", "Cabin", "Engine 1", "TEMP 5", "QNH", "MSLP"])
def test_ids_of_anything_else_are_no_air(name: str) -> None:
    """A cabin, water, a dew point and the pressure at sea level are not what the station measures."""
    (frame,) = decode(decoder(met=True), sentence(f"WIXDR,C,21.0,C,{name},H,55,P,{name},P,836,H,{name}"))
    assert values(frame) == {}


@pytest.mark.parametrize(("angle", "speed"), [("045.", ".5"), ("45", "0.5"), ("+45.0", "00.50")])
def test_a_number_needs_no_digit_on_one_side_of_its_point(angle: str, speed: str) -> None:
    """NMEA's numbers may leave out zeros before and behind the point; a nought has no sign."""
    (frame,) = decode(decoder(), sentence(f"WIMWV,{angle},R,{speed},M,A"))
    assert values(frame) == {"wind_from_direction": 45.0, "wind_speed": 0.5}
    (frame,) = decode(decoder(), sentence("WIMWV,0.0,R,-0.0,M,A"))
    assert str(values(frame)["wind_speed"]) == "0.0"


@pytest.mark.parametrize(("wind", "other"), [("R", "T"), ("T", "R")])
def test_a_wind_that_is_not_read_may_be_void(wind: str, other: str) -> None:
    """Heads without a compass send a theoretical wind that is void beside the relative one: it is no fault."""
    chosen = decoder(wind=wind)
    frame, good = decode(chosen, sentence(f"WIMWV,,{other},,N,V") + sentence(f"WIMWV,90.0,{wind},3.4,M,A"))
    assert isinstance(frame, Frame) and values(frame) == {}
    assert values(good) == {"wind_from_direction": 90.0, "wind_speed": 3.4}
    (item,) = decode(decoder(wind=wind), sentence(f"WIMWV,,{wind},,N,V"))
    assert isinstance(item, Refused) and str(item.reason) == "status V"


@pytest.mark.parametrize("text", ["WIMTA,20.1,R", "WIMDA,29.92,I,1.013,B,20.1,R", "WIXDR,C,20.1,R,AIR"])
def test_a_temperature_in_an_unknown_unit_is_none(text: str) -> None:
    """It is named by its unit, and its neighbours stay."""
    items = decode(decoder(met=True), sentence(text))
    assert isinstance(items[-1], Refused)
    assert 'unknown unit "R"' in str(items[-1].reason)
    assert all("air_temperature" not in values(item) for item in items[:-1])


@pytest.mark.parametrize("idle", [b"\0", b"\xff", b"\xff\0\xff", b" ", b"\t"])
def test_what_a_line_gives_between_sentences_is_no_damage(idle: bytes) -> None:
    """Blanks at a line's end, and RS-485 that changes its direction, made half of a good head's frames damaged."""
    lines = [idle + sentence("WIMWV,224.8,R,0.3,N,A") + idle + b"\r\n" for _ in range(3)]
    assert all(isinstance(item, Frame) for item in decode(decoder(), b"".join(lines)))


@pytest.mark.parametrize(("told", "wanted"), [("45,L", 45.0), ("45,R", 135.0), ("170,R", 260.0), ("100,L", 350.0)])
def test_an_angle_to_a_side_of_the_bow_is_turned_by_the_heading(told: str, wanted: float) -> None:
    """With a bow mark that points to the east, 45 degrees to the left of it is wind from the north-east."""
    (item,) = decode(decoder(heading=90.0), sentence(f"WIVWR,{told},10.0,N,5.14,M,18.5,K"))
    assert values(item)["wind_from_direction"] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "WIXDR,C,35.0,C,1,C,21.0,C,2,H,45.0,P,2",
        "WIXDR,C,35.0,C,3,C,21.0,C,2,P,913.2,H,2",
        "WIXDR,C,35.0,C,1,C,21.0,C,0",
    ],
)
def test_a_numbered_head_s_air_is_the_one_beside_its_humidity(text: str) -> None:
    """Its heater and its supply have temperatures too, by their own numbers, and may stand first."""
    (item,) = decode(decoder(met=True), sentence(text))
    assert values(item)["air_temperature"] == 21.0


@pytest.mark.parametrize("speed", ["2.3", "2.30000000", "2.2999999523162842", "+002.3", "2.3000000000000000"])
def test_a_number_may_have_all_the_digits_that_a_computer_prints(speed: str) -> None:
    """A head of somebody's own making writes a float as its library has it: that was no number."""
    (item,) = decode(decoder(), sentence(f"WIMWV,118.00000000,R,{speed},M,A"))
    assert values(item) == pytest.approx({"wind_from_direction": 118.0, "wind_speed": 2.3})
