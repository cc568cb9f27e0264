"""Images that MedMNIST does not have: other types, other shapes, other sizes."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest

from .conftest import Serve, Write
from .made import RANDOM, bytes_of, labelled
from .reading import numbers, page, picture, ten_to_a_row
from .visiting import share


def test_uint16_comes_out_as_an_exact_png_of_16_bits(serve: Serve, write: Write) -> None:
    images = RANDOM.integers(0, 65_536, (4, 20, 30), dtype=np.uint16)
    client = serve(write(test_images=images, test_labels=labelled(4)))
    for index, expected in enumerate(images):
        shown = picture(client, f"/d/made/test/{index}.png")
        np.testing.assert_array_equal(shown, expected)


def test_uint16_in_colour_is_exact(serve: Serve, write: Write) -> None:
    images = RANDOM.integers(0, 65_536, (2, 8, 9, 3), dtype=np.uint16)
    client = serve(write(test_images=images, test_labels=labelled(2)))
    data = client.get("/d/made/test/1.png").content
    # Pillow cuts 16-bit colour down to 8 bits, so the PNG is read by hand (filter type 1 alone).
    np.testing.assert_array_equal(deep_colour(data), images[1])


def deep_colour(data: bytes) -> Any:
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert (depth, kind) == (16, 2)
    packed, at = b"", 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, -1)
    assert (rows[:, 0] == 1).all()
    steps = rows[:, 1:].reshape(height, width, 6)
    return np.cumsum(steps, axis=1, dtype=np.uint8).view(">u2").reshape(height, width, 3)


def test_bool_is_black_and_white(serve: Serve, write: Write) -> None:
    images = RANDOM.integers(0, 2, (3, 12, 12)).astype(np.bool_)
    client = serve(write(test_images=images, test_labels=labelled(3)))
    np.testing.assert_array_equal(picture(client, "/d/made/test/2.png").astype(bool), images[2])
    (sheet,) = page(client, "/d/made").sheets()
    np.testing.assert_array_equal(
        picture(client, sheet), ten_to_a_row(images.astype(np.uint8) * 255)
    )


def test_small_whole_numbers_of_a_wide_type_are_exact(serve: Serve, write: Write) -> None:
    images = RANDOM.integers(0, 200, (3, 10, 10), dtype=np.int64)
    client = serve(write(test_images=images, test_labels=labelled(3)))
    np.testing.assert_array_equal(picture(client, "/d/made/test/1.png"), images[1])


def test_whole_numbers_below_zero_are_refused_as_png_and_offered_as_npy(
    serve: Serve, write: Write
) -> None:
    images = RANDOM.integers(-100, 100, (3, 10, 10), dtype=np.int16)
    images[1, 0, 0] = -5
    client = serve(write(test_images=images, test_labels=labelled(3)))
    assert ".npy" in page(client, "/d/made/test/1.png", 406).text()
    np.testing.assert_array_equal(numbers(client, "/d/made/test/1.npy"), images[1], strict=True)


def test_the_npy_of_a_picture_with_one_channel_has_it_and_the_png_its_values(
    serve: Serve, write: Write
) -> None:
    images = RANDOM.integers(0, 256, (3, 10, 9, 1), dtype=np.uint8)
    client = serve(write("made.npz", test_images=images, test_labels=np.zeros((3, 1), np.uint8)))
    link = share(client, "/d/made")
    for index in range(3):
        for given in (f"/d/made/test/{index}.npy", f"{link}/{index + 1}.npy"):
            np.testing.assert_array_equal(numbers(client, given), images[index], strict=True)
        for shown in (f"/d/made/test/{index}.png", f"{link}/{index + 1}.png"):
            np.testing.assert_array_equal(picture(client, shown), images[index, ..., 0])


def test_colours_that_are_true_or_false_are_shown_bright_and_given_exactly(
    serve: Serve, write: Write
) -> None:
    images = RANDOM.integers(0, 2, (3, 10, 9, 3)).astype(np.bool_)
    client = serve(write("made.npz", test_images=images, test_labels=np.zeros((3, 1), np.uint8)))
    [shown] = page(client, "/d/made/test/1").all("img")
    np.testing.assert_array_equal(picture(client, shown.get("src", "")), images[1] * 255)
    np.testing.assert_array_equal(picture(client, "/d/made/test/1.png"), images[1])


def floats(write: Write) -> tuple[Any, Any]:
    images = RANDOM.normal(3, 10, (5, 16, 16)).astype(np.float32)
    return images, write(test_images=images, test_labels=labelled(5))


def test_floats_are_refused_as_png_with_a_sentence_that_offers_the_npy(
    serve: Serve, write: Write
) -> None:
    _, path = floats(write)
    assert ".npy" in page(serve(path), "/d/made/test/0.png", 406).text()


def test_the_npy_of_floats_is_exact(serve: Serve, write: Write) -> None:
    images, path = floats(write)
    client = serve(path)
    for index, expected in enumerate(images):
        given = numbers(client, f"/d/made/test/{index}.npy")
        np.testing.assert_array_equal(given, expected, strict=True)


@pytest.mark.parametrize("address", ["/d/made", "/d/made/test/0"])
def test_the_window_through_which_floats_are_shown_is_said(
    address: str, serve: Serve, write: Write
) -> None:
    images, path = floats(write)
    said = page(serve(path), address).text()
    assert f"from {images.min():.4g} (black) to {images.max():.4g} (white)" in said


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255), (np.bool_, 1)])
def test_what_an_empty_split_is_stored_as_changes_nothing_of_the_images(
    kind: type[np.generic], white: int, serve: Serve, write: Write
) -> None:
    images = RANDOM.integers(0, 2, (3, 4, 4)).astype(kind)
    nothing = np.array([])  # 64-bit floats, as NumPy has it
    client = serve(
        write(train_images=nothing, train_labels=nothing, test_images=images, test_labels=[0, 1, 1])
    )
    about = page(client, "/d/made/about").text()
    assert f"Stored as {np.dtype(kind)} " in about
    assert ("Mean ÷ 255" in about) == (white == 255)
    assert f"0 is black and {white} is white" in page(client, "/d/made/test/0").text()


def test_values_in_the_thousands_are_told_without_powers_of_ten(serve: Serve, write: Write) -> None:
    images = np.linspace(-1024.5, 30000.25, 2 * 64).reshape(2, 8, 8)
    client = serve(write(test_images=images, test_labels=np.array([0, 1])))
    assert "from -1,024.5 (black) to 30,000.2 (white)" in page(client, "/d/made").text()
    assert "e+" not in page(client, "/d/made/pixels").text()


def test_statistics_of_small_numbers_keep_their_digits(serve: Serve, write: Write) -> None:
    images = RANDOM.random((2, 16, 16)).astype(np.float32) / 1000
    client = serve(write(test_images=images, test_labels=labelled(2)))
    mean, deviation = images[1].mean(dtype=float), images[1].std(dtype=float)
    said = page(client, "/d/made/test/1").text()
    assert f"mean {mean:.4g}, standard deviation {deviation:.4g}" in said


def test_floats_are_drawn_linearly_through_that_window(serve: Serve, write: Write) -> None:
    images, path = floats(write)
    client = serve(path)
    low, high = float(images.min()), float(images.max())
    expected = np.rint((images.astype(np.float64) - low) / (high - low) * 255)
    (sheet,) = page(client, "/d/made").sheets()
    np.testing.assert_allclose(picture(client, sheet), ten_to_a_row(expected), atol=1)
    (stage,) = page(client, "/d/made/test/3").all("figure", class_="stage")
    shown = picture(client, next(stage.iter("img")).get("src", ""))
    np.testing.assert_allclose(shown, expected[3], atol=1)


def test_an_items_page_of_floats_offers_the_npy_and_no_png(serve: Serve, write: Write) -> None:
    _, path = floats(write)
    links = page(serve(path), "/d/made/test/0").links()
    assert "/d/made/test/0.npy" in links
    assert not any(".png" in link for link in links)


def test_what_is_no_number_does_not_stop_the_page(serve: Serve, write: Write) -> None:
    images, _ = floats(write)
    images[0, :4] = np.nan
    images[1] = np.inf
    client = serve(write(test_images=images, test_labels=labelled(5)))
    for address in ("/d/made", "/d/made/test/0", "/d/made/test/1"):
        page(client, address)
    (sheet,) = page(client, "/d/made").sheets()
    picture(client, sheet)
    assert "no finite value" in page(client, "/d/made/test/1").text()


def test_an_items_page_says_how_many_values_its_numbers_leave_out(
    serve: Serve, write: Write
) -> None:
    images, _ = floats(write)
    images[0, 0, 0], images[0, 1, 2], images[1, 2, 3] = np.nan, np.inf, np.nan
    client = serve(write(test_images=images, test_labels=labelled(5)))
    for index, said in enumerate(["2 values that are", "1 value that is", None]):
        shown = page(client, f"/d/made/test/{index}").text()
        assert ("Left out" in shown) == (said is not None)
        assert said is None or f"{said} not finite" in shown


@pytest.mark.parametrize(
    "shape",
    [(7, 20, 31), (7, 31, 20), (5, 28, 28, 1), (3, 64, 64), (3, 1, 1), (2, 9, 40, 3), (12, 5, 128)],
)
def test_pictures_of_any_shape_are_exact_in_sheet_and_png(
    shape: tuple[int, ...], serve: Serve, write: Write
) -> None:
    images = bytes_of(*shape)
    client = serve(write(test_images=images, test_labels=labelled(len(images))))
    flat = images[..., 0] if shape[-1] == 1 and len(shape) == 4 else images
    (sheet,) = page(client, "/d/made").sheets()
    np.testing.assert_array_equal(picture(client, sheet), ten_to_a_row(flat))
    np.testing.assert_array_equal(picture(client, "/d/made/test/1.png"), flat[1])


def test_grey_pictures_with_and_without_a_channel_axis_stand_side_by_side(
    serve: Serve, write: Write
) -> None:
    images = bytes_of(9, 20, 31)
    train, test = images[:5, ..., np.newaxis], images[5:]
    client = serve(
        write(
            train_images=train,
            train_labels=labelled(len(train)),
            test_images=test,
            test_labels=labelled(len(test)),
        )
    )
    (sheet,) = page(client, "/d/made").sheets()
    np.testing.assert_array_equal(picture(client, sheet), ten_to_a_row(images))
    np.testing.assert_array_equal(
        picture(client, "/d/made/mean.png"), np.rint(images.mean(axis=0)).astype(np.uint8)
    )
    for split, stored in (("train", train), ("test", test)):
        at = f"/d/made/{split}/1"
        np.testing.assert_array_equal(numbers(client, f"{at}.npy"), stored[1], strict=True)
        np.testing.assert_array_equal(picture(client, f"{at}.png"), stored[1].reshape(20, 31))


@pytest.mark.parametrize("shape", [(3, 200, 200), (2, 224, 224, 3), (2, 130, 300)])
def test_large_pictures_have_reduced_thumbnails_that_say_so_and_exact_pages(
    shape: tuple[int, ...], serve: Serve, write: Write
) -> None:
    images = bytes_of(*shape)
    client = serve(write(test_images=images, test_labels=labelled(len(images))))
    grid = page(client, "/d/made")
    factor = -(-max(shape[1:3]) // 128)
    said = f"the mean of every {factor} × {factor} pixels"
    assert said in grid.text()
    # Nor does who holds a link take them for the pictures.
    assert said in page(client, share(client, "/d/made")).text()
    np.testing.assert_array_equal(picture(client, "/d/made/test/1.png"), images[1])


def test_a_reduced_thumbnail_is_the_mean_of_its_blocks(serve: Serve, write: Write) -> None:
    images = bytes_of(2, 224, 224, 3)
    client = serve(write(test_images=images, test_labels=labelled(2)))
    (sheet,) = page(client, "/d/made").sheets()
    means = images.reshape(2, 112, 2, 112, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(picture(client, sheet), ten_to_a_row(means), atol=0.5)


def test_pictures_at_full_size_say_nothing_of_reducing(serve: Serve, write: Write) -> None:
    client = serve(write(test_images=bytes_of(3, 128, 128), test_labels=labelled(3)))
    for grid in ("/d/made", share(client, "/d/made")):
        assert "mean of every" not in page(client, grid).text()


@pytest.mark.parametrize("shape", [(16, 20, 24), (3, 9, 7), (64, 64, 64)])
def test_volumes_of_any_size_are_exact_along_each_axis(
    shape: tuple[int, ...], serve: Serve, write: Write
) -> None:
    volumes = bytes_of(2, *shape)
    client = serve(write(test_images=volumes, test_labels=labelled(2)))
    for number, axis in enumerate("zyx"):
        for place in (0, shape[number] // 2, shape[number] - 1):
            address = f"/d/made/test/1.png?axis={axis}&slice={place}"
            expected = np.take(volumes[1], place, axis=number)
            np.testing.assert_array_equal(picture(client, address), expected)
    (sheet,) = page(client, "/d/made").sheets()
    middle = volumes[:, shape[0] // 2]
    np.testing.assert_array_equal(picture(client, sheet), ten_to_a_row(middle))


def test_a_volume_of_wide_numbers_offers_the_png_of_a_slice_only_where_it_is_exact(
    serve: Serve, write: Write
) -> None:
    volumes = np.zeros((1, 6, 8, 10), np.int32)
    volumes[0, 4] = 70_000  # the middle slice and the first can be written, this one can't
    client = serve(write(test_images=volumes, test_labels=labelled(1)))
    for place in range(6):
        shown = page(client, f"/d/made/test/0?z={place}")
        offered = [link for link in shown.links() if ".png" in link]
        answers = [client.get(link).status_code for link in offered]
        assert answers == ([] if place == 4 else [200]), place


@pytest.mark.parametrize("turned", [False, True])
def test_splits_of_several_types_are_seen_through_one_window(
    turned: bool, serve: Serve, write: Write
) -> None:
    deep = RANDOM.integers(0, 65_536, (6, 9, 7), dtype=np.uint16)
    flat = bytes_of(6, 9, 7)
    train, test = (deep, flat) if turned else (flat, deep)
    labels = labelled(6)
    client = serve(
        write(train_images=train, train_labels=labels, test_images=test, test_labels=labels)
    )
    low, high = float(deep.min()), float(deep.max())
    for split, images in (("train", train), ("test", test)):
        shares = (np.clip(images.astype(float), low, high) - low) / (high - low)
        seen = np.rint(255 * shares).astype(np.uint8)
        for most in (20, 1):
            (sheet,) = page(client, f"/d/made?split={split}&per_page={most}").sheets()
            assert np.array_equal(picture(client, sheet), ten_to_a_row(seen[:most]))
        image, *_ = page(client, f"/d/made/{split}/2").all("img")
        assert np.array_equal(picture(client, image.get("src") or ""), seen[2])


@pytest.mark.parametrize("seen", ["window=-500-900", "invert=1", "map=viridis"])
def test_the_notice_tells_of_the_window_that_is_looked_through(
    seen: str, serve: Serve, write: Write
) -> None:
    images = np.arange(-1_000, 2_000).astype(np.int16).reshape(30, 10, 10)
    client = serve(write(test_images=images, test_labels=labelled(30)))
    for address in ("/d/made", "/d/made/test/3"):
        assert "from -1,000 (black) to 1,999 (white)" in page(client, address).text()
        assert "(black)" not in page(client, f"{address}?{seen}").text()
        assert "(black)" in page(client, f"{address}?smooth=1").text()
