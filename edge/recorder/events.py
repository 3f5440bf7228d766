"""The content of the start and setup records."""

from __future__ import annotations

import importlib.metadata
import secrets
from typing import Any

from drivers.reason import Reason
from edge.config.sections import Config
from edge.recorder.recorder import Recorder
from edge.records.record import Record
from edge.store.store import Store

FIRST_START = Reason("first_start", "first start")
STORE_LOST = Reason("store_lost", "the store was lost")


def start_body(store: Store, recorder: Recorder, boot: str) -> dict[str, Any]:
    """Return the body of a start record: the previous epoch, when the box was last alive, why it was off, the gap."""
    last = store.last()
    now, _mark = recorder.time_at(recorder.timeline.begin)
    body: dict[str, Any] = {"version": importlib.metadata.version("minshan"), "boot": boot}
    if last is None:
        return body | {"reason": (STORE_LOST if store.repaired is not None else FIRST_START).builtins()}
    reason = off_reason(last, store, boot)
    body |= {"previous_epoch": last.epoch, "previous_seq": last.seq, "reason": reason.builtins()}
    ended = None if last.start is None else last.start + round(last.duration * 1e6)
    body["last_alive"] = ended
    if ended is not None and now is not None:
        body |= {"missing": {"from": ended, "to": now}, "off_s": round((now - ended) / 1e6, 3)}
    elif last.stamp.boot == boot:
        body["off_s"] = round(recorder.timeline.begin - last.stamp.boottime - last.duration, 3)
    return body


def off_reason(last: Record, store: Store, boot: str) -> Reason:
    """Return why nothing was measured: a person stopped it, the daemon was killed, or the box lost its power."""
    if store.state().get("stopped_by") == "person":
        return Reason("stopped_by_person", "stopped by a person")
    return Reason("killed", "killed") if last.stamp.boot == boot else Reason("power", "power")


def setup_body(config: Config) -> dict[str, Any]:
    """Return the body of a setup record: sensors, heights, calibrations, site, the configuration file's hash."""
    names = config.channels()
    return {
        "configuration": config.digest,
        "flags": "QARTOD",
        "site": dict(config.site),  # plain values already; building a serializer takes longer
        "sensors": [
            {
                "name": s.name,
                "driver": s.driver,
                "height_m": s.height_m,
                "serial": s.serial,
                "calibration": s.calibration,
                "rain_correction": None if s.rain_correction is None else s.rain_correction.model_dump(mode="json"),
                "settings": s.settings.model_dump(mode="json"),
                "channels": [names[s.name, c.quantity] for c in s.info.channels(s.settings)],
            }
            for s in config.sensor
        ],
        "cameras": [{"name": c.name, "driver": c.driver, "every_min": c.every_min} for c in config.camera],
    }


def new_epoch() -> str:
    """Return a random epoch for this start of the daemon: 48 bits, so that no two starts of a farm collide."""
    return secrets.token_hex(6)
