"""The cameras in a station's answer to `status`."""

from __future__ import annotations

from typing import Any


def cameras_in(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the cameras in a station's answer, by name."""
    found: Any = answer.get("pictures") or {}
    while isinstance(found, dict) and "cameras" in found:
        found = found["cameras"]
    return {name: one for name, one in found.items() if isinstance(one, dict)}
