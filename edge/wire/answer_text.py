"""The text of a web server's answer, whatever coding it is in.

Many Chinese servers write their messages in GBK, and often do not declare it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.ASCII | re.IGNORECASE)
# Of others that Python has, some take the square of the length (punycode 0.3 s for 80 kB): no server here needs them.
CODINGS = ("utf-8", "utf8", "gbk", "gb2312", "gb18030", "big5", "iso-8859-1", "us-ascii", "utf-16")


def text_of(headers: Mapping[str, str], body: bytes) -> str:
    """Decode an answer: by the charset that it declares, else by JSON's detection, else as GB 18030."""
    named = CHARSET.search(headers.get("Content-Type") or "")
    coding = named[1].lower() if named else ""
    for each in (coding if coding in CODINGS else "ascii", json.detect_encoding(body)):
        try:
            return body.decode(each).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
        except ValueError:  # another encoding
            continue
    return body.decode("gb18030", "replace")
