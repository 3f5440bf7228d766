"""The body of a request, read up to a server's limit."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request


class BodyError(Exception):
    """A body is too long, or the client disconnected before its end."""


async def body_of(request: Request, longest: int) -> bytes:
    """Return a request's whole body, at most `longest` bytes. Raise BodyError."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > longest:
                raise BodyError
    except ClientDisconnect:
        raise BodyError from None
    return body
