"""One flat JSON object per minute over MQTT 3.1.1, with the field names that the other platform wants.

The broker's acknowledgement is the only proof: nothing tells us what is lost after it. So each message identifies its
minute, and a duplicate is equal to the byte.
"""

from __future__ import annotations

from typing import Any

import msgspec

from drivers.reason import Reason
from edge.config.forward import HEAD, MqttJson, field_names
from edge.northbound.plain_words import minute_of, rfc3339, word_of
from edge.northbound.verdict import EncodeError
from edge.records.record import Record

SAME_FIELD = Reason("same_field", 'two channels would have the same name "{name}"', name="")


def encode(section: MqttJson, station: str, record: Record) -> bytes:
    """Encode a minute as a message. Raise EncodeError, also if two channels get one name: none may hide another."""
    minute, mark = minute_of(record), record.clock
    head = (station, rfc3339(record.start), record.start, record.epoch, record.seq, record.revision, mark.source)
    message: dict[str, Any] = dict(zip(HEAD, (*head, mark.error), strict=True))
    for channel, value in minute.values.items():
        names = field_names(channel, section.names, section.value_name, section.quality_name)
        for name, word in zip(names, (value, word_of(value, minute.quality.get(channel))), strict=True):
            if name in message:
                raise EncodeError(SAME_FIELD.having(name=name))
            message[name] = word
    return msgspec.json.encode(message)


def topic(section: MqttJson, station: str) -> str:
    """Return the topic of a station's minutes."""
    return section.topic.format(station=station)
