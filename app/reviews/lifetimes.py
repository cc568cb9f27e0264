"""How many days a link lives; apart from the links, whose database takes long to import."""

from typing import Final

DAYS: Final = 30
DAYS_MOST: Final = 3_650
