"""The 256 levels of a picture as drawn → the colour each is seen in.

A window, an inversion and a false-colour map change what is seen and nothing else, so all three
are one table, which the browser puts between a picture and the screen.
"""

from functools import lru_cache
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from app.pictures.window import Window, through

Map = Literal["grey", "viridis", "inferno", "cividis"]
MAPS: Final[tuple[Map, ...]] = get_args(Map)

LEVELS: Final = 256

# Every third of a map's 256 colours, as hexadecimal red, green and blue: between them a straight
# line is right to one level in 255 (two for cividis, which has a bend). All three were made to be
# perceptually uniform, and were given to the public domain (CC0) by their authors.
_EVERY: Final = 3
_COLOURS: Final[dict[Map, str]] = {
    "viridis": (
        "440154450559460a5d470e61471365481769481b6d481f70482374482677472a7a472e7c46327e453581443983"
        "433d844240864144873f47883e4a893d4e8a3b518b3a548c38588c375b8d355e8d34618d32648e31678e306a8e"
        "2e6d8e2d708e2c728e2b758e2a788e297b8e277e8e26818e25838e24868e23898e228c8d218f8d20928c1f948c"
        "1f978b1f9a8a1e9d891fa0881fa28721a58522a88425ab8227ad812ab07f2eb37c32b67a37b8783bbb7540bd72"
        "46c06f4cc26c52c56958c7655ec96265cb5e6ccd5a73d0567ad15181d34d89d54890d74398d83ea0da39a8db34"
        "b0dd2fb8de29c0df25c8e020d0e11cd8e219dfe318e7e419efe51cf6e620fde725"
    ),
    "inferno": (
        "00000401010802020e04031407051b0a07220d0829110a30150b37190c3e1e0c45230c4c280b532d0b59320a5e"
        "3809623d0965420a68470b6a4c0c6b510e6c550f6d5a116e5f136e64156e69166e6d186e721a6e771c6d7c1d6d"
        "801f6c85216b8a226a8f24699326679827669d2964a22b62a62d60ab2f5eb0315bb43359b93556bd3853c13a50"
        "c63d4dca404ace4347d24644d54a41d94d3ddd513ae05536e35933e65d2fe9612beb6628ee6a24f06f20f2741c"
        "f47918f67e14f78410f8890cf98e09fa9407fb9906fc9f07fca50afcaa0ffcb014fbb61afbbc21fac228f9c72f"
        "f8cd37f7d340f5d949f4df53f3e55df2ea69f1ef75f2f482f4f88ef8fb9afcffa4"
    ),
    "cividis": (
        "00224e00255300275800295d002b62002d68002f6d0031700533710f35701637701c396f213b6e263d6e2a3f6d"
        "2e416d32436d35456c39486c3c4a6c3f4c6c424e6c45506c48526c4b546c4e566c51586d545a6d565c6d595e6e"
        "5c616e5e636f61656f646770666970696b716c6d726e6f737172747374757676767878777b7a787e7c78807f78"
        "8381798683798985788c88788f8a78928c78948e779791779a93769d9576a09875a39a74a69c74a99f73aca172"
        "afa471b3a670b6a96fb9ab6dbcae6cbfb06bc2b369c5b568c8b866ccba64cfbd62d2c060d5c25ed9c55cdcc859"
        "dfca57e2cd54e6d051e9d34eedd54af0d846f3db42f7de3efbe138fee434fee838"
    ),
}


def colours(name: Map) -> NDArray[np.float64]:
    """Give a map's 256 colours (256, 3), from 0 to 255."""
    levels = np.arange(LEVELS, dtype=np.float64)
    if name == "grey":
        return np.repeat(levels[:, None], 3, axis=1)
    stops = np.frombuffer(bytes.fromhex(_COLOURS[name]), np.uint8).reshape(-1, 3)
    at = levels[::_EVERY]
    return np.stack([np.interp(levels, at, channel) for channel in stops.T], axis=1)


@lru_cache(maxsize=64)
def table(own: Window, window: Window | None, name: Map, *, inverted: bool) -> NDArray[np.uint8]:
    """Give the colour (256, 3) in which each level of a picture is seen.

    ``own`` is what the picture was drawn through: its level 0 stands for ``own.low``, its level 255
    for ``own.high``.
    """
    values = np.linspace(own.low * own.part, own.high * own.part, LEVELS) / own.part
    seen = through(values, window or own)
    return np.rint(colours(name)).astype(np.uint8)[255 - seen if inverted else seen]
