"""WeCom, DingTalk and a gateway for calls and SMS, as they really are: their limits, their signature, their answers.

Twenty messages a minute to a robot, then it points elsewhere for ten minutes. A mention counts where its service lights
it up alone. Errors stand in an answer of 200. `mode` of a service makes it slow, hanging, garbled, or fail otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from edge.delivery.message import WORD

KEY, TOKEN, SECRET = "633a31f6-7f9c-4bc4-97a0-0ec1eefa5898", "a1b2c3d4e5f6", "SECabc123def456"
PER_MINUTE, BLOCKED_S = 20, 600.0
SMS = re.compile(r"^[0-9一-鿿]{1,20}$")
LINGER = struct.pack("ii", 1, 0)  # closing sends a reset


@dataclass
class Got:
    """One message that a service has taken: when, its text, who was mentioned or called, the whole body."""

    at: float
    text: str
    to: list[str]
    body: dict[str, Any]


@dataclass
class Service:
    """One service: what it has taken, all requests, and how it behaves. `mode`: "ok", or "word more"."""

    mode: str = "ok"
    taken: list[Got] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    minute: list[float] = field(default_factory=list)
    blocked_until: float = 0.0

    def is_too_fast(self, now: float) -> bool:
        """Return whether this is one too many of this minute, which blocks it for ten."""
        if now < self.blocked_until:
            return True
        self.minute = [at for at in self.minute if at > now - 60.0]
        self.minute.append(now)
        if len(self.minute) > PER_MINUTE:
            self.blocked_until = now + BLOCKED_S
            return True
        return False


class Services:
    """All three on one port, in threads of this process."""

    def __init__(self) -> None:
        self.wecom, self.dingtalk, self.gateway = Service(), Service(), Service()
        services = self

        class Handler(Answering):
            of = services

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where they are."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> Services:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Answering(BaseHTTPRequestHandler):
    """Answers one request."""

    of: Services

    def do_POST(self) -> None:
        """Take a message."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        size = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(size))
        handlers = {
            "/cgi-bin/webhook/send": (self.of.wecom, self.wecom),
            "/robot/send": (self.of.dingtalk, self.dingtalk),
            "/call": (self.of.gateway, self.call),
        }
        service, handler = handlers[parts.path]
        service.requests.append(time.monotonic())
        mode, _, more = service.mode.partition(" ")
        if mode == "hang":
            time.sleep(30)
        elif mode == "garbage":
            self.wfile.write(b"\x00\xff 200 OK\r\n\r\n" * 20)
        elif mode == "status":
            self.say({"no": 1}, int(more))
        elif mode == "code":
            code, _, words = more.partition(" ")
            self.say({"errcode": int(code), "errmsg": words, "code": int(code)})
        else:
            time.sleep(float(more) if mode == "slow" else 0)
            answer = handler(query, body, size)
            if mode == "lost":  # it has taken it, and its answer is lost
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
                self.connection.close()
            elif answer is None:
                self.send_response(302)
                self.send_header("Location", "https://error.example/429")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif mode == "gbk":
                self.say(answer | {"message": "成功"}, coding="gbk")
            else:
                self.say(answer)

    def do_GET(self) -> None:
        """Be the heartbeat's host."""
        self.of.gateway.requests.append(time.monotonic())
        self.say({})

    def wecom(self, query: dict[str, str], body: dict[str, Any], _size: int) -> dict[str, Any] | None:
        """Answer as WeCom does."""
        if query.get("key") != KEY:
            return {"errcode": 93000, "errmsg": "invalid webhook url"}
        if self.of.wecom.is_too_fast(time.monotonic()):
            return {"errcode": 45009, "errmsg": "api freq out of limit"}
        said = body.get("text", {})
        if body["msgtype"] != "text" or len(said["content"].encode()) > 2048:
            return {"errcode": 40058, "errmsg": "text.content exceed max length 2048"}
        self.take(self.of.wecom, said["content"], said.get("mentioned_mobile_list", []), body)
        return {"errcode": 0, "errmsg": "ok"}

    def dingtalk(self, query: dict[str, str], body: dict[str, Any], size: int) -> dict[str, Any] | None:
        """Answer as DingTalk does."""
        if query.get("access_token") != TOKEN:
            return {"errcode": 300001, "errmsg": "token is not exist"}
        if self.of.dingtalk.is_too_fast(time.monotonic()):
            return None
        stamp = query.get("timestamp", "0")
        if abs(time.time() * 1000 - int(stamp)) > 3_600_000:
            return {"errcode": 310000, "errmsg": "invalid timestamp"}
        digest = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        if query.get("sign") != base64.b64encode(digest).decode():
            return {"errcode": 310000, "errmsg": "sign not match"}
        content = body.get("text", {}).get("content", "")
        if body["msgtype"] != "text" or size > 20_000:
            return {"errcode": 40035, "errmsg": "message too long"}
        if WORD not in content:
            return {"errcode": 310000, "errmsg": "keywords not in content"}
        named = [number for number in body["at"]["atMobiles"] if f"@{number}" in content]
        self.take(self.of.dingtalk, content, named, body)
        return {"errcode": 0, "errmsg": "ok"}

    def call(self, _query: dict[str, str], body: dict[str, Any], _size: int) -> dict[str, Any] | None:
        """Answer as the county's gateway, whose template takes hanzi and digits alone."""
        wrong = [word for word in body["sms"].values() if word and not SMS.match(word)]
        if wrong or not re.fullmatch(r"\d{5,15}", body["to"]):
            return {"code": 15, "message": f"PARAM_NOT_SUPPORT {wrong}"}
        self.take(self.of.gateway, body["text"], [body["to"]], body)
        return {"code": 0}

    @staticmethod
    def take(service: Service, text: str, to: list[str], body: dict[str, Any]) -> None:
        """Keep a message."""
        service.taken.append(Got(time.monotonic(), text, to, body))

    def say(self, said: dict[str, Any], status: int = 200, coding: str = "utf-8") -> None:
        """Answer with JSON."""
        body = json.dumps(said, ensure_ascii=False).encode(coding)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
