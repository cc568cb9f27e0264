"""A study for the tests, and what readers do."""

from itertools import count

import numpy as np

from app.datasets.selection import SPLITS
from app.datasets.subset import Items
from app.reviews import answers, studies
from app.reviews.answers import Answer
from app.reviews.database import Database
from app.reviews.designs import Choice, Design
from app.reviews.studies import Reader, Study

CONTENT = "ab" * 12
CHOICES = (Choice("malignant", 0), Choice("normal, benign", 1))
DESIGN = Design("Breast", "breastmnist", CONTENT, "What do you see?", CHOICES, seed=3)

_keys = count()


def items(number: int) -> Items:
    """So many items, all of them different, of every split."""
    positions = np.arange(number, dtype=np.int64)
    return Items((positions % len(SPLITS)).astype(np.int8), positions * 7)


def make_study(db: Database, design: Design = DESIGN, number: int = 12) -> Study:
    return studies.create(db, design, items(number), [n % 2 for n in range(number)])


def make_reader(db: Database, study: Study, name: str = "Ada") -> Reader:
    _, link = studies.add_reader(db, study, name)
    assert link.reader_id
    return studies.find_reader(db, link.reader_id)


def readers_of(db: Database, study: Study) -> tuple[Reader, ...]:
    with db.reading() as connection:
        return studies.readers_within(connection, study)


def answer(db: Database, reader: Reader, place: int, choice: int, key: str = "") -> Answer:
    key = key or f"key-{next(_keys):08}"
    return answers.record(db, reader, place, choice, None, 1_500, key)
