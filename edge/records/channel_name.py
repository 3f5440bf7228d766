"""The name of a channel: the key of a value in a record."""

from __future__ import annotations


class ChannelName(str):
    """`air_temperature` for the sensor marked primary, `air_temperature.NAME` for another.

    It is a str equal to the plain name, so either can be used as a key.
    """

    __slots__ = ()

    def __new__(cls, quantity: str, sensor: str = "") -> ChannelName:
        return super().__new__(cls, f"{quantity}.{sensor}" if sensor else quantity)

    @classmethod
    def parse(cls, text: str) -> ChannelName:
        """Return a record's key as a channel name."""
        return text if isinstance(text, cls) else super().__new__(cls, text)

    @property
    def quantity(self) -> str:
        """The quantity measured."""
        return self.partition(".")[0]

    @property
    def sensor(self) -> str:
        """The sensor's name; "" for the primary's."""
        return self.partition(".")[2]

    def beside(self, quantity: str) -> ChannelName:
        """Return the same sensor's channel of another quantity."""
        return ChannelName(quantity, self.sensor)
