"""Comparison ↔ address: which grids stand side by side, and which page of them all.

``read`` and ``Comparison.address`` are mirrors, as ``parse`` and ``query`` of a selection are.
"""

from dataclasses import dataclass, replace
from typing import Final

from app.datasets.query import page_in, parameters, readable
from app.datasets.selection import PER_PAGE, Selection
from app.errors import MalformedError, MissingError
from app.web import addresses
from app.web.language import gettext as _
from app.web.targets import Target, read_target

MOST: Final = len(addresses.COMPARED)


@dataclass(frozen=True)
class Comparison:
    """The grids that are compared, at most four; ``everything`` asks for means of all pixels."""

    grids: tuple[Target, ...] = ()
    page: int = 1
    everything: bool = False

    @property
    def address(self) -> str:
        """The canonical address."""
        grids = [grid.address for grid in self.grids]
        return addresses.compare(grids, self.page, everything=self.everything)

    @property
    def sampled(self) -> "Comparison":
        """The same by samples of the pixels."""
        return replace(self, everything=False)

    def on_page(self, page: int) -> "Comparison":
        """Compare the same grids on another page."""
        return replace(self, page=page)

    def without(self, place: int) -> "Comparison":
        """Leave one grid out, and start from the first page."""
        rest = (*self.grids[:place], *self.grids[place + 1 :])
        return replace(self, grids=rest, page=1)

    def beside(self, dataset_id: str, selection: Selection) -> "Comparison":
        """Put one more grid beside the others, and start from the first page."""
        return replace(self, grids=(*self.grids, grid_of(dataset_id, selection)), page=1)


def grid_of(dataset_id: str, selection: Selection) -> Target:
    """Give a grid as it is compared: its page, page size and bars are those of the comparison."""
    plain = replace(selection, page=1, per_page=PER_PAGE, bars=Selection.bars)
    return Target(dataset_id, plain)


def read(query: str, origin: str = "") -> Comparison:
    """Read a raw query string; ``origin`` (scheme and host) is taken off addresses of our own.

    A letter left out moves those after it up. Raises MissingError or MalformedError; its ``part``
    is a grid's letter where the address of that grid is wrong.
    """
    values = {name: told[-1] for name, told in parameters(query).items()}
    grids = [_grid(letter, values[letter].strip(), origin) for letter in given(query)]
    everything = values.get("all", "")
    if everything not in ("", "1"):
        raise MalformedError(
            "all",
            _("all must be 1, or left out, not “{everything}”.", everything=readable(everything)),
        )
    return Comparison(tuple(grids), page_in(query), everything == "1")


def given(query: str) -> list[str]:
    """Give the letters that name a grid in a raw query string. Raises MalformedError."""
    told = parameters(query)
    return [letter for letter in addresses.COMPARED if told.get(letter, [""])[-1].strip()]


def _grid(letter: str, address: str, origin: str) -> Target:
    if origin and address.startswith(f"{origin}/"):
        address = address.removeprefix(origin)
    try:
        target = read_target(address)
    except MalformedError as error:  # which of them it is, so that the others can stay
        raise MalformedError(letter, error.args[0]) from None
    except MissingError as error:
        if error.part != "address":
            raise MissingError(letter, error.args[0]) from None
        target = None
    if target is None or target.split:
        raise MissingError(
            letter,
            _(
                "{letter} is not the address of a grid, such as /d/breastmnist?split=test: "
                "“{address}”.",
                letter=letter,
                address=readable(address),
            ),
        )
    return grid_of(target.dataset_id, target.selection)
