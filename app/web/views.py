"""What several pages show, as finished plain data: templates draw it and decide nothing.

Every text is ready to be shown (numbers carry their thousands separators), every ``href`` is a
path with its query string, every length is in CSS pixels. What only one page shows stands where
that page is drawn up.
"""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

NOTHING: Final = Markup()


@dataclass(frozen=True)
class Credits:
    """What is to be cited of the images on a page, and their licence; empty where not known."""

    citation: str
    license: str


@dataclass(frozen=True)
class Link:
    """A link; ``current`` marks the one that leads to where one already is."""

    text: str
    href: str
    current: bool = False
    title: str = ""


@dataclass(frozen=True)
class Stop:
    """The form by which the owner stops what takes long, or goes on with it."""

    action: str
    check: str
    text: str


@dataclass(frozen=True)
class Notice:
    """One sentence that the user should see before trusting the page, and what it is about."""

    kind: str  # "warning" (something is not served), "progress" or "note"
    text: str


@dataclass(frozen=True)
class Tile:
    """A run of at most 100 cells, drawn, whose thumbnails come as one picture, ten to a row."""

    sheet: str
    columns: int
    cells: Markup


@dataclass(frozen=True)
class Cell:
    """One thumbnail. ``name`` is what a screen reader says; ``caption`` stands below it.

    ``hue`` names the label's colour in the palette, or is None where an item has not just one.
    """

    href: str
    split: str
    index: str
    name: str
    caption: str
    hue: str | None


@dataclass(frozen=True)
class Pager:
    """Links to other pages; None where there is none. ``numbers`` holds None for a gap.

    ``action`` and ``hidden`` are those of the form that asks for a page by its number.
    """

    page: int
    pages: int
    first: str | None
    previous: str | None
    next: str | None
    last: str | None
    numbers: tuple[Link | None, ...]
    action: str
    hidden: tuple["Hidden", ...]


@dataclass(frozen=True)
class Hidden:
    """A form field that carries state along unseen."""

    name: str
    value: str


@dataclass(frozen=True)
class Choice:
    """One option of a select element."""

    value: str
    text: str
    selected: bool


@dataclass(frozen=True)
class Crumb:
    """Where a page stands below the catalogue: dataset, then image."""

    text: str
    href: str | None


@dataclass(frozen=True)
class Fact:
    """A name and a value, as in a definition list, and the address of what has that value."""

    name: str
    value: str
    href: str = ""


@dataclass(frozen=True)
class Plane:
    """One plane of a volume, or the one picture of an item.

    ``src`` is the picture as drawn, ``alone`` one that holds this plane and nothing more;
    ``values`` the plane's numbers (an ``.npy``). All below ``css`` is a volume's: the slider of
    ``axis`` runs from 0 to ``last``. Rows run along ``down``, columns along ``across``; ``cx``,
    ``cy`` is the crosshair's column and row. With ``in_atlas`` the picture holds all slices, of
    which the one at ``col``, ``row`` is shown.
    """

    src: str
    alone: str
    alt: str
    values: str
    width: int  # in image pixels
    height: int
    css: str  # class that the page's ``style`` sizes
    axis: str = ""
    across: str = ""
    down: str = ""
    slice: int = 0
    last: int = 0
    cx: int = 0
    cy: int = 0
    in_atlas: bool = False
    columns: int = 1
    rows: int = 1
    col: int = 0
    row: int = 0


@dataclass(frozen=True)
class Volume:
    """Three linked planes, and the form that moves them."""

    planes: tuple[Plane, ...]
    action: str
    hidden: tuple[Hidden, ...]
    voxels: str  # the whole volume's .npy, to be read ahead; empty where it is large
    readout: str  # where the crosshair stands, and the value there


@dataclass(frozen=True)
class Saved:
    """A file to save; ``axis`` is set where it follows that axis's slice."""

    text: str
    href: str
    axis: str = ""


@dataclass(frozen=True)
class Scale:
    """A bar of the colours that values are seen in, between two of them: grey levels 0 to 255."""

    first: int
    last: int
    low: str
    high: str
    text: str


@dataclass(frozen=True)
class Controls:
    """The form, filled in. ``css`` are the classes of what holds the pictures.

    ``filter`` and ``scale`` are there where pictures are seen otherwise than as they are.
    """

    action: str
    hidden: tuple[Hidden, ...]
    summary: str
    low: str
    high: str
    inverted: bool
    smooth: bool
    maps: tuple[Choice, ...]  # none for colour images
    notes: tuple[str, ...]
    fit: Link | None  # to the window of this image's own range
    reset: str | None
    opened: bool
    css: str
    filter: tuple[str, ...]  # tableValues of red, green and blue
    scale: Scale | None


@dataclass(frozen=True)
class Zoom:
    """How large a picture is drawn; ``closer`` and ``farther`` lead a step on, if there is one."""

    text: str
    closer: str | None
    farther: str | None


@dataclass(frozen=True)
class Item:
    """One image's page. ``place`` says where it stands in what one came from.

    ``notes`` is what was said of it, drawn for who may see that.
    """

    heading: str
    crumbs: tuple[Crumb, ...]
    address: str
    share: str
    style: str
    planes: tuple[Plane, ...]
    volume: Volume | None
    display: Controls
    facts: tuple[Fact, ...]
    pixels: tuple[Fact, ...]  # statistics
    label_text: str
    hue: str | None
    previous: str | None
    next: str | None
    keeps: tuple[bool, bool]  # whether slices go along to them
    place: str
    back: str
    back_text: str
    downloads: tuple[Saved, ...]
    download_notes: tuple[str, ...]
    zoom: Zoom
    notices: tuple[Notice, ...]
    credits: Credits
    sizes: tuple[Link, ...] = ()  # the same item in other resolutions, where they are here
    notes: Markup = NOTHING
