"""The senders for the channels of a configuration file."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drivers.clock import Clock
from edge.config.delivery import DingTalk, Mail, Webhook, WeCom
from edge.delivery.mail import MailSender
from edge.delivery.message import Sender
from edge.delivery.robots import DingTalkSender, WeComSender
from edge.delivery.webhook import WebhookSender

AnyChannel = WeCom | DingTalk | Webhook | Mail


def sender(section: AnyChannel, clock: Clock, utc: Callable[[], int]) -> Sender:
    """Return the sender of a channel; `utc` returns the time in microseconds, 0 if it is unknown."""
    if isinstance(section, WeCom):
        return WeComSender(section, clock)
    if isinstance(section, DingTalk):
        return DingTalkSender(section, clock, utc)
    if isinstance(section, Webhook):
        return WebhookSender(section, clock)
    return MailSender(section, clock, utc)


def senders(sections: Iterable[AnyChannel], clock: Clock, utc: Callable[[], int]) -> dict[str, Sender]:
    """Return the senders by the channels' names."""
    return {section.name: sender(section, clock, utc) for section in sections}
