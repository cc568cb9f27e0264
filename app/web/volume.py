"""A volume's planes → the form that moves a crosshair through them."""

from typing import Any, Final
from urllib.parse import parse_qsl

from numpy.typing import NDArray

from app.pictures import exact
from app.web.display import real_text
from app.web.item import ZOOMS, Looking
from app.web.views import Hidden, Plane, Volume

# A browser reads up to this many bytes ahead, to show voxels without asking for each.
_AHEAD_MOST: Final = 1024 * 1024


def build(
    looking: Looking,
    planes: tuple[Plane, ...],
    plane: NDArray[Any] | None,
    *,
    voxels: str,
    address: str,
    query: str = "",
) -> Volume:
    """Draw up the form.

    ``plane`` is the slice along z (H, W) that is looked at, or None while it can't be read.
    ``voxels`` is the address of the volume's .npy.
    ``address`` is the page's own, without a query; ``query`` is what it carries besides how the
    item is looked at and seen.
    """
    is_small = plane is not None and plane.nbytes * (planes[0].last + 1) <= _AHEAD_MOST
    return Volume(
        planes=planes,
        action=address,
        hidden=hidden(query, looking),
        voxels=voxels if is_small else "",
        readout=_readout(plane, looking.slices),
    )


def _readout(plane: NDArray[Any] | None, slices: tuple[int, ...]) -> str:
    places = ", ".join(f"{axis} {place}" for axis, place in zip(exact.AXES, slices, strict=True))
    if plane is None:
        return places
    value = plane[slices[1:]]
    return f"{places}: {int(value) if plane.dtype.kind in 'bui' else real_text(float(value))}"


def hidden(query: str, looking: Looking) -> tuple[Hidden, ...]:
    """What the form carries along: all that none of its fields says."""
    fields = [Hidden(name, value) for name, value in parse_qsl(query)]
    if looking.zoom != ZOOMS[0]:
        fields.append(Hidden("zoom", str(looking.zoom)))
    return tuple(fields)
