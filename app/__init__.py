"""Lightbox: look at medical image datasets, exact and at once.

The rooms and the one way that imports go are drawn in ``docs/architecture.md``.
"""

__version__ = "0.1.0"
