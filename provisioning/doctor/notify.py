"""The doctor's checks of a station's own notification channels: their secrets, and that they are reachable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edge.language import texts
from edge.language.texts import _
from provisioning.commands.finding import Finding

if TYPE_CHECKING:
    from edge.config.sections import Config
    from edge.delivery.channels import AnyChannel

SECRETS = ("key_file", "secret_file", "password_file")
MAIL_PORTS = {"smtps": 465, "smtp": 25}


def notify(config: Config) -> Iterator[Finding]:
    """Yield for each channel whether its secrets can be read and its service reached; nothing is sent."""
    for channel in config.channel:
        yield check_channel(channel)
    if config.channel and all(one.kind == "dingtalk" and one.secret_file for one in config.channel):
        sentence = _("channels: only DingTalk, which accepts nothing while the station does not know the time")
        yield Finding("notify", True, sentence, _("Add a [[channel]] of another kind: wecom, webhook or mail."))


def check_channel(channel: AnyChannel) -> Finding:
    """Return the finding of one channel."""
    from edge.clock.clock import SystemClock
    from edge.wire.post import Endpoint, RequestError, connected, secret_of

    url = url_of(channel)
    where = urlsplit(url).netloc
    try:
        for key in SECRETS:
            if getattr(channel, key, None) is not None:
                secret_of(getattr(channel, key))
        connected(Endpoint(url, where, channel.ca_file), SystemClock(), channel.timeout_s)
    except RequestError as error:
        sentence = _('channel "{name}": {why}').format(name=channel.name, why=texts.render(error.reason))
        remedy = _("Fix it, then send a test message: minshan notify test")
        return Finding("notify", False, sentence, remedy)
    sentence = _('channel "{name}": {where} is reachable; minshan notify test shows whether it accepts messages')
    return Finding("notify", True, sentence.format(name=channel.name, where=where))


def url_of(channel: AnyChannel) -> str:
    """Return the address of a channel's service as an http(s) URL."""
    if channel.kind == "mail":
        parts = urlsplit(channel.url)
        scheme = "https" if parts.scheme == "smtps" else "http"
        return f"{scheme}://{parts.hostname}:{parts.port or MAIL_PORTS[parts.scheme]}"
    return channel.url if channel.kind == "webhook" else channel.base_url
