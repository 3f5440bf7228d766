"""The suite that any driver must pass, ours or a third party's, against its twin in simulated time.

    @pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
    def test_contract(check):
        check(Trial(INFO, {"port": "/dev/x"}, SimClock))

A check raises `ContractError` (an AssertionError) with a sentence about the driver; nothing here needs pytest.
"""

from __future__ import annotations

import ast
import inspect
import random
import sys
from collections.abc import Callable, Iterator

from pydantic import ValidationError

from drivers.driver import Frame, Refused
from drivers.errors import Unplugged
from drivers.quantity import QUANTITIES, Aggregation
from drivers.trial import (
    ONE,
    OTHER,
    PLACES,
    SETTLING,
    ContractError,
    Trial,
    TrialReader,
    require,
    require_all,
    set_truth,
    truthful,
)
from drivers.twins.twin import Fault

PATIENCE = 300.0  # s within which it must recover from a fault


def check_it_states_what_it_is(trial: Trial) -> None:
    """Check that names, limits, times, sources and settings are complete."""
    info = trial.info
    require(info.timeout > 0 and bool(info.source), "no timeout or no source")
    require((info.interval is None) != (info.pace is None), "either an interval or a pace")
    require(bool(trial.channels), "it names no channel")
    names = [channel.quantity for channel in trial.channels]
    require(len(names) == len(set(names)), "a quantity twice")
    for channel in trial.channels:
        require(channel.quantity in QUANTITIES, f"{channel.quantity} is no known quantity")
        require(channel.low < channel.high and channel.resolution > 0, f"{channel.quantity}: limits or step")


def check_settings_refuse_unknown_keys(trial: Trial) -> None:
    """Check that a misspelt key is refused."""
    try:
        trial.info.settings(**PLACES.get(trial.info.bus, {}) | trial.keys | {"no_such_key": 1})
    except ValidationError:
        return
    raise ContractError("its settings take a key that it does not know")


def check_it_gives_all_its_channels_truly(trial: Trial) -> None:
    """Check that each channel has readings, within its limits and as the twin was set, and no other channel has."""
    named = {channel.quantity for channel in trial.channels}

    def body(caller: TrialReader) -> None:
        require_all(trial, caller, ONE, SETTLING, "at first")
        for _ in range(5):
            others = {reading.quantity for reading in caller.turn()} - named
            require(not others, f"it gives {', '.join(others)} that it does not name")

    trial.run(body)


def check_it_follows_a_change(trial: Trial) -> None:
    """Check that the readings follow a change of what is measured."""

    def body(caller: TrialReader) -> None:
        require_all(trial, caller, ONE, SETTLING, "at first")
        set_truth(caller.table, OTHER)
        caller.pass_over(8.0)
        require_all(trial, caller, OTHER, SETTLING, "after a change")

    trial.run(body)


def during(fault: Fault) -> Callable[[Trial], None]:
    """Return the check of one fault: times and errors hold, nothing false passes as good, and it recovers."""

    def check(trial: Trial) -> None:
        def body(caller: TrialReader) -> None:
            require_all(trial, caller, ONE, SETTLING, "at first")
            before = len(caller.errors)
            caller.table.twin.misbehave(fault)
            if fault is Fault.UNPLUGGED:
                caller.table.unplug()
            for _ in range(6):
                readings = {reading.quantity: reading for reading in caller.turn()}
                if fault is not Fault.STUCK and not quiet(trial, fault):
                    truthful(trial, readings, ONE, f"while {fault}")
            failed = caller.errors[before:]
            if fault in {Fault.SILENT, Fault.UNPLUGGED} and not quiet(trial, fault):
                require(bool(failed), f"no error while {fault}")
            if fault is Fault.UNPLUGGED:
                require(isinstance(failed[0], Unplugged), f"{type(failed[0]).__name__} when unplugged")
                caller.table.plug()
            caller.table.twin.misbehave(None)
            caller.pass_over(8.0)  # readings from before, and the restart of the device
            require_all(trial, caller, ONE, PATIENCE, f"after {fault}")

        trial.run(body)

    check.__name__ = f"check_it_survives_{fault.name.lower()}"
    check.__doc__ = f"Check that it keeps its times and gives nothing false while {fault}, and recovers afterwards."
    return check


def quiet(trial: Trial, fault: Fault) -> bool:
    """Return whether the driver states that it cannot tell this fault from a reading (a contact's cut cable)."""
    return fault.name.lower() in trial.info.extra


def check_absent_at_start_is_as_later(trial: Trial) -> None:
    """Check that a device absent at start fails like one unplugged later, and is used once it is plugged in."""

    def body(caller: TrialReader) -> None:
        require(caller.turn() == () and isinstance(caller.errors[-1], Unplugged), "no Unplugged at start")
        caller.table.plug()
        caller.table.twin.misbehave(Fault.SILENT)
        if not quiet(trial, Fault.SILENT):
            require(caller.turn() == (), "a reading of a silent device")
        caller.table.twin.misbehave(None)
        require_all(trial, caller, ONE, PATIENCE, "after it came")

    trial.run(body, plugged=False)


def check_totals_never_fall(trial: Trial) -> None:
    """Check that a running total never falls and rises by the amount of rain, with or without noise."""
    totals = [c for c in trial.channels if QUANTITIES[c.quantity].kind is Aggregation.TOTAL]

    def body(caller: TrialReader) -> None:
        require_all(trial, caller, ONE, SETTLING, "at first")
        first = last = None
        for number in range(1, 60):
            caller.table.twin.misbehave(Fault.NOISE if number % 7 == 3 else None)
            for channel in totals:
                caller.table.twin.set(channel.quantity, number * 0.5)
            for reading in caller.turn():
                if reading.quantity == "rainfall_amount" and reading.doubt is None:
                    reopened = bool(caller.errors) and trial.info.bus == "gpio"
                    require(last is None or reopened or reading.value >= last - 1e-9, "the total fell")
                    first, last = reading.value if first is None else first, reading.value
        require(first is not None and last is not None, "no total came")
        assert first is not None and last is not None
        step = max(channel.resolution for channel in totals)
        require(abs(last - first - 29.5) <= 2 * step + 1.5, f"{last - first:g} mm where 29.5 mm fell")

    if any(channel.quantity == "rainfall_amount" for channel in totals):
        trial.run(body)


def check_it_stays_within_its_part(trial: Trial) -> None:
    """Check that the driver's module neither logs nor prints nor reads the machine's clock."""
    module = sys.modules[trial.info.open.__module__]
    tree = ast.parse(inspect.getsource(module))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            root = name.partition(".")[0]
            require(root not in {"logging", "time", "datetime", "edge"}, f"it imports {name}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            require(node.func.id not in {"print", "input", "exec", "eval"}, f"it calls {node.func.id}()")


def check_its_decoder_takes_any_bytes(trial: Trial) -> None:
    """Check that foreign bytes produce no reading and no exception, in any chunking."""
    if trial.info.decoder is None:
        return
    rng = random.Random(trial.seed)
    for length in (0, 1, 7, 64, 1500):
        data = rng.randbytes(length)
        at_once = list(decode(trial, [data]))
        apart = list(decode(trial, [data[at : at + 1] for at in range(length)]))
        require(at_once == apart, "what it decodes depends on how the bytes were cut")
        require(all(isinstance(item, Frame | Refused) for item in at_once), "neither frame nor refusal")
        readings = [reading for item in at_once if isinstance(item, Frame) for reading in item.readings]
        require(not readings, f"readings out of noise: {readings}")


def decode(trial: Trial, pieces: list[bytes]) -> Iterator[Frame | Refused]:
    """Yield what a new decoder returns for the pieces."""
    assert trial.info.decoder is not None
    decoder = trial.info.decoder(trial.settings)
    for piece in pieces:
        yield from decoder.feed(piece)
    yield from decoder.finish()


CHECKS: tuple[Callable[[Trial], None], ...] = (
    check_it_states_what_it_is,
    check_settings_refuse_unknown_keys,
    check_it_gives_all_its_channels_truly,
    check_it_follows_a_change,
    *(during(fault) for fault in Fault),
    check_absent_at_start_is_as_later,
    check_totals_never_fall,
    check_it_stays_within_its_part,
    check_its_decoder_takes_any_bytes,
)
