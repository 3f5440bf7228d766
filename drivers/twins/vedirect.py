"""A simulated Victron device on VE.Direct: a charger or a monitor that sends its block each second.

Like real ones it inserts a HEX line now and then, and a charger with a load output sends two blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from drivers.twins.talker import TalkerTwin

HEX_LINE = b":7F7ED008C05D9\n"  # a real one: register 0xEDF7, 14.20 V
HEX_EVERY = 5  # blocks
Fields = list[tuple[str, float | str]]


class VeDirectTwin(TalkerTwin):
    """Sends what is set."""

    START: ClassVar[dict[str, float]] = {
        "battery_voltage": 13.2,
        "battery_current": 0.4,
        "battery_power": 5.0,
        "panel_voltage": 18.0,
        "panel_power": 8.0,
        "load_current": 0.3,
        "charger_state": 3.0,
        "charger_yield_total": 40.0,
    }

    def frames(self, turn: int) -> Iterator[bytes]:
        """Yield the blocks of a second, in some turns each with a HEX line after it."""
        for block in self._blocks():
            yield block if turn % HEX_EVERY else block + HEX_LINE

    def _blocks(self) -> list[bytes]:
        value = self.values
        battery: Fields = [("V", value["battery_voltage"] * 1000), ("I", value["battery_current"] * 1000)]
        if self.settings.kind == "monitor":
            state: Fields = [("P", value["battery_power"]), ("SOC", "---")]
            return [_block("0xA389", battery + state), _block("0xA389", [("H1", -32914), ("H17", 46)])]
        panel: Fields = [
            ("VPV", value["panel_voltage"] * 1000),
            ("PPV", value["panel_power"]),
            ("CS", value["charger_state"]),
        ]
        rest: Fields = [("ERR", 0), ("H19", value["charger_yield_total"] * 100)]
        if not self.settings.load:
            return [_block("0xA053", battery + panel + rest)]
        load: Fields = [("LOAD", "ON"), ("IL", value["load_current"] * 1000)]
        return [_block("0xA053", battery + panel), _block("0xA053", rest + load)]


def _block(product: str, fields: Fields) -> bytes:
    lines: Fields = [("PID", product), *fields]
    text = "".join(f"\r\n{label}\t{value if isinstance(value, str) else round(value)}" for label, value in lines)
    data = text.encode() + b"\r\nChecksum\t"
    return data + bytes([-sum(data) % 256])
