"""The methods paragraph says what was done, and nothing that was not."""

from dataclasses import replace

import pytest

from app.reviews.methods import Protocol, methods, sampling

from .reading import DESIGN

STUDY = Protocol(
    title="Retina, second look",
    dataset="RetinaMNIST",
    sampled=120,
    total=1600,
    sampling="a random sample of at most 30 images of each label, seed 7",
    practice=4,
    seed=7,
    question="Which grade?",
    categories=("none", "mild", "severe"),
    ordinal=True,
    confidence=True,
    readers=3,
    unanswered=0,
    repeated=12,
    again=36,
    compared=True,
    positive=1,
    version="1.2.3",
)


@pytest.mark.parametrize(
    "item",
    [
        "“Retina, second look”",
        "120 of the 1,600 images of RetinaMNIST",
        "(a random sample of at most 30 images of each label, seed 7)",
        "4 others were set aside at random to practise on",
        "Answers in practice, after each of which the dataset's own label was told, are not",
        "3 readers [state their profession and experience]",
        "in a random order of their own (seed 7)",
        "without seeing the answers of others",
        "own labels were hidden",
        "Each saw 12 of them a second time",
        "“Which grade?”",
        "3 ordered categories, from the lowest: none; mild; severe",
        "confidence",
        "could not tell",
        "Cohen 1960",
        "Cohen 1968",
        "Fleiss 1971",
        "Krippendorff 2011",
        "1,000 resamples",
        "Lightbox 1.2.3",
        "Kottner et al. 2011",
    ],
)
def test_every_grras_item_is_told(item: str) -> None:
    assert item in methods(STUDY)


@pytest.mark.parametrize(
    ("change", "absent"),
    [
        ({"ordinal": False}, "Cohen 1968"),
        ({"readers": 2}, "Fleiss"),
        ({"readers": 1}, "Krippendorff"),
        ({"repeated": 0, "again": 0}, "second time"),
        ({"again": 0}, "repeated image"),
        ({"again": 35}, "Each saw"),
        ({"confidence": False}, "confidence"),
        ({}, "missing"),
        ({}, "to be read"),
        ({"readers": 0}, "Fleiss"),
        ({"readers": 0}, "were read"),
        ({"practice": 0}, "practi"),
        ({"compared": False}, "label was told"),
        ({"compared": False}, "each reader and the dataset's own label"),
        ({}, "Sensitivity"),
        ({"categories": ("no", "yes"), "compared": False}, "Sensitivity"),
        ({"readers": 0, "compared": False, "again": 0}, "resamples"),
        ({"readers": 1, "compared": False, "again": 0}, "resamples"),
        ({"readers": 1, "compared": False, "again": 0}, "statistics were done"),
    ],
)
def test_what_was_not_done_is_not_told(change: dict[str, object], absent: str) -> None:
    assert absent not in methods(replace(STUDY, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unanswered", "told"),
    [
        (1, "1 answer is missing, and left out as well."),
        (1_002, "1,002 answers are missing, and left out as well."),
    ],
)
def test_answers_that_are_missing_are_counted(unanswered: int, told: str) -> None:
    text = methods(replace(STUDY, unanswered=unanswered))
    assert told in text
    assert "120 of the 1,600 images of RetinaMNIST were to be read" in text


@pytest.mark.parametrize(
    ("again", "told"),
    [
        (0, "in the same way; 36 second answers are missing."),
        (20, "Each was to see 12 of them a second time"),
        (20, "unannounced and in the same way; 16 second answers are missing."),
        (35, "in the same way; 1 second answer is missing."),
        (36, "Each saw 12 of them a second time, unannounced and in the same way. The question"),
    ],
)
def test_second_answers_are_told_as_far_as_they_were_given(again: int, told: str) -> None:
    assert told in methods(replace(STUDY, again=again))


@pytest.mark.parametrize(("unanswered", "told"), [(0, "was read ("), (1, "was to be read (")])
def test_one_image_is_told_as_one(unanswered: int, told: str) -> None:
    one = replace(STUDY, sampled=1, practice=0, unanswered=unanswered)
    assert f"1 of the 1,600 images of RetinaMNIST {told}" in methods(one)


def test_a_study_that_nobody_has_begun_says_so() -> None:
    assert "No reader has begun yet." in methods(replace(STUDY, readers=0))


def test_the_positive_category_is_named() -> None:
    text = methods(replace(STUDY, categories=("no", "yes"), ordinal=False))
    assert "Sensitivity and specificity" in text
    assert "“yes” as positive" in text


@pytest.mark.parametrize("readers", [0, 1, 2, 3])
@pytest.mark.parametrize("compared", [True, False])
@pytest.mark.parametrize(("repeated", "again"), [(0, 0), (30, 0), (30, 30)])
def test_the_paragraph_is_whole_sentences(
    readers: int, compared: bool, repeated: int, again: int
) -> None:
    read = replace(STUDY, readers=readers, repeated=repeated, again=readers * again)
    text = methods(replace(read, compared=compared))
    assert text.endswith(".")
    assert "\n" not in text
    assert "  " not in text
    assert ".." not in text
    assert all(part[0].isupper() or part[0].isdigit() for part in text.split(". "))


@pytest.mark.parametrize(
    ("source", "drawn_from", "per_label", "told"),
    [
        (None, None, None, "[state how they were chosen]"),
        ("/d/breastmnist", 780, 0, "all 780 images"),
        ("/d/breastmnist?split=val&label=0", 1_021, 0, "all 1,021 images with split=val, label=0"),
        ("/d/breastmnist/val/5", 1, 0, "one image"),
        ("/d/breastmnist/val/5", 1, 10, "one image"),
        (
            "/collections/3",
            40,
            0,
            "all 40 images of a collection [state how these were chosen]",
        ),
        (
            "/d/breastmnist",
            780,
            10,
            "a random sample of at most 10 images of each label, seed 3, from the 780 images",
        ),
        (
            "/d/breastmnist",
            78,
            1,
            "a random sample of at most 1 image of each label, seed 3, from the 78 images",
        ),
    ],
)
def test_how_the_images_were_chosen(
    source: str | None, drawn_from: int | None, per_label: int | None, told: str
) -> None:
    design = replace(DESIGN, source=source, drawn_from=drawn_from, per_label=per_label)
    assert sampling(design, "image") == told


@pytest.mark.parametrize("readers", [1, 2, 3])
def test_a_study_of_volumes_is_told_of_as_one(readers: int) -> None:
    design = replace(DESIGN, source="/d/adrenalmnist3d", drawn_from=1584, per_label=30)
    how = sampling(design, "volume")
    told = methods(replace(STUDY, sampling=how, readers=readers, item="volume"))
    assert "120 of the 1,600 volumes" in told
    assert "image" not in told
