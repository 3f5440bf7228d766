"""The table of docs/sensors/README.md and of its Chinese page, from what the drivers do on trial.

`python -m tests.sensor_table` writes it.

Each driver is read against its twin in simulated time, the fault is put in, and what comes is noted. That the
undoubted readings among it are true is what the contract suite (`drivers/contract.py`) holds every driver to.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from drivers.catalog import catalog
from drivers.devices.profiles import load
from drivers.driver import DriverInfo
from drivers.quantity import QUANTITIES
from drivers.trial import ONE, SETTLING, Trial, TrialReader, require_all
from drivers.twins.twin import Fault
from edge.language import speech, texts
from edge.language.words import QUANTITIES as LABELS
from edge.sim.clock import SimClock

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "sensors"
PAGES = {"en": FOLDER / "README.md", "zh": FOLDER / "README.zh-CN.md"}
BEGIN, END = "<!-- table: python -m tests.sensor_table -->", "<!-- end of the table -->"
TURNS = 6  # reads while a fault lasts, as in the contract suite
FITTED = "station-renke"  # the Modbus profile that stands for all: an all-in-one station with every element

# How each driver is tried: the settings that it can't do without, and those that change what it does.
WAYS: dict[str, dict[str, dict[str, Any]]] = {
    "pulses": {"pulses, kind rain": {"kind": "rain"}, "pulses, kind wind": {"kind": "wind"}},
    "modbus": {"modbus": {"profile": FITTED, "fitted": [e.quantity for e in load(FITTED).registers if e.optional]}},
    "sen5x": {"sen5x": {"model": "SEN55"}},
}
# The words of the table that are in no catalogue. An error is found there by its code, a quantity by its label.
CHINESE = {
    "driver": "驱动",
    "bus": "总线",
    "quantities": "要素",
    "step of the device": "设备分辨力",
    "silent": "无应答",
    "noise": "干扰",
    "short": "残缺",
    "stuck": "卡死",
    "slow": "迟缓",
    "unplugged": "拔掉",
    "other address": "地址不对",
    "readings with a doubt": "读数可疑",
    "nothing comes": "没有数据",
    "no effect": "无影响",
    "true readings between": "其间有正确读数",
    "the last value again": "重复上一个值",
    "cannot be told: no edges is a reading of 0: a cut cable cannot be told from a dry or still hour": (
        "无法分辨：没有边沿就是读数 0，线断了与没有雨、没有风分不开"
    ),
    "what its profile names": "描述文件所列",
    "its profile's": "见描述文件",
    "pulses, kind rain": "pulses，kind rain",
    "pulses, kind wind": "pulses，kind wind",
}


def tried() -> Iterator[tuple[str, Trial]]:
    """Yield each driver in each way that has a row, by the row's name."""
    for name, info in catalog().items():
        for row, keys in WAYS.get(name, {name: {}}).items():
            yield row, Trial(info, keys, SimClock)


def noted(trial: Trial, fault: Fault) -> list[tuple[str, str]]:
    """Return what came of the reads while the fault lasted: errors with their codes, doubts, readings."""
    seen: list[tuple[str, str]] = []

    def body(caller: TrialReader) -> None:
        require_all(trial, caller, ONE, SETTLING, "at first")
        before = len(caller.errors)
        caller.table.twin.misbehave(fault)
        if fault is Fault.UNPLUGGED:
            caller.table.unplug()
        turns = [caller.turn() for _ in range(TURNS)]
        errors = {(str(error.kind), error.kind.code) for error in caller.errors[before:]}
        seen.extend(in_words(trial.info, fault, errors, turns))

    trial.run(body)
    return seen


def in_words(
    info: DriverInfo, fault: Fault, errors: set[tuple[str, str]], turns: list[tuple[Any, ...]]
) -> list[tuple[str, str]]:
    """Return the words of one cell of the table, each with an error's code."""
    words = sorted(errors)
    readings = [reading for turn in turns for reading in turn]
    if any(reading.doubt for reading in readings):
        words.append(("readings with a doubt", ""))
    if any(not reading.doubt for reading in readings):
        words.append((plain(info, fault, alone=not words and all(turns)), ""))
    return words or [("nothing comes", "")]


def plain(info: DriverInfo, fault: Fault, *, alone: bool) -> str:
    """Return what undoubted readings while a fault lasts are."""
    if fault.name.lower() in info.extra:
        return f"cannot be told: {info.extra[fault.name.lower()]}"
    if fault is Fault.STUCK:
        return "the last value again"
    return "no effect" if alone else "true readings between"


def quantities(trial: Trial) -> list[str]:
    """Return the quantities that the driver gives; none where its profile tells."""
    return [] if trial.info.name == "modbus" else [c.quantity for c in trial.channels]


def steps(trial: Trial) -> str:
    """Return the device's own step of each quantity, with its unit, in the order of the quantities."""
    if trial.info.name == "modbus":
        return "its profile's"
    return ", ".join(f"{c.resolution:g} {QUANTITIES[c.quantity].unit}" for c in trial.channels)


@cache
def trials() -> tuple[tuple[str, str, str, tuple[str, ...], str, tuple[tuple[tuple[str, str], ...], ...]], ...]:
    """Return of each row its name, driver, bus, quantities, steps, and the words of each fault."""
    return tuple(
        (
            *(row, trial.info.name, trial.info.bus, tuple(quantities(trial)), steps(trial)),
            tuple(tuple(noted(trial, fault)) for fault in Fault),
        )
        for row, trial in tried()
    )


def table(language: str = "en") -> str:
    """Return the complete table as Markdown, in English or Chinese."""
    say = chinese if language == "zh" else lambda word, _code="": word
    between = "、" if language == "zh" else ", "
    page = ".zh-CN.md" if language == "zh" else ".md"
    heads = ["driver", "bus", "quantities", "step of the device", *(str(fault) for fault in Fault)]
    lines = [" | ".join(map(say, heads)), " | ".join("---" for _ in heads)]
    for row, name, bus, given, step, faults in trials():
        driver = f"[`{name}`]({name}{page}){say(row).removeprefix(name)}"
        shown = between.join(map(say, given)) or say("what its profile names")
        cells = [driver, bus, shown, say(step), *(between.join(say(*word) for word in words) for words in faults)]
        lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)


def chinese(word: str, code: str = "") -> str:
    """Return a word of the table in Chinese: an error by its code, else by CHINESE, a quantity by its label."""
    known = gettext.translation(speech.DOMAIN, speech.FOLDER, ["zh_CN"])
    if code:
        return known.pgettext(texts.REASON, code)
    return CHINESE.get(word) or (known.gettext(LABELS[word]) if word in LABELS else word)


def put_in(page: str, new: str, begin: str = BEGIN) -> str:
    """Return the page with its table, which stands behind the mark `begin`, replaced."""
    head, _, rest = page.partition(begin)
    return f"{head}{begin}\n{new}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    for language, file in PAGES.items():
        file.write_text(put_in(file.read_text(encoding="utf-8"), table(language)), encoding="utf-8")
