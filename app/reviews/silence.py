"""A connection to PostgreSQL that does not wait without end for a server that says nothing.

The kernel keeps a connection alive whose server hangs, so that TCP's own limits never come true.
"""

import math
from time import monotonic
from typing import Any, TypeVar

from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout

_T = TypeVar("_T")


class Patient(Connection[Any]):
    """Waits so many seconds of ``patience`` between two signs of life, then closes."""

    patience = math.inf

    # The base class takes other arguments in other versions.
    def wait(self, gen: PQGen[_T], *arguments: Any, **named: Any) -> _T:  # noqa: ANN401
        """Wait as every connection does. Raises ConnectionTimeout."""
        return super().wait(self._watched(gen), *arguments, **named)

    def _watched(self, gen: PQGen[_T]) -> PQGen[_T]:
        heard = monotonic()
        try:
            awaited = next(gen)
            while True:
                # Asked anew every tenth of a second, also where there is nothing.
                ready = yield awaited
                if ready:
                    heard = monotonic()
                elif monotonic() - heard > self.patience:
                    self.close()
                    raise ConnectionTimeout("the server does not answer")
                awaited = gen.send(ready)
        except StopIteration as end:
            value: _T = end.value
            return value
