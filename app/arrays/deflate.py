"""Deflate by ISA-L where its wheel exists (x86-64, arm64), else by zlib: the same calls, slower."""

from typing import Final, cast

try:
    from isal import isal_zlib as deflate
except ImportError:  # pragma: no cover (a machine without an isal wheel)
    import zlib as deflate  # type: ignore[no-redef]

# No zlib header or trailer, as zip members have it; both libraries take the same number.
RAW: Final = -15

# isal's stub does not say that its error class is one.
DeflateError: Final = cast("type[Exception]", deflate.error)

__all__ = ["RAW", "DeflateError", "deflate"]
