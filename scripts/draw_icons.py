"""Draws the icons of an installed Lightbox from the SVG of its mark; ``make icons`` runs it.

That drawing is rectangles alone, and whatever else it came to hold is refused, so it takes no
renderer of SVG. Systems cut an icon into shapes of their own: what they are given for that is
square, and a maskable one keeps the drawing within the circle that none of them cuts into.
"""

from pathlib import Path
from xml.etree.ElementTree import Element, parse

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parent.parent / "static" / "icons"
SVG = "{http://www.w3.org/2000/svg}"

# Name, side, whether it fills its square, and which share of its side the drawing takes.
ICONS = (
    ("icon-192.png", 192, False, 1.0),
    ("icon-512.png", 512, False, 1.0),
    ("icon-maskable-512.png", 512, True, 0.7),
    ("apple-touch-icon.png", 180, True, 1.0),
)
FINER = 4


def draw(side: int, share: float, *, square: bool) -> Image.Image:
    """Draw the icon ``side`` pixels wide, the drawing ``share`` as wide as that."""
    root = parse(FOLDER / "favicon.svg").getroot()
    ground, *marks = _rectangles(root, {})
    width = float(root.get("viewBox", "").split()[2])
    fine = side * FINER
    image = Image.new("RGBA", (fine, fine), ground["fill"] if square else "#0000")
    scale = fine * share / width
    offset = fine * (1 - share) / 2
    for rectangle in marks if square else [ground, *marks]:
        _lay(image, rectangle, scale, offset)
    return image.resize((side, side), Image.Resampling.BOX)


def _rectangles(element: Element, inherited: dict[str, str]) -> list[dict[str, str]]:
    """Give the attributes of all rectangles, in the order in which they are painted."""
    found = []
    for each in element:
        attributes = {**inherited, **each.attrib}
        if each.tag == f"{SVG}g":
            found += _rectangles(each, attributes)
        elif each.tag == f"{SVG}rect":
            found.append(attributes)
        else:
            raise ValueError(each.tag)
    return found


def _lay(image: Image.Image, rectangle: dict[str, str], scale: float, offset: float) -> None:
    x, y, width, height, radius, opacity = (
        float(rectangle.get(name, default))
        for name, default in (
            ("x", 0),
            ("y", 0),
            ("width", 0),
            ("height", 0),
            ("rx", 0),
            ("opacity", 1),
        )
    )
    left, top = offset + x * scale, offset + y * scale
    box = (left, top, left + width * scale - 1, top + height * scale - 1)
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * scale, fill=round(255 * opacity))
    layer = Image.new("RGBA", image.size, rectangle["fill"])
    layer.putalpha(mask)
    image.alpha_composite(layer)


if __name__ == "__main__":
    for name, side, square, share in ICONS:
        draw(side, share, square=square).save(FOLDER / name, optimize=True)
