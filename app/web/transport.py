"""How long answers may be kept, whether the browser has one, and HEAD on every route."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# For addresses that change with their content, for those that do not, and for what may be wrong.
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
NOT_AT_ALL: Final = "no-store"
# What the scope of a request has that was one for the head alone.
HEAD: Final = "lightbox.head"


def is_known(asked: str, tag: str) -> bool:
    """Say whether If-None-Match names this ETag, which holds no comma: alone, in a list or by *.

    Weak tags and strong ones are alike here (RFC 9110, section 13.1.2).
    """
    named = {part.strip().removeprefix("W/") for part in asked.split(",")}
    return bool({tag.removeprefix("W/"), "*"} & named)


class HeadAsGet:
    """ASGI middleware that answers HEAD as GET without the body, on every route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as GET, and drop what must not be sent."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        answered = False

        async def without_body(message: Message) -> None:
            # Ended at once, not as long as the body would have been: an export stops there.
            nonlocal answered
            if answered:
                return
            if message["type"] == "http.response.body":
                answered = True
                message = {"type": message["type"], "body": b"", "more_body": False}
            await send(message)

        await self._app({**scope, "method": "GET", HEAD: True}, receive, without_body)
