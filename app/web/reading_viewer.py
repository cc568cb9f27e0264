"""The picture on a reader's page, and what changes how it is seen."""

from dataclasses import dataclass, replace

from app.datasets.dataset import Dataset
from app.web import addresses, controls, volume
from app.web.display import Display, values_of
from app.web.item import Looking, default_slices, planes_of, zoom_of
from app.web.item import style as item_style
from app.web.views import Controls, Hidden, Plane, Zoom


@dataclass(frozen=True)
class Viewer:
    """The picture, and what changes how it is seen; ``action`` is where its forms lead."""

    style: str
    planes: tuple[Plane, ...]
    is_volume: bool
    display: Controls
    hidden: tuple[Hidden, ...]
    action: str
    zoom: Zoom


def viewer(
    dataset: Dataset, looking: Looking, display: Display, name: str, here: str, told: str = ""
) -> Viewer:
    """Draw up the picture; ``told`` is the query of what was answered, for links to carry along."""
    held = values_of(dataset)
    planes = planes_of(
        dataset,
        looking,
        name,
        lambda query, _: addresses.with_query(f"{here}.png", query),
        through=display.drawn(held),
    )
    kept = addresses.joined(told, display.query())
    return Viewer(
        style=item_style(planes, looking.zoom, volume=dataset.is_volume),
        # A reader's picture has no readout of values: it would be another reading.
        planes=tuple(replace(plane, values="") for plane in planes),
        is_volume=dataset.is_volume,
        # Closed, so that the answers stay near.
        display=controls.build(
            display,
            held,
            action=here,
            query=addresses.joined(told, looking.query(dataset)),
            closed=True,
        ),
        hidden=volume.hidden(told, looking),
        action=here,
        zoom=zoom_of(
            dataset,
            looking,
            lambda there: addresses.with_query(here, addresses.joined(kept, there)),
        ),
    )


def carried(dataset: Dataset, looking: Looking, display: Display) -> str:
    """Give the query by which the next picture is seen as this one; slices are each one's own."""
    alike = replace(looking, slices=default_slices(dataset))
    return addresses.joined(display.query(), alike.query(dataset))
