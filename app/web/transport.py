"""How long answers may be kept, and HEAD on every route."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# For addresses that change with their content, for those that do not, and for what may be wrong.
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
NOT_AT_ALL: Final = "no-store"


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

        await self._app({**scope, "method": "GET"}, receive, without_body)
