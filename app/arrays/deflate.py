"""Deflate by ISA-L, without zlib's header and trailer, as zip members have it."""

from typing import Final, cast

from isal import isal_zlib as deflate

RAW: Final = -15

# isal's stub does not say that its error class is one.
DeflateError: Final = cast("type[Exception]", deflate.error)

__all__ = ["RAW", "DeflateError", "deflate"]
