"""The text of a web server's answer, whatever coding it is in.

A server that writes its messages in GBK, as many of China's do, says no less with them, and often not that it does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.ASCII | re.IGNORECASE)


def text_of(headers: Mapping[str, str], body: bytes) -> str:
    """Return an answer's text: in the coding that it names, else as JSON tells it, else in GB 18030."""
    named = CHARSET.search(headers.get("Content-Type") or "")
    for coding in (named[1] if named else "", json.detect_encoding(body)):
        try:
            return body.decode(coding or "ascii").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
        except (LookupError, ValueError):  # there is no such coding, or it is not in it
            continue
    return body.decode("gb18030", "replace")
