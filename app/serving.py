"""Starting and ending a server: its socket, its processes, its one line on standard output."""

import contextlib
import gc
import json
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from app.errors import UsageError
from app.reviews.database import Database
from app.server import create_app
from app.settings import PREFIX, Access, Settings, is_loopback, load
from app.shelves import require_data_folder
from app.terminal import tell
from app.web.protocol import Protocol
from app.web.status import WORKERS_FOLDER
from app.web.templating import compile_all

# Addresses that stand for all of a machine's, and by which it reaches itself then.
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_FACTORY: Final = "app.serving:worker"
# A worker that gives no sign for so long is killed and replaced. With a small part of a processor,
# starting alone takes longer than the usual 5 s, and no worker would ever be ready.
_SILENT_SECONDS: Final = 30


def run(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises UsageError for a port or database that can't be had, or a data folder that is a file.
    """
    # Said once, not by each worker.
    require_data_folder(settings)
    Database(settings.database_url).close()
    listening = _listen(host, port)
    at, port = listening.getsockname()[:2]
    # What listens on every address is reached at none by that name.
    address = f"http://{_in_address(_EVERYWHERE.get(at, host))}:{port}/"
    config = uvicorn.Config(
        _FACTORY if workers > 1 else _warm(create_app(settings)),
        factory=workers > 1,
        http=Protocol,
        workers=workers,
        timeout_worker_healthcheck=_SILENT_SECONDS,
        log_level="warning",
        # Left to itself, uvicorn asks standard output, which may have been closed.
        use_colors=None if sys.stdout else False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
    )
    logging.getLogger("uvicorn.access").disabled = True
    if settings.access != "open" and not os.environ.get(f"{PREFIX}OWNER_TOKEN"):
        # On standard error: the line on standard output is the address, and nothing else.
        enter = settings.base_url.rstrip("/") + "/" if settings.base_url else address
        tell(f"The owner enters at {enter}?token={settings.owner_token}")
    threading.Thread(target=_announce, args=(address, listening), daemon=True).start()
    if workers > 1:
        _hand_down(settings)
        # A worker that ends re-raises the signal that ended it; ours is an orderly end.
        signal.signal(signal.SIGTERM, lambda _number, _frame: None)
        with tempfile.TemporaryDirectory(prefix="lightbox-metrics-") as folder:
            os.environ[WORKERS_FOLDER] = folder
            _Workers(config, sockets=[listening]).run()
    else:
        server = _Server(config)
        # Until it has signals of its own, and when it gives them back at its end.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, server.handle_exit)
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends without a word when it is told twice: what is cut off then was meant to be."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        super().handle_exit(sig, frame)
        if self.force_exit:
            logging.getLogger("uvicorn.error").disabled = True


class _Workers(Multiprocess):
    """Sees at once when a worker ends, also one that it waits for a sign from."""

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have ended, or give no sign, and say so in the log."""
        before = [process.pid for process in self.processes]
        for process in self.processes:
            # The worker's end of a pipe. As long as it is open here, too, nothing tells its end.
            process.child_conn.close()
        super().keep_subprocess_alive()
        for pid, process in zip(before, self.processes, strict=True):
            if process.pid != pid:
                logging.getLogger("uvicorn.error").warning("Worker %s ended; it is replaced.", pid)


def worker() -> ASGIApp:
    """Make the application in a worker process, whose parent has set the environment."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return _warm(create_app(load(), Path(os.environ[WORKERS_FOLDER])))


def _end_with_parent() -> None:
    """End when the parent was killed: nobody else could, and the port would stay taken."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _warm(application: ASGIApp) -> ASGIApp:
    """Do ahead what the first visitors would wait for."""
    compile_all()
    # What is here by now stays. Looking through all of it for rubbish, again and again, would stop
    # every request for 60 ms.
    gc.collect()
    gc.freeze()
    # Pages wait while a picture is drawn, and the other way round: not for the usual 5 ms each.
    sys.setswitchinterval(0.0005)
    return application


def access_for(host: str, *, public: bool | None) -> Access:
    """Decide who may look: open on loopback, private elsewhere, unless it was said."""
    if public is None:
        return "open" if is_loopback(host) else "private"
    return "public" if public else "private"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with contextlib.ExitStack() as if_refused:
            listening = if_refused.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(socket.SOMAXCONN)
            if_refused.pop_all()
    except (OSError, UnicodeError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(
            f"Port {port} of {host} can't be opened ({why}); choose another with --port or --host."
        ) from None
    listening.set_inheritable(True)
    return listening


def _announce(address: str, listening: socket.socket) -> None:
    """Print the address once a request is answered there."""
    host, port = listening.getsockname()[:2]
    probe = f"http://{_in_address(_EVERYWHERE.get(host, host))}:{port}/healthz"
    direct = build_opener(ProxyHandler({}))  # past any proxy that the environment names
    while True:
        try:
            with direct.open(probe, timeout=30):
                break
        except HTTPError:
            break  # it answers, if not to this name
        except OSError:
            time.sleep(0.02)
    line = f"Lightbox is at {address}"
    try:
        print(line, flush=True)
        why = "" if sys.stdout else "it is closed"
    except OSError as error:
        # It serves all the same, and what can't be printed is not tried again when it ends.
        sys.stdout = None
        why = (error.strerror or str(error)).lower()
    if why:
        tell(f"Standard output can't be used ({why}). {line}")


def _hand_down(settings: Settings) -> None:
    """Put what was set by flags into the environment, where worker processes read it."""
    os.environ[f"{PREFIX}PATHS"] = json.dumps([str(path) for path in settings.paths])
    os.environ[f"{PREFIX}LOOPBACK_ONLY"] = str(settings.loopback_only)
    os.environ[f"{PREFIX}ACCESS"] = settings.access
    os.environ[f"{PREFIX}OWNER_TOKEN"] = settings.owner_token


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host
