"""The twin of a Victron device on VE.Direct: a charger or a monitor that sends its block each second.

Like the real ones it slips a HEX line in now and then, and a charger with a load output sends two blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.twins.wires import Mouth

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.devices.vedirect import VeDirectSettings
    from drivers.twins.twin import Fault, Wire

PACE = 1.0  # s
HEX_LINE = b":7F7ED008C05D9\n"  # a real one: register 0xEDF7, 14.20 V
HEX_EVERY = 5  # blocks
Fields = list[tuple[str, float | str]]


class VeDirectTwin:
    """Sends what is set."""

    def __init__(self, settings: VeDirectSettings, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._monitor = settings.kind == "monitor"
        self._load = settings.load
        self._mouth = Mouth(seed)
        self._values = {
            "battery_voltage": 13.2,
            "battery_current": 0.4,
            "battery_power": 5.0,
            "panel_voltage": 18.0,
            "panel_power": 8.0,
            "load_current": 0.3,
            "charger_state": 3.0,
            "charger_yield_total": 40.0,
        }

    def set(self, quantity: str, value: float) -> None:
        """What to send from the next block on."""
        if quantity in self._values:
            self._values[quantity] = value

    def misbehave(self, fault: Fault | None) -> None:
        """Misbehave from the next block on."""
        self._mouth.fault = fault

    def run(self, wire: Wire) -> None:
        """Talk for ever."""
        due = self._clock.now()
        turn = 0
        while True:
            due += self._mouth.gap(PACE)
            self._clock.sleep_until(due)
            for block in self._blocks():
                self._mouth.send(wire, block if turn % HEX_EVERY else block + HEX_LINE)
            turn += 1

    def _blocks(self) -> list[bytes]:
        value = self._values
        battery: Fields = [("V", value["battery_voltage"] * 1000), ("I", value["battery_current"] * 1000)]
        if self._monitor:
            state: Fields = [("P", value["battery_power"]), ("SOC", "---")]
            return [_block("0xA389", battery + state), _block("0xA389", [("H1", -32914), ("H17", 46)])]
        panel: Fields = [
            ("VPV", value["panel_voltage"] * 1000),
            ("PPV", value["panel_power"]),
            ("CS", value["charger_state"]),
        ]
        rest: Fields = [("ERR", 0), ("H19", value["charger_yield_total"] * 100)]
        if not self._load:
            return [_block("0xA053", battery + panel + rest)]
        load: Fields = [("LOAD", "ON"), ("IL", value["load_current"] * 1000)]
        return [_block("0xA053", battery + panel), _block("0xA053", rest + load)]


def _block(product: str, fields: Fields) -> bytes:
    lines: Fields = [("PID", product), *fields]
    text = "".join(f"\r\n{label}\t{value if isinstance(value, str) else round(value)}" for label, value in lines)
    data = text.encode() + b"\r\nChecksum\t"
    return data + bytes([-sum(data) % 256])
