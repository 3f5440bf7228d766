"""Which chip a contact is on: a Pi's pins have another number after an update, and beside them are the board's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import pytest

from drivers.buses.bus import OnGpio
from drivers.buses.gpio import chip_path, open_gpio
from drivers.errors import NotADevice
from edge.clock.clock import SystemClock
from edge.language.remedies import remedy


class Labelled:
    """Stands for a chip that this machine lacks: only its label is asked for."""

    labels: ClassVar[dict[str, str]] = {}

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> Labelled:
        if self.path not in self.labels:
            raise PermissionError(13, "Permission denied")
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def get_info(self) -> SimpleNamespace:
        """Return its label."""
        return SimpleNamespace(label=self.labels[self.path])


CHIPS = {  # by kernel and board: the numbers as gpiodetect gives them
    "Pi 5, 6.6.20": {0: "gpio-brcmstb@107d508500", 2: "gpio-brcmstb@107d517c00", 4: "pinctrl-rp1"},
    "Pi 5, 6.6.47": {0: "pinctrl-rp1", 10: "gpio-brcmstb@107d508500"},
    "Pi 5, 6.12.96": {11: "gpio-brcmstb@107d517c00", 13: "gpio-brcmstb@107d508500", 15: "pinctrl-rp1"},
    "Pi 4": {0: "pinctrl-bcm2711", 1: "raspberrypi-exp-gpio"},
    "Zero 2 W": {0: "pinctrl-bcm2835", 1: "raspberrypi-exp-gpio"},
    "another board": {0: "sunxi-pinctrl", 1: "0-0020"},
}


def chips_of(board: str, monkeypatch: pytest.MonkeyPatch, shut: str = "") -> None:
    """Give this machine the chips of a board; `shut` may not be opened."""
    found = {f"/dev/gpiochip{number}": label for number, label in CHIPS[board].items()}
    monkeypatch.setattr("drivers.buses.gpio.glob", lambda _: [*found])
    monkeypatch.setattr(Labelled, "labels", {path: label for path, label in found.items() if path != shut})
    monkeypatch.setattr("gpiod.Chip", Labelled)


@pytest.mark.parametrize(
    ("board", "number"),
    [("Pi 5, 6.6.20", 4), ("Pi 5, 6.6.47", 0), ("Pi 5, 6.12.96", 15), ("Pi 4", 0), ("Zero 2 W", 0)],
)
def test_a_contact_without_a_chip_is_at_the_pins_whatever_the_kernel(
    monkeypatch: pytest.MonkeyPatch, board: str, number: int
) -> None:
    """An update moves a Pi 5's pins from chip 4 to 0 to 15: on the chip left there a gauge would read 0 for ever."""
    chips_of(board, monkeypatch)
    assert chip_path(OnGpio(line=5).chip) == f"/dev/gpiochip{number}"


@pytest.mark.parametrize("chip", ["/dev/gpiochip2", "gpiochip2", "gpio-brcmstb@107d517c00"])
def test_a_chip_that_works_the_board_itself_is_refused(monkeypatch: pytest.MonkeyPatch, chip: str) -> None:
    """On its lines hang the card's supply and the radio: no contact, and a horn would switch them."""
    chips_of("Pi 5, 6.6.20", monkeypatch)
    with pytest.raises(NotADevice, match=r"/dev/gpiochip2 \(gpio-brcmstb@107d517c00\) works the board itself") as told:
        open_gpio(OnGpio(chip=chip, line=5), SystemClock())
    assert "Remove chip" in remedy("gpio", told.value.reason)


def test_a_chip_that_is_connected_in_addition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its label or its number, on whatever board, also where another chip may not be opened."""
    chips_of("another board", monkeypatch, shut="/dev/gpiochip0")
    assert chip_path("0-0020") == chip_path("gpiochip1") == chip_path("/dev/gpiochip1") == "/dev/gpiochip1"
    assert chip_path("/dev/gpiochip0") == "/dev/gpiochip0"
