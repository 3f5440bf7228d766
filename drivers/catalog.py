"""Finding drivers by name: the modules of `drivers/devices/` and the entry points `minshan.drivers`."""

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

    `known`: the names there are; `broken`: why an announced driver of that name does not load, "" where none is
    announced.
    """

    def __init__(self, name: str, known: tuple[str, ...], broken: str = "") -> None:
        super().__init__(f"no driver {name!r}; known are {', '.join(known)}")
        self.name = name
        self.known = known
        self.broken = broken


class Broken(msgspec.Struct, frozen=True):
    """An entry point that gives no driver: its name, its target, and why it is left out."""

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
    """Return the entry points of other packages that give no driver."""
    return [entry for entry in _announced() if isinstance(entry, Broken)]


def find(name: str) -> DriverInfo:
    """Return the driver of that name. Raise UnknownDriverError with the names there are."""
    last = name.replace("-", "_")
    own = f"{devices.__name__}.{last}"
    try:
        module = importlib.import_module(own) if last.isidentifier() else None  # a dot would ask for another package
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


@cache  # a device that gives nothing asks each time what else it may be, and all packages' files are read for this
def _announced() -> tuple[DriverInfo | Broken, ...]:
    """Return what the entry points of other packages give, in the order of their names."""
    return tuple(_loaded(point) for point in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)))


def _loaded(point: EntryPoint) -> DriverInfo | Broken:
    """Return the driver that an entry point names: an INFO, or a module that holds one."""
    try:
        named = point.load()
    except Exception as error:  # noqa: BLE001 # another's module may raise anything; it costs its own driver alone
        return Broken(point.name, point.value, f"{type(error).__name__}: {error}")
    info = getattr(named, "INFO", named)
    if isinstance(info, DriverInfo):
        return info
    return Broken(point.name, point.value, "it names neither a DriverInfo nor a module with one as INFO")
