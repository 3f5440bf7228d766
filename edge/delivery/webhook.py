"""A gateway that calls people or sends them an SMS: one POST per person.

    {"id": "...", "kind": "frost", "wake": true, "to": "13800000000", "name": "张三", "text": "...",
     "sms": {"name": "上寨果园", "what": "霜冻", "value": "零下2点3度", "time": "3点12分"}}

Operators approve an SMS template beforehand, on working days, and refuse links, decimal points and minus signs in its
parameters: `sms` contains words that they accept. The same `id` is the same message.
"""

from __future__ import annotations

import json

import msgspec

from drivers.clock import Clock
from drivers.reason import Reason, printable
from edge.config.delivery import Webhook
from edge.delivery.message import Message, MessageFate, SendResult, Short
from edge.delivery.robots import where_of
from edge.wire.answer_text import text_of
from edge.wire.post import Endpoint, HttpAnswer, RequestError, requested, secret_of

MOST_TEXT = 4000  # bytes
NO_NUMBER = Reason("no_phone_number", "{name} has no phone number", name="")


class Call(msgspec.Struct, frozen=True):
    """The JSON that is posted."""

    id: str
    kind: str
    wake: bool
    to: str
    name: str
    text: str
    sms: Short


class WebhookSender:
    """Sends by a gateway."""

    one_by_one = True
    most_a_minute: int | None = None

    def __init__(self, section: Webhook, clock: Clock) -> None:
        self.name, self.wakes = section.name, section.calls
        self._section, self._clock = section, clock

    def send(self, message: Message) -> SendResult:
        """Send a message to its only recipient."""
        (person,) = message.to
        if not person.phone:
            return SendResult(MessageFate.REFUSED, "", NO_NUMBER.having(name=person.name))
        what = message.id, message.kind, message.wakes, person.phone, person.name
        payload = msgspec.json.encode(Call(*what, message.fitted(MOST_TEXT), message.short))
        headers = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(payload))}
        headers |= {"Idempotency-Key": message.id, "Connection": "close"}
        where, section = where_of(self._section.url), self._section
        try:
            if section.secret_file is not None:
                headers[section.secret_header] = secret_of(section.secret_file)
        except RequestError as error:
            return SendResult(MessageFate.REFUSED, "", error.reason)
        address = Endpoint(section.url, where, section.ca_file)
        try:
            answer = requested("POST", address, payload, headers, self._clock, section.timeout_s)
        except RequestError as error:
            return SendResult(MessageFate.UNKNOWN if error.sent else MessageFate.FAILED, "", error.reason)
        return self._judged(answer, where)

    def _judged(self, answer: HttpAnswer, where: str) -> SendResult:
        text = text_of(answer.headers, answer.body)
        sentence = f"HTTP {answer.status} {printable(text)}".strip()
        if 200 <= answer.status < 300:
            key, value = self._section.success_key, self._section.success_value
            found = _value(text, key)
            if isinstance(found, bool) == isinstance(value, bool) and found == value and found is not None:
                return SendResult(MessageFate.DELIVERED, sentence)
            shown = json.dumps(value, ensure_ascii=False)
            why = Reason(
                "webhook_no_success", "{where} does not answer {key} = {value}", where=where, key=key, value=shown
            )
            return SendResult(MessageFate.UNKNOWN if found is None else MessageFate.REFUSED, sentence, why)
        why = Reason("webhook_status", "{where} answers HTTP {status}", where=where, status=answer.status)
        if answer.status in (408, 429, 503):
            return SendResult(MessageFate.BUSY, sentence, why)
        return SendResult(MessageFate.UNKNOWN if answer.status >= 500 else MessageFate.REFUSED, sentence, why)


def _value(text: str, key: str) -> object:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found.get(key) if isinstance(found, dict) else None
