"""The examples of docs/forward.md, made by the code that sends, and its table of quantities.

python -m tests.forward_examples writes them anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from drivers.quantity import QUANTITIES
from edge.config.forward import MqttJson
from edge.language import speech, texts
from edge.northbound import http_json, mqtt_json
from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"en": ROOT / "docs" / "forward.md", "zh": ROOT / "docs" / "forward.zh-CN.md"}
TRIAL = ROOT / "docs" / "forward" / "messages.jsonl"
BLOCK = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"^(<!-- .* -->\n\n?\|.*\n\|---\|---\|---\|\n)((?:\|.*\n)*)", re.MULTILINE)
START = 1_795_662_720_000_000  # 2026-11-26T03:12:00Z


def minute(seq: int, start: int | None, revision: int = 0, epoch: str = "7f3a9c0d51e24b68", **values: Any) -> Record:
    """Return a minute; a value is (number, flag) or (number, flag, reason)."""
    body = {
        "values": {name: one[0] for name, one in values.items()},
        "quality": {name: one[1] for name, one in values.items()},
        "reasons": {name: one[2] for name, one in values.items() if len(one) > 2},
    }
    mark = ClockMark("arrival") if start is None else ClockMark("ntp", 0.05)
    return Record(epoch, seq, Kind.MINUTE, Stamp("b", 60.0 * seq), 60.0, start, mark, revision, 2, raw(body))


def example() -> Record:
    """Return the minute that the pages show."""
    few = {"code": "few_samples", "params": {"count": 3, "due": 6}, "text": "3 of 6 samples"}
    none = {"code": "no_answer", "text": "no answer"}
    return minute(
        *(1234, START),
        air_temperature=(-0.42, 1),
        relative_humidity=(97.1, 3, few),
        wind_speed=(None, 9, none),
    )


def section(**more: Any) -> MqttJson:
    """Return a destination by MQTT."""
    return MqttJson.model_validate({"name": "c", "kind": "mqtt-json", "url": "mqtt://c.example", **more})


def messages() -> list[bytes]:
    """Return the messages of the page, in order."""
    names = {"air_temperature": "wd", "relative_humidity": "sd", "wind_speed": "fs"}
    own = section(names=names, quality_name="{channel}_zt")
    return [
        http_json.payload([http_json.encode("orchard-1", example())]),
        mqtt_json.encode(section(), "orchard-1", example()),
        mqtt_json.encode(own, "orchard-1", example()),
    ]


def lines() -> bytes:
    """Return what a decoder is tried with: a request, and a message over MQTT."""
    return b"".join(one + b"\n" for one in messages()[:2])


def table(lang: str) -> str:
    """Return the rows of the quantities: name, what it is, unit."""
    with speech.speaking(lang):
        rows = [f"| `{name}` | {texts.label(name)} | `{one.unit}` |\n" for name, one in QUANTITIES.items()]
    return "".join(rows)


def put_in(page: str, lang: str) -> str:
    """Return a page with the examples and the table in their places."""
    made = (json.dumps(json.loads(one), indent=2, ensure_ascii=False) + "\n" for one in messages())
    shown = BLOCK.sub(lambda _found: f"```json\n{next(made)}```", page)
    return TABLE.sub(lambda found: f"{found[1]}{table(lang)}", shown)


if __name__ == "__main__":
    TRIAL.write_bytes(lines())
    for lang, file in PAGES.items():
        file.write_text(put_in(file.read_text(encoding="utf-8"), lang), encoding="utf-8")
