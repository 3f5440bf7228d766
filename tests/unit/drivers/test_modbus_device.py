"""Sensors on one shared line: a pty, real RTU bytes, the untouched driver and its twins, in simulated time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.devices.modbus import INFO
from drivers.devices.modbus_address import answering, readdress
from drivers.devices.profiles import ProfileError, load, names
from drivers.driver import Device
from drivers.errors import DeviceError, Garbled, NoAnswer, NoFrame, Unplugged, WrongDevice
from drivers.reading import Reading
from drivers.twins.modbus import sealed
from drivers.twins.twin import Fault
from tests.kits.modbus_line import Line, doubts, played, settings, simulated, values


def mast(echo: bool = False) -> Line:
    """Return wind speed, direction, rain and light on one line at 4800 baud."""
    return Line(
        settings("rs-fsjt", address=1),
        settings("rs-fxjt", address=2),
        settings("rain-renke", address=3),
        settings("sen0644", address=4, baud=4800),
        echo=echo,
    )


@pytest.mark.parametrize("echo", [False, True])
def test_four_sensors_share_a_line(echo: bool) -> None:
    """Each sensor of a line gives what its twin was set to, whether or not the adapter echoes requests."""
    line = mast(echo)
    speed, vane, rain, light = line.twins
    speed.set("wind_speed", 12.3)
    vane.set("wind_from_direction", 354)
    rain.set("rainfall_amount", 20.09)
    light.set("illuminance", 126_543.217)
    assert line.use(lambda devices: [values(device) for device in devices]) == [
        {"wind_speed": 12.3},
        {"wind_from_direction": 354.0},
        {"rainfall_amount": 20.0},
        {"illuminance": 126_543.217},
    ]


def test_a_reading_is_stamped_when_its_answer_had_arrived() -> None:
    """The stamp is the instant of the frame's last byte; the first time a second device's answer is waited for then."""
    line = mast()

    def run(devices: list[Device]) -> list[tuple[float, Reading, float]]:
        found = []
        for _ in range(2):
            before = line.clock.now()
            (reading,) = devices[0].read()
            found.append((before, reading, line.clock.now()))
        return found

    first, (before, reading, after) = line.use(run)
    assert reading.at == after
    assert first[1].at - first[0] == pytest.approx(reading.at - before, abs=0.05)
    assert first[2] - first[1].at > 0.2
    assert reading.at - before > (8 + 9) * 10 / 4800  # request and answer take their time at 4800 baud


def test_two_runs_are_alike() -> None:
    """The same seed gives the same readings at the same instants, again and again."""

    def run() -> list[Reading]:
        line = mast()
        return line.use(lambda devices: [r for _ in range(50) for d in devices for r in d.read()])

    assert run() == run()


def test_a_rain_counter_starts_again_after_its_wrap() -> None:
    """The driver gives the device's own total and says where it wraps; it never corrects it."""
    line = mast()

    def run(devices: list[Device]) -> list[tuple[float, float | None]]:
        seen = []
        for total in (6553.5, 6553.6, 6553.8):
            line.twins[2].set("rainfall_amount", total)
            (reading,) = devices[2].read()
            seen.append((reading.value, reading.wraps_at))
        return seen

    assert line.use(run) == [(6553.5, 6553.6), (0.0, 6553.6), (0.2, 6553.6)]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.SILENT, NoAnswer),
        (Fault.SLOW, NoAnswer),
        (Fault.NOISE, Garbled),
        (Fault.SHORT, Garbled),
        (Fault.OTHER_ADDRESS, WrongDevice),
    ],
)
def test_a_faulty_sensor_costs_only_itself(fault: Fault, kind: type[DeviceError]) -> None:
    """A sensor at fault raises its error within half a second, its neighbours go on, and it comes back."""
    line = mast()

    def run(devices: list[Device]) -> None:
        values(devices[0])
        line.twins[0].misbehave(fault)
        for _ in range(20):
            before = line.clock.now()
            with pytest.raises(kind):
                devices[0].read()
            assert line.clock.now() - before < 0.5
            assert set(values(devices[1])) == {"wind_from_direction"}
            assert set(values(devices[2])) == {"rainfall_amount"}
            line.clock.sleep_until(before + 2.0)
        line.twins[0].misbehave(None)
        line.clock.sleep_until(line.clock.now() + 2.0)
        line.twins[0].set("wind_speed", 3.0)
        assert values(devices[0]) == {"wind_speed": 3.0}

    line.use(run)


def test_a_stuck_sensor_repeats_its_value() -> None:
    """A stuck sensor gives its last value for ever; that it is stuck is for the quality control to see."""
    line = mast()

    def run(devices: list[Device]) -> list[dict[str, float]]:
        line.twins[0].set("wind_speed", 3.0)
        line.twins[0].misbehave(Fault.STUCK)
        line.twins[0].set("wind_speed", 9.0)
        return [values(devices[0])]

    assert line.use(run) == [{"wind_speed": 3.0}]


def test_an_adapter_that_is_pulled_out_is_unplugged() -> None:
    """Pulling the adapter out gives Unplugged at once and not a silent device."""
    line = mast()

    def run(devices: list[Device]) -> None:
        values(devices[0])
        line.wire.unplug()
        with pytest.raises(Unplugged):
            devices[0].read()

    line.use(run)


def test_a_word_at_the_end_of_the_range_is_doubted() -> None:
    """A light sensor of 16 bits under mountain sun stands at 65535, and its reading says so."""
    line = Line(settings("rs-gz-n01-2"))
    line.twins[0].set("illuminance", 70_000)  # more than 16 bits hold
    assert line.use(lambda devices: doubts(devices[0])) == {
        "relative_humidity": None,
        "air_temperature": None,
        "illuminance": "at the end of the device's range",
    }


@pytest.mark.parametrize("name", names())
def test_every_profile_reads_its_twin(name: str) -> None:
    """Every built-in profile gives, through the line, the values its twin was set to, to the device's step."""
    optional = [entry.quantity for entry in load(name).registers if entry.optional]
    line = Line(settings(name, fitted=optional, address=9))
    registers = load(name).registers
    wanted = {entry.quantity: entry.low + 0.37 * (entry.high - entry.low) for entry in registers}
    for quantity, value in wanted.items():
        line.twins[0].set(quantity, value)
    got = line.use(lambda devices: values(devices[0]))
    steps = {entry.quantity: abs(entry.scale) for entry in registers}
    assert set(got) == set(wanted) == {channel.quantity for channel in INFO.channels(line.sensors[0])}
    assert all(abs(got[quantity] - wanted[quantity]) <= steps[quantity] for quantity in wanted)
    assert set(line.use(lambda devices: doubts(devices[0])).values()) == {None}


def test_below_freezing_is_below_zero() -> None:
    """Two's complement of a signed register comes out negative, in one word and in two."""
    for name, low in (("rs-ecth", "soil_temperature"), ("sensecap-one", "air_temperature")):
        line = Line(settings(name))
        line.twins[0].set(low, -10.1)
        assert line.use(lambda devices: values(devices[0]))[low] == pytest.approx(-10.1)


def test_what_was_not_ordered_is_not_published() -> None:
    """An optional element is read only where the settings name it as fitted."""
    bare, some = Line(settings("station-renke")), Line(settings("station-renke", fitted="pm2p5, pm10"))
    wind = {"wind_speed", "wind_from_direction"}
    assert set(bare.use(lambda devices: values(devices[0]))) == wind
    assert set(some.use(lambda devices: values(devices[0]))) == wind | {"pm2p5", "pm10"}


def test_a_station_with_the_other_scale_is_doubted_until_it_is_set() -> None:
    """A station that counts hundredths is doubted under a profile of tenths, and read right by speed_scale."""
    line = Line(settings("station-renke", speed_scale=0.01))
    line.twins[0].set("wind_speed", 4.21)
    assert line.use(lambda devices: values(devices[0]))["wind_speed"] == 4.21
    tenths = [settings("station-renke", port=line.wire.path)]
    line.sensors = tenths
    said = line.use(lambda devices: (values(devices[0])["wind_speed"], doubts(devices[0])["wind_speed"]))
    assert said == (42.1, "speed and Beaufort force disagree by ten: is the scale 0.1 or 0.01?")


def test_a_function_can_be_set() -> None:
    """A sensor that wants function 4 refuses the profile's 3, and answers where the settings say 4."""
    line = Line(settings("rs-fsjt", function=4))
    line.twins[0].set("wind_speed", 2.0)
    assert line.use(lambda devices: values(devices[0])) == {"wind_speed": 2.0}
    line.sensors = [settings("rs-fsjt", port=line.wire.path)]
    with pytest.raises(WrongDevice, match="exception 1, illegal function"):
        line.use(lambda devices: values(devices[0]))


def test_another_model_at_the_address_is_refused_at_opening() -> None:
    """A device whose identity registers hold something else is not read as a rain gauge."""
    line = Line(settings("sen0575", address=5), settings("mtec-02a", address=6))
    line.sensors = [settings("sen0575", address=6, port=line.wire.path)]
    with pytest.raises(WrongDevice, match="this is not a rain gauge SEN0575"):
        line.use(lambda devices: None)


@pytest.mark.parametrize("echo", [False, True])
def test_a_sensor_gets_another_address(echo: bool) -> None:
    """After readdress the sensor answers at the new address and no longer at the old one."""
    line = Line(settings("rs-fsjt", address=1), settings("rs-fxjt", address=2), echo=echo)
    assert line.on_bus(lambda bus: readdress(bus, line.sensors[0], 247)) is True
    assert line.twins[0].address == 247
    with pytest.raises(NoAnswer):
        line.use(lambda devices: values(devices[0]))


def test_a_refused_address_is_no_success() -> None:
    """A sensor that would take its address at the next power-up, but refuses the write, is not called readdressed."""
    sensor = settings("sensecap-orch-s4")
    reads = sealed(b"\x01\x04\x0c" + bytes(12))
    refuses, takes = sealed(b"\x01\x86\x03"), sealed(b"\x01\x06\x00\x10\x00\x05")
    with pytest.raises(WrongDevice, match="exception 3, illegal data value"):
        simulated(lambda clock: readdress(played(clock, reads, b"", refuses), sensor, 5))
    assert simulated(lambda clock: readdress(played(clock, reads, b"", takes), sensor, 5)) is False


def test_a_taken_address_is_refused() -> None:
    """No sensor is moved to where another one answers: both would be lost until one is unplugged."""
    line = Line(settings("rs-fsjt", address=1), settings("rs-fxjt", address=2))
    with pytest.raises(WrongDevice, match="address 2 is taken"):
        line.on_bus(lambda bus: readdress(bus, line.sensors[0], 2))
    assert line.twins[0].address == 1


@pytest.mark.parametrize(
    ("profile", "call", "says"),
    [
        ("rs485-th", lambda bus, sensor: readdress(bus, sensor, 3), "no \\[addressing\\]"),
        ("rs-fsjt", lambda bus, sensor: readdress(bus, sensor, 248), "must be 1 to 247"),
        ("rs-fsjt", lambda bus, sensor: readdress(bus, sensor, 0), "must be 1 to 247"),
    ],
)
def test_what_a_profile_does_not_know_is_not_written(profile: str, call: Callable[..., object], says: str) -> None:
    """Without the profile's word for it nothing is written, and the sentence says what is missing."""
    line = Line(settings(profile))
    with pytest.raises(ProfileError, match=says):
        line.on_bus(lambda bus: call(bus, line.sensors[0]))


ALL = 250  # requests of a scan: one for each address, and some more


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (sealed(b"\x05\x03\x04\x02\x8f\x00\xeb"), [5]),
        (sealed(b"\x01\x03\x04\x02\x8f\x00\xeb"), [1]),
        (sealed(b"\xf7\x03\x04\x02\x8f\x00\xeb"), [247]),
        (sealed(b"\x05\x83\x02"), [5]),
        (sealed(b"\x05\x03\x04\x02\x8f\x00\xeb")[:-1] + b"\0", [5]),
        (sealed(b"\x05\x03\x02\x02\x8f"), [5]),
    ],
)
def test_who_answers_every_request_is_at_one_address(said: bytes, found: list[int]) -> None:
    """Whatever it answers, damaged or a refusal: the line is looked through for who is there, not for how it is."""
    sensor = settings("th-renke", address=1)
    assert simulated(lambda clock: list(answering(played(clock, *[said] * ALL), sensor))) == found


@pytest.mark.parametrize(
    ("said", "told"),
    [(b"\xf8\x00\x8f\xe0" * 10, "no_frame_but_bytes"), (b"$WIMWV,45.0,R,2.0,M,A*2E\r\n" * 2, "another_text")],
)
def test_noise_and_another_device_s_bytes_are_no_addresses(said: bytes, told: str) -> None:
    """Every address seemed to answer on a line at another speed; what comes there is told in the end."""
    sensor = settings("th-renke", address=1)
    with pytest.raises(NoFrame) as raised:
        simulated(lambda clock: list(answering(played(clock, *[said] * ALL), sensor)))
    assert raised.value.detail.code == told
    assert simulated(lambda clock: list(answering(played(clock), sensor))) == []
