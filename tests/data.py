"""Recorded bytes and captures of real devices, which lie outside the repository because of their size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Return where the recordings are: $MINSHAN_DATA, otherwise ../shared/data beside the checkout."""
    named = os.environ.get("MINSHAN_DATA")
    return Path(named) if named else CHECKOUT.parent / "shared" / "data"


def shared(path: str) -> Path:
    """Return the recording `path`, as in 'device-bytes/plantower_frames.jsonl'.

    Skip the calling test, with the reason, where the recording is absent.
    """
    wanted = folder() / path
    if not wanted.exists():
        pytest.skip(f"the recording {path} is not in {folder()} (set MINSHAN_DATA to its folder)")
    return wanted
