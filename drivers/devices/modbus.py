"""Sensors on RS-485 with Modbus RTU: one driver; each maker's register map is a profile (data).

A sensor is `profile = "rs-fsjt"` (built in) or `profile = "my-sensor.toml"`; baud rate, parity, address and interval
are the profile's unless the station's file sets them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from drivers.buses import rtu
from drivers.buses.bus import OnModbus
from drivers.devices import modbus_stream
from drivers.devices.heard import HeardBytes
from drivers.devices.modbus_registers import RegisterRequest, fitted, not_void, plan, void_answer
from drivers.devices.profiles import Identity, Profile, load
from drivers.driver import Channel, DriverInfo
from drivers.errors import DeviceError, Garbled, NoAnswer, SettingError, WrongDevice
from drivers.paths import PathText
from drivers.reason import Reason

if TYPE_CHECKING:
    from drivers.buses.modbus import ModbusBus
    from drivers.clock import Clock
    from drivers.reading import Reading

ILLEGAL_FUNCTION = 1  # an exception's number
LEAST_UNASKED = 32  # bytes; a late answer of another device is shorter
NO_FRAME = ("no_whole_frame", "checksum_wrong", "no_frame_among")  # the reasons for bytes that are not a frame
FROM_PROFILE = ("baud", "parity", "address", "interval", "most_registers")


def _listed(value: object) -> object:
    """Return a list, or names separated by commas as on a command line, as a tuple."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return tuple(value) if isinstance(value, list) else value


NO_OPTIONAL = Reason("no_optional_quantities", "no optional quantities")


class ModbusSettings(OnModbus):
    """Place and type of a Modbus sensor.

    - `profile`: a built-in profile's name, or the path of a .toml file.
    - `function`: 3 or 4 if the device needs another than its profile states.
    - `speed_scale`: m/s per count of the wind speed, if the model differs (0.1 or 0.01).
    - `fitted`: the optional quantities that were ordered with this device.
    - `interval`: seconds between two reads.
    - `most_registers`: how many registers one request may read; 1 if the device answers only single ones.
    """

    profile: PathText
    function: Literal[3, 4] | None = None
    speed_scale: float | None = Field(default=None, gt=0, le=1)
    fitted: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    interval: float = Field(default=10.0, gt=0, le=60)
    most_registers: int = Field(default=32, ge=1, le=125)

    @model_validator(mode="before")
    @classmethod
    def _of_the_profile(cls, data: Any) -> Any:
        """Fill in missing keys from the profile.

        A profile that cannot be loaded is reported by the validation below.
        """
        if not isinstance(data, dict):
            return data
        try:
            profile = load(str(data.get("profile", "")))
        except ValueError:
            return data
        return {**{key: getattr(profile, key) for key in FROM_PROFILE}, **data}

    @field_validator("profile")
    @classmethod
    def _loads(cls, named: str) -> str:
        load(named)
        return named

    @field_validator("fitted")
    @classmethod
    def _can_be_ordered(cls, ordered: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        named = info.data.get("profile")
        if named is None:
            return ordered  # already refused
        optional = [entry.quantity for entry in load(named).registers if entry.optional]
        unknown = [name for name in ordered if name not in optional]
        if unknown:
            there = ", ".join(optional) or NO_OPTIONAL
            raise SettingError(
                Reason(
                    "not_to_order",
                    "{profile} has no optional {unknown}; it has {there}",
                    profile=named,
                    unknown=", ".join(unknown),
                    there=there,
                )
            )
        return ordered


class ModbusDevice:
    """One sensor on the line."""

    def __init__(self, bus: ModbusBus, settings: ModbusSettings, profile: Profile) -> None:
        self._bus = bus
        self._address = settings.address
        self._timeout = profile.timeout_ms / 1000
        self._pause = profile.pause_ms / 1000
        self._baud = settings.baud
        self._heard = bus.heard.setdefault(settings.address, HeardBytes())
        self._heard.is_known = False  # another one may have taken its place
        self._requests = plan(
            profile, settings.fitted, settings.function, settings.speed_scale, settings.most_registers
        )
        self._items = tuple(item for request in self._requests for item in request.items)

    def read(self) -> tuple[Reading, ...]:
        """Return all quantities, each with the instant at which its answer arrived.

        A quantity for which the device states that it has no value is left out. Raise NoAnswer if that is so for all,
        or the line's errors.
        """
        words: dict[tuple[int, int], int] = {}
        arrivals = []
        for request in self._requests:
            values = self._answer(request)
            arrivals.append(self._bus.arrived)
            words.update(zip(request.places, values))
        kept = not_void(self._items, words)
        self._heard.good()
        if not kept:
            raise NoAnswer(void_answer(self._items, words))
        return tuple(
            [
                item.reading(words, at)
                for request, at in zip(self._requests, arrivals)
                for item in request.items
                if item in kept
            ]
        )

    def greet(self) -> None:
        """Make its first request, whatever its registers hold. Raise as `read`, void answers aside."""
        self._answer(self._requests[0])

    def _answer(self, request: RegisterRequest) -> tuple[int, ...]:
        """Return the registers of one request. Raise the line's errors, with their cause as far as it can be found."""
        count = len(request.places)
        if not self._heard.is_known:
            self._heard.begin()
            self._heard.add(self._bus.unasked())
        try:
            return read_registers(
                self._bus, self._address, request.function, request.start, count, self._timeout, self._pause
            )
        except (NoAnswer, Garbled) as error:
            if isinstance(error, Garbled):
                self._heard.add(self._bus.stray)
            if (other := self._heard.other()) is not None:
                raise other from None
            if self._heard.is_known or error.detail.code == "answer_late" or not self._is_no_frame(error, request):
                raise
            raise self._heard.cause(self._timeout, self._baud) from None

    def _is_no_frame(self, error: DeviceError, request: RegisterRequest) -> bool:
        """Return whether the received bytes do not resemble an answer of this device: no frame, beginning or length.

        A single 00 or ff appears while the line's drivers change direction; a few unrequested bytes are normal too.
        """
        if isinstance(error, NoAnswer):
            return self._heard.count >= LEAST_UNASKED
        came = self._bus.stray.lstrip(rtu.NO_ADDRESSES)
        begins = came.startswith(tuple(bytes([self._address, request.function | bit]) for bit in (0, 0x80)))
        is_damaged = begins or len(came) == rtu.answer_bytes(len(request.places))
        return error.detail.code in NO_FRAME and bool(came) and not is_damaged

    def close(self) -> None:
        """Do nothing: the lane owns the line."""


def read_registers(
    bus: ModbusBus,
    address: int,
    function: int,
    start: int,
    count: int,
    timeout: float,
    pause: float = 0.0,
    insist: bool = False,
) -> tuple[int, ...]:
    """Return registers in one request, as `ModbusBus.read`; if the block is refused, the error says what may help."""
    try:
        return bus.read(address, function, start, count, timeout, pause, insist)
    except WrongDevice as error:
        why = error.detail.inner("reason")
        if error.detail.code != "device_refused" or why is None:
            raise
        if why.params.get("number") == ILLEGAL_FUNCTION:
            raise WrongDevice(function_refused(error.detail, function)) from None
        if count > 1:
            raise WrongDevice(block_refused(error.detail, count)) from None
        raise


def function_refused(why: Reason, function: int) -> Reason:
    """Return the reason that a device does not support a request's function, with what may help."""
    return Reason(
        "function_refused",
        "{reason}: function {function} is not known to it; if it has the other one, set function = {other}",
        reason=why,
        function=function,
        other=sum(rtu.READS) - function,
    )


def block_refused(why: Reason, count: int) -> Reason:
    """Return the reason that a device refuses a request of several registers, with what may help."""
    return Reason(
        "block_refused",
        "{reason}, {count} registers in one request: if it only answers requests for single "
        "registers, set most_registers = 1",
        reason=why,
        count=count,
    )


def open_device(bus: ModbusBus, settings: ModbusSettings, clock: Clock) -> ModbusDevice:
    """Open the device and check its identity if its profile has one. Raise WrongDevice if it is another."""
    profile = load(settings.profile)
    if profile.identity is not None:
        _identify(bus, settings, profile, profile.identity)
    return ModbusDevice(bus, settings, profile)


def _identify(bus: ModbusBus, settings: ModbusSettings, profile: Profile, identity: Identity) -> None:
    function, timeout = settings.function or profile.function, profile.timeout_ms / 1000
    most, end = settings.most_registers, identity.first + len(identity.words)
    found: list[int] = []
    for start in range(identity.first, end, most):
        found += read_registers(bus, settings.address, function, start, min(most, end - start), timeout)
    if found != identity.words:
        shown = " ".join(f"{word:04x}" for word in found)
        raise WrongDevice(
            Reason(
                "other_identity",
                "its identity registers hold {words}: this is not a {title}",
                words=shown,
                title=profile.title,
            )
        )


def channels(settings: ModbusSettings) -> tuple[Channel, ...]:
    """Return the channels of the profile's fitted registers."""
    profile = load(settings.profile)
    return tuple(
        Channel(entry.quantity, entry.low, entry.high, entry.resolution) for entry in fitted(profile, settings.fitted)
    )


def decoder(settings: ModbusSettings) -> modbus_stream.ModbusDecoder:
    """Return a decoder of recorded requests and answers, in any chunking."""
    requests = plan(
        load(settings.profile), settings.fitted, settings.function, settings.speed_scale, settings.most_registers
    )
    return modbus_stream.ModbusDecoder(settings.address, requests)


INFO = DriverInfo(
    name="modbus",
    bus="modbus",
    settings=ModbusSettings,
    channels=channels,
    open=open_device,
    interval=10.0,
    timeout=2.0,
    twin="drivers.twins.modbus:ModbusDeviceTwin",
    decoder=decoder,
    source="Modbus application protocol V1.1b3; each profile names the maker's paper",
)
