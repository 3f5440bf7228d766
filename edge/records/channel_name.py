"""The name of a channel: the key of a value in a record."""

from __future__ import annotations


class ChannelName(str):
    """`air_temperature` for the sensor marked primary, `air_temperature.NAME` for another; a text with two parts.

    Being a text it is equal to the plain name, so that a table may be asked by either.
    """

    __slots__ = ()

    def __new__(cls, quantity: str, sensor: str = "") -> ChannelName:
        return super().__new__(cls, f"{quantity}.{sensor}" if sensor else quantity)

    @classmethod
    def parse(cls, text: str) -> ChannelName:
        """Return the name that a record's key is."""
        return text if isinstance(text, cls) else super().__new__(cls, text)

    @property
    def quantity(self) -> str:
        """What is measured."""
        return self.partition(".")[0]

    @property
    def sensor(self) -> str:
        """The sensor's name; "" for the primary's."""
        return self.partition(".")[2]

    def beside(self, quantity: str) -> ChannelName:
        """Return the same sensor's channel of another quantity."""
        return ChannelName(quantity, self.sensor)
