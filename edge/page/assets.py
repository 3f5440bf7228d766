"""The page's style, scripts and vendored library: files beside the code, at addresses with a hash of their content.

`/static/HASH/style.css`: the hash is over all files together, so that a browser may cache them permanently and never
mixes two versions, and scripts import each other by their plain names.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as WebRoute

STATIC = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
FOR_GOOD = "public, max-age=31536000, immutable"


class Assets:
    """All static files, read once. `folders`: a file of a later one replaces one of the same name."""

    def __init__(self, *folders: Path) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        for folder in (STATIC, *folders):
            for file in sorted(folder.rglob("*")):
                if kind := KINDS.get(file.suffix):
                    self._files[file.relative_to(folder).as_posix()] = (file.read_bytes(), kind)
        together = hashlib.sha256()
        for name, (content, _kind) in sorted(self._files.items()):
            together.update(name.encode() + b"\0" + content)
        self.version = together.hexdigest()[:12]

    def url(self, name: str) -> str:
        """Return the address of a file. Raise KeyError if there is none."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    def route(self) -> BaseRoute:
        """Return the route that serves them, text compressed."""
        packed = [Middleware(GZipMiddleware, minimum_size=500)]
        return WebRoute("/static/{version}/{name:path}", self._serve, middleware=packed)

    async def _serve(self, request: Request) -> Response:
        found = self._files.get(request.path_params["name"])
        if found is None:
            return Response(status_code=404)
        newest = request.path_params["version"] == self.version
        return Response(found[0], media_type=found[1], headers={"cache-control": FOR_GOOD if newest else "no-store"})
