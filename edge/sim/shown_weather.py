"""The weather as shown to the twins of a rig, moment by moment.

A twin that measures when it is asked is shown the moment then (`before_telling`), and a quantity that nobody asks for
is not reckoned. One that counts meanwhile, as a bucket and cups do, is shown each moment as it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from drivers.twins.weather import RECKONED
from edge.config.sections import SensorSection


class ShownWeather:
    """What the sensors of `twins` are shown. `held`: what one shows of a quantity, whatever the weather."""

    def __init__(self, twins: Mapping[str, Any]) -> None:
        self.held: dict[tuple[str, str], float] = {}
        self._twins = twins
        self._moment: Mapping[str, float] | None = None
        self._seen: dict[str, Mapping[str, float]] = {}  # the moment that each was shown last
        self._quantities: dict[str, tuple[str, ...]] = {}
        self._at_once: list[str] = []  # those that count meanwhile

    def add(self, sensor: SensorSection, twin: Any) -> None:
        """Add a sensor and its twin, whose place in `twins` another may take."""
        channels = sensor.info.channels(sensor.settings)
        self._quantities[sensor.name] = tuple(c.quantity for c in channels if c.quantity in RECKONED)
        if hasattr(twin, "before_telling"):
            twin.before_telling = partial(self._show, sensor.name)
        else:
            self._at_once.append(sensor.name)

    def change(self, moment: Mapping[str, float]) -> None:
        """Take the weather of a new moment."""
        self._moment = moment
        for name in self._at_once:
            self._show(name)

    def _show(self, name: str) -> None:
        """Show the moment to a twin that has not seen it."""
        moment = self._moment
        if moment is None or self._seen.get(name) is moment:
            return
        self._seen[name] = moment
        show, held = self._twins[name].set, self.held
        for quantity in self._quantities[name]:
            shown = held.get((name, quantity)) if held else None
            show(quantity, moment[quantity] if shown is None else shown)
