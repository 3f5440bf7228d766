"""Find drivers by name: the modules of `drivers/devices/` and the entry points `minshan.drivers`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points

import msgspec

from drivers import devices
from drivers.driver import DriverInfo

GROUP = "minshan.drivers"


class UnknownDriverError(LookupError):
    """No driver has that name.

    `known`: the existing names; `broken`: why the entry point of that name does not load, "" if there is none.
    """

    def __init__(self, name: str, known: tuple[str, ...], broken: str = "") -> None:
        super().__init__(f"no driver {name!r}; known are {', '.join(known)}")
        self.name = name
        self.known = known
        self.broken = broken


class Broken(msgspec.Struct, frozen=True):
    """An entry point that does not load a driver: its name, its target, and why it is left out."""

    name: str
    names: str
    why: str


def catalog() -> dict[str, DriverInfo]:
    """Return every driver by its name, ours first; a third party's may not take one of our names."""
    found = {info.name: info for info in _own()}
    for entry in _announced():
        if isinstance(entry, DriverInfo):
            found.setdefault(entry.name, entry)
    return dict(sorted(found.items()))


def broken() -> list[Broken]:
    """Return the entry points of other packages that do not load a driver."""
    return [entry for entry in _announced() if isinstance(entry, Broken)]


def find(name: str) -> DriverInfo:
    """Return the driver of that name. Raise UnknownDriverError with the existing names."""
    last = name.replace("-", "_")
    own = f"{devices.__name__}.{last}"
    try:
        module = importlib.import_module(own) if last.isidentifier() else None  # a dot would import another package
    except ModuleNotFoundError as error:
        if error.name != own:
            raise
    else:
        info = getattr(module, "INFO", None)
        if isinstance(info, DriverInfo) and info.name == name:
            return info
    known = catalog()
    if name not in known:
        raise UnknownDriverError(name, tuple(known), next((one.why for one in broken() if one.name == name), ""))
    return known[name]


@cache  # as below
def _own() -> tuple[DriverInfo, ...]:
    infos = []
    for module in pkgutil.iter_modules(devices.__path__):
        info = getattr(importlib.import_module(f"{devices.__name__}.{module.name}"), "INFO", None)
        if isinstance(info, DriverInfo):
            infos.append(info)
    return tuple(infos)


@cache  # called each time that a device gives no data, and it reads the metadata of all packages
def _announced() -> tuple[DriverInfo | Broken, ...]:
    """Return what the entry points of other packages load, in the order of their names."""
    return tuple(_loaded(point) for point in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)))


def _loaded(point: EntryPoint) -> DriverInfo | Broken:
    """Return the driver that an entry point names: an INFO, or a module with one."""
    try:
        named = point.load()
    except Exception as error:  # noqa: BLE001 # another's module may raise anything; only its own driver is lost
        return Broken(point.name, point.value, f"{type(error).__name__}: {error}")
    info = getattr(named, "INFO", named)
    if isinstance(info, DriverInfo):
        return info
    return Broken(point.name, point.value, "it names neither a DriverInfo nor a module with one as INFO")
