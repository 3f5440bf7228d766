"""Robots of WeCom and DingTalk: a `text` message, in which people are mentioned by their mobile numbers.

In other kinds of message a mention notifies nobody's phone. Only errcode 0 is success: both services answer 200 to what
they refuse, and redirect once a robot has sent too much. WeCom: developer.work.weixin.qq.com, document 99110; DingTalk:
open.dingtalk.com, "custom robots" and "security settings".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import msgspec
from msgspec import Meta

from drivers.clock import Clock
from drivers.reason import Reason, printable
from edge.config.delivery import DingTalk, WeCom
from edge.delivery.message import Message, MessageFate, SendResult, phones
from edge.wire.post import Endpoint, HttpAnswer, RequestError, requested, secret_of

MOST_A_MINUTE = 20  # of both; beyond that they accept nothing for minutes
WECOM_TEXT = 2048  # bytes of content
DINGTALK_BODY = 20_000  # bytes of the whole message
WECOM_BUSY, DINGTALK_BUSY = (45009, 45033), (130101, 130102)
TRANSIENT = (-1,)  # "system busy", of both services
WECOM_REMEDIES: Mapping[int, Reason] = {
    93000: Reason("wecom_gone", "the robot was removed from its group, or its key is wrong"),
    40058: Reason("wecom_too_long", "WeCom rejects the form of the message"),
}
DINGTALK_TOKEN = Reason("dingtalk_token", "the robot was removed from its group, or its key is wrong")
DINGTALK_REMEDIES: Mapping[int, Reason] = {300001: DINGTALK_TOKEN, 300005: DINGTALK_TOKEN}
# DingTalk has one code for four faults, which only the text distinguishes; it has changed over time.
DINGTALK_SECURITY: tuple[tuple[tuple[str, ...], Reason], ...] = (
    (
        ("timestamp", "时间戳"),
        Reason(
            "dingtalk_clock", "the signature's time is not accepted: is this machine's clock right to within an hour?"
        ),
    ),
    (("sign", "签名"), Reason("dingtalk_sign", "the signature is wrong: secret_file must hold the robot's SEC...")),
    (
        ("keyword", "关键词"),
        Reason(
            "dingtalk_keyword",
            "the robot requires a keyword: switch it to signatures instead, or make the keyword {word}",
            word="Minshan",
        ),
    ),
    (
        ("ip", "白名单"),
        Reason("dingtalk_ip", "the robot accepts only certain IP addresses: switch it to signatures instead"),
    ),
)
NO_TIME = Reason("dingtalk_no_time", "the time is not known here, and a signature needs it: use another channel")
BLOCKED = Reason(
    "robot_blocked", "{where} redirects elsewhere: too much was sent, and it accepts nothing for now", where=""
)
TOO_FAST = Reason("robot_too_fast", "the service accepts no more messages for now")


class RobotAnswer(msgspec.Struct):
    """The answer of both services: an integer, or its digits as text; a fraction is not accepted as success."""

    errcode: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
    errmsg: Any = ""


class Robot:
    """What both robots share: post JSON with a key in the URL, and read errcode and errmsg of the answer."""

    wakes = False
    one_by_one = False
    most_a_minute: int | None = MOST_A_MINUTE

    def __init__(self, section: WeCom | DingTalk, clock: Clock) -> None:
        self.name = section.name
        self._ca_file, self._timeout, self._clock = section.ca_file, section.timeout_s, clock

    def _posted(self, url: str, body: Mapping[str, object], busy: tuple[int, ...], remedy: Remedy) -> SendResult:
        payload = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(payload))}
        address = Endpoint(url, where_of(url), self._ca_file)
        try:
            answer = requested("POST", address, payload, {**headers, "Connection": "close"}, self._clock, self._timeout)
        except RequestError as error:
            return SendResult(MessageFate.UNKNOWN if error.sent else MessageFate.FAILED, "", error.reason)
        return judged(answer, address.where, busy, remedy)


Remedy = Callable[[int, str], Reason | None]


class WeComSender(Robot):
    """Sends by a WeCom robot."""

    def __init__(self, section: WeCom, clock: Clock) -> None:
        super().__init__(section, clock)
        self._section = section

    def send(self, message: Message) -> SendResult:
        """Send a message, cut to WeCom's limit."""
        try:
            key = key_of(secret_of(self._section.key_file), "key")
        except RequestError as error:
            return SendResult(MessageFate.REFUSED, "", error.reason)
        url = f"{self._section.base_url}/cgi-bin/webhook/send?key={quote(key, safe='')}"
        text = {"content": message.fitted(WECOM_TEXT), "mentioned_mobile_list": phones(message.to)}
        return self._posted(
            url, {"msgtype": "text", "text": text}, WECOM_BUSY, lambda code, _: WECOM_REMEDIES.get(code)
        )


class DingTalkSender(Robot):
    """Sends by a DingTalk robot; `utc` returns the time in microseconds, 0 if it is unknown."""

    def __init__(self, section: DingTalk, clock: Clock, utc: Callable[[], int]) -> None:
        super().__init__(section, clock)
        self._section, self._utc = section, utc

    def send(self, message: Message) -> SendResult:
        """Send a message, signed if there is a secret."""
        try:
            key = key_of(secret_of(self._section.key_file), "access_token")
            secret = None if self._section.secret_file is None else secret_of(self._section.secret_file)
        except RequestError as error:
            return SendResult(MessageFate.REFUSED, "", error.reason)
        url = f"{self._section.base_url}/robot/send?access_token={quote(key, safe='')}"
        if secret is not None:
            now = self._utc()
            if now <= 0:
                return SendResult(MessageFate.FAILED, "", NO_TIME)
            url += signature(now // 1000, secret)
        numbers = phones(message.to)
        mentions = "".join(f" @{number}" for number in numbers)  # without them in the text nobody is mentioned

        def said(text: str) -> dict[str, object]:
            at = {"atMobiles": numbers, "isAtAll": False}
            return {"msgtype": "text", "text": {"content": text + mentions}, "at": at}

        room = DINGTALK_BODY - len(json.dumps(said(""), ensure_ascii=False).encode())
        text = message.fitted(room)
        over = len(json.dumps(said(text), ensure_ascii=False).encode()) - DINGTALK_BODY  # line feeds are escaped
        return self._posted(url, said(message.fitted(room - max(0, over))), DINGTALK_BUSY, dingtalk_remedy)


def judged(answer: HttpAnswer, where: str, busy: tuple[int, ...], remedy: Remedy) -> SendResult:
    """Return what an answer of either service means for a message."""
    text = printable(answer.body.decode("utf-8", "replace"))
    if 300 <= answer.status < 400:
        return SendResult(MessageFate.BUSY, f"HTTP {answer.status}", BLOCKED.having(where=where))
    if answer.status >= 500:
        return SendResult(MessageFate.UNKNOWN, f"HTTP {answer.status} {text}".strip(), _status(where, answer.status))
    try:
        found = msgspec.json.decode(answer.body, type=RobotAnswer, strict=False)
    except (ValueError, RecursionError):
        fate = (
            MessageFate.UNKNOWN
            if answer.status < 300
            else MessageFate.BUSY
            if answer.status == 429
            else MessageFate.REFUSED
        )
        return SendResult(fate, f"HTTP {answer.status} {text}".strip(), _status(where, answer.status))
    code, words = found.errcode, printable(str(found.errmsg))
    told = f"{code} {words}".strip()
    if code == 0 and answer.status < 300:
        return SendResult(MessageFate.DELIVERED, told)
    if code in busy:
        return SendResult(MessageFate.BUSY, told, TOO_FAST)
    fate = MessageFate.FAILED if code in TRANSIENT else MessageFate.REFUSED
    refused = Reason("robot_refused", "{where} refuses it: {said}", where=where, said=told)
    return SendResult(fate, told, remedy(code, words) or refused)


def dingtalk_remedy(code: int, words: str) -> Reason | None:
    """Return the remedy for an errcode of DingTalk; None if it is unknown."""
    if code == 310000:
        return next((why for signs, why in DINGTALK_SECURITY if any(one in words.lower() for one in signs)), None)
    return DINGTALK_REMEDIES.get(code)


def signature(milliseconds: int, secret: str) -> str:
    """Return the end of a signed URL: HMAC-SHA256 of the time and the secret, in base64, percent-encoded once."""
    digest = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256)
    return f"&timestamp={milliseconds}&sign={quote_plus(base64.b64encode(digest))}"


def key_of(text: str, name: str) -> str:
    """Return a robot's key; `text` may also be the whole URL, as the services give it."""
    if "://" not in text:
        return text
    return parse_qs(urlsplit(text).query).get(name, [""])[0]


def where_of(url: str) -> str:
    """Return the host of a URL: the rest of it may be a secret."""
    return urlsplit(url).netloc


def _status(where: str, status: int) -> Reason:
    return Reason(
        "robot_no_answer", "{where} answers HTTP {status}, and not as a robot does", where=where, status=status
    )
