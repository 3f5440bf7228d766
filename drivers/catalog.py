"""Finding drivers by name: the modules of `drivers/devices/` and the entry points `minshan.drivers`."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points

from drivers import devices
from drivers.driver import DriverInfo

GROUP = "minshan.drivers"


class UnknownDriver(LookupError):
    """No driver of that name; `known` lists those there are."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no driver {name!r}; known are {', '.join(known)}")
        self.name = name
        self.known = known


def catalog() -> dict[str, DriverInfo]:
    """Every driver by its name, ours first; a third party's may not take one of our names."""
    found = {info.name: info for info in _own()}
    for point in entry_points(group=GROUP):
        info = point.load()
        if isinstance(info, DriverInfo):
            found.setdefault(info.name, info)
    return dict(sorted(found.items()))


def find(name: str) -> DriverInfo:
    """The driver of that name, or UnknownDriver with the names there are."""
    own = f"{devices.__name__}.{name.replace('-', '_')}"
    try:
        module = importlib.import_module(own)
    except ModuleNotFoundError as error:
        if error.name != own:
            raise
    else:
        info = getattr(module, "INFO", None)
        if isinstance(info, DriverInfo) and info.name == name:
            return info
    known = catalog()
    if name not in known:
        raise UnknownDriver(name, tuple(known))
    return known[name]


def _own() -> list[DriverInfo]:
    infos = []
    for module in pkgutil.iter_modules(devices.__path__):
        info = getattr(importlib.import_module(f"{devices.__name__}.{module.name}"), "INFO", None)
        if isinstance(info, DriverInfo):
            infos.append(info)
    return infos
