"""For machines that watch: is the process alive, can it answer, what has it done."""

import os
import time
from typing import Final

from fastapi import APIRouter, Request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.arrays.store import Store
from app.datasets.library import Library
from app.web.roles import role_of

# prometheus-client's own variable: must be set before a worker imports it.
WORKERS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_NO_ROUTE: Final = "none"


class Watch:
    """The metrics of one process; of all workers, where the parent has named them a folder."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self.requests = Counter(
            "lightbox_requests", "Requests answered.", ["route", "status"], registry=self._own
        )
        self.seconds = Histogram(
            "lightbox_request_seconds", "Time to answer.", ["route"], registry=self._own
        )
        self.kept = Counter(
            "lightbox_kept_answers", "Answers given from memory.", registry=self._own
        )

    def text(self) -> bytes:
        """Give the metrics in Prometheus' text format, those of all workers added up."""
        if WORKERS_FOLDER not in os.environ:
            return generate_latest(self._own)
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


class Metrics:
    """ASGI middleware that counts requests and times them, by route and status."""

    def __init__(self, app: ASGIApp, *, watch: Watch) -> None:
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # The route's pattern, never the address: ids would make a series each.
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            self._watch.requests.labels(route, str(status)).inc()
            self._watch.seconds.labels(route).observe(time.perf_counter() - began)


def status(library: Library, store: Store, watch: Watch) -> APIRouter:
    """Make the routes for watching."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @router.get("/readyz")
    def readyz(request: Request) -> JSONResponse:
        shelf = library.shelf()
        if role_of(request) != "owner":
            # Whoever watches a private server need not know what it holds.
            return JSONResponse({"status": "ready"})
        body = {
            "status": "ready",
            "datasets": len(shelf.datasets),
            "refused": len(shelf.refused),
            "cache_writable": store.cache.writable,
        }
        return JSONResponse(body)

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(watch.text(), media_type=CONTENT_TYPE_LATEST)

    return router
