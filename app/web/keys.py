"""The page that says which keys do what."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.web import addresses
from app.web.templating import page


def keys() -> APIRouter:
    """Make the route of the page; it tells nothing of what is served."""
    router = APIRouter(include_in_schema=False)

    @router.get(addresses.KEYS)
    def shown(request: Request) -> HTMLResponse:
        return page(request, "keys", None)

    return router
