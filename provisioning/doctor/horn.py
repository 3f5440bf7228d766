"""The doctor's check of the horn's line: as reported by the running station, or by requesting it for a moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drivers.reason import Reason
from edge.language import texts
from edge.language.texts import _
from provisioning.commands.finding import Finding

if TYPE_CHECKING:
    from edge.config.sections import Config
    from edge.snapshots import StationStatus


def horn(config: Config, answer: StationStatus | None) -> Iterator[Finding]:
    """Yield whether the horn can be switched; nothing where the file has none.

    Without a running station the line is requested and set to off: there is no sound.
    """
    if config.horn is None:
        return
    why = line_trouble(config) if answer is None else answer.horn and answer.horn.trouble
    if why is None:
        sentence = _("horn: line {line} can be switched; minshan horn test shows whether it is heard")
        yield Finding("horn", True, sentence.format(line=config.horn.line))
    else:
        remedy = _("Check chip and line in [horn]: gpioinfo lists the lines and who uses them.")
        yield Finding("horn", False, _("horn: not available: {why}").format(why=texts.in_full(why)), remedy)


def line_trouble(config: Config) -> Reason | None:
    """Return why the horn's line cannot be requested; None where it can."""
    from drivers.errors import DeviceError
    from edge.alerts.horn_line import turn_off
    from edge.clock.clock import SystemClock
    from edge.daemon import open_bus

    assert config.horn is not None
    try:
        turn_off(config.horn, open_bus, SystemClock())
    except DeviceError as error:
        return error.reason
    return None
