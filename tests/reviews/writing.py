"""A process whose children answer without end.

``writing.py URL READER FILE`` reads lines. On ``go`` it starts a child and prints its number; on
``wait N`` it waits until that child is gone. A child adds the key of each answer to FILE once the
answer is acknowledged.
"""

import os
import sys
from itertools import count

from app.reviews import answers, studies
from app.reviews.database import Database


def say(*words: object) -> None:
    # One write each, so that the lines of several processes do not mix.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def answer(url: str, reader_id: int, file: str) -> None:
    db = Database(url)
    reader = studies.find_reader(db, reader_id)
    places = len(studies.order(studies.find(db, reader.study_id), reader))
    acknowledged = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in count():
        key = f"{os.getpid():08}-{number:06}"
        answers.record(db, reader, number % places, number % 2, None, number, key)
        # What was written stays, however this process ends: only the machine could lose it.
        os.write(acknowledged, f"{key}\n".encode())


def main() -> None:
    url, reader_id, file = sys.argv[1:]
    Database(url).close()  # so that no child has to import the driver
    for line in sys.stdin:
        word, *numbers = line.split()
        if word == "wait":
            os.waitpid(int(numbers[0]), 0)
            say("gone")
            continue
        child = os.fork()
        if not child:
            try:
                answer(url, int(reader_id), file)
            finally:
                os._exit(1)
        say("child", child)


main()
