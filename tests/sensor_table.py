"""The table of docs/sensors/README.md, from what the drivers do on trial: `python -m tests.sensor_table` writes it.

Each driver is read against its twin in simulated time, the fault is put in, and what comes is noted. That the
undoubted readings among it are true is what the contract suite (`drivers/contract.py`) holds every driver to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drivers.catalog import catalog
from drivers.devices.profiles import load
from drivers.driver import DriverInfo
from drivers.quantity import QUANTITIES
from drivers.trial import ONE, SETTLING, Caller, Trial, require_all
from drivers.twins.twin import Fault
from edge.sim.clock import SimClock

PAGE = Path(__file__).resolve().parent.parent / "docs" / "sensors" / "README.md"
BEGIN, END = "<!-- table: python -m tests.sensor_table -->", "<!-- end of the table -->"
TURNS = 6  # reads while a fault lasts, as in the contract suite
FITTED = "station-renke"  # the Modbus profile that stands for all: an all-in-one station with every element

# How each driver is tried: the settings that it can't do without, and those that change what it does.
WAYS: dict[str, dict[str, dict[str, Any]]] = {
    "pulses": {"pulses, kind rain": {"kind": "rain"}, "pulses, kind wind": {"kind": "wind"}},
    "modbus": {"modbus": {"profile": FITTED, "fitted": [e.quantity for e in load(FITTED).registers if e.optional]}},
    "sen5x": {"sen5x": {"model": "SEN55"}},
}


def tried() -> Iterator[tuple[str, Trial]]:
    """Yield each driver in each way that has a row, by the row's name."""
    for name, info in catalog().items():
        for row, keys in WAYS.get(name, {name: {}}).items():
            yield row, Trial(info, keys, SimClock)


def noted(trial: Trial, fault: Fault) -> str:
    """Return what came of the reads while the fault lasted: errors by their phrase, doubts, readings."""
    seen: list[str] = []

    def body(caller: Caller) -> None:
        require_all(trial, caller, ONE, SETTLING, "at first")
        before = len(caller.errors)
        caller.table.twin.misbehave(fault)
        if fault is Fault.UNPLUGGED:
            caller.table.unplug()
        turns = [caller.turn() for _ in range(TURNS)]
        seen.append(in_words(trial.info, fault, {str(error.kind) for error in caller.errors[before:]}, turns))

    trial.run(body)
    return seen[0]


def in_words(info: DriverInfo, fault: Fault, errors: set[str], turns: list[tuple[Any, ...]]) -> str:
    """Return one cell of the table."""
    words = sorted(errors)
    readings = [reading for turn in turns for reading in turn]
    if any(reading.doubt for reading in readings):
        words.append("readings with a doubt")
    if any(not reading.doubt for reading in readings):
        words.append(plain(info, fault, alone=not words and all(turns)))
    return ", ".join(words) or "nothing comes"


def plain(info: DriverInfo, fault: Fault, *, alone: bool) -> str:
    """Return what undoubted readings while a fault lasts are."""
    if fault.name.lower() in info.extra:
        return f"cannot be told: {info.extra[fault.name.lower()]}"
    if fault is Fault.STUCK:
        return "the last value again"
    return "no effect" if alone else "true readings between"


def quantities(trial: Trial) -> str:
    """Return the quantities that the driver gives."""
    return "what its profile names" if trial.info.name == "modbus" else ", ".join(c.quantity for c in trial.channels)


def steps(trial: Trial) -> str:
    """Return the device's own step of each quantity, with its unit, in the order of the quantities."""
    if trial.info.name == "modbus":
        return "its profile's"
    return ", ".join(f"{c.resolution:g} {QUANTITIES[c.quantity].unit}" for c in trial.channels)


def table() -> str:
    """Return the complete table as Markdown."""
    heads = ["driver", "bus", "quantities", "step of the device", *(str(fault) for fault in Fault)]
    lines = [" | ".join(heads), " | ".join("---" for _ in heads)]
    for row, trial in tried():
        page = f"[`{row.partition(',')[0]}`]({trial.info.name}.md){''.join(row.partition(',')[1:])}"
        cells = [page, trial.info.bus, quantities(trial), steps(trial), *(noted(trial, fault) for fault in Fault)]
        lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)


def put_in(page: str, new: str) -> str:
    """Return the page with its table replaced."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{new}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(put_in(PAGE.read_text(encoding="utf-8"), table()), encoding="utf-8")
