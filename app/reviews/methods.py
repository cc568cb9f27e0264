"""The methods paragraph of a reader study, with what GRRAS asks to be reported.

GRRAS: Kottner et al. 2011, "Guidelines for Reporting Reliability and Agreement Studies (GRRAS) were
proposed", Journal of Clinical Epidemiology 64:96–106.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from app.reviews.designs import Design
from app.reviews.intervals import RESAMPLES

_KIND: Final = "[state their profession and experience]"


@dataclass(frozen=True)
class Protocol:
    """How a study was done.

    ``sampled`` of the dataset's ``total`` images (None: not known) were to be read; ``sampling``
    tells, as a part of a sentence, how they were chosen, and ``practice`` how many more there were
    to practise on. ``seed`` is that of the readers' orders. ``readers`` is how many have begun, and
    ``unanswered`` how many answers of theirs are missing. ``repeated`` is how many cases each
    reader was to see twice, and ``again`` how many second answers all of them gave. ``compared``
    says whether the answers are held against the stored label; ``positive`` is the number of the
    positive category, which matters only for two. ``version`` is this program's. ``item`` is what
    one of those read is called.
    """

    title: str
    dataset: str
    sampled: int
    total: int | None
    sampling: str
    practice: int
    seed: int
    question: str
    categories: tuple[str, ...]
    ordinal: bool
    confidence: bool
    readers: int
    unanswered: int
    repeated: int
    again: int
    compared: bool
    positive: int
    version: str
    resamples: int = RESAMPLES
    item: str = "image"


def methods(protocol: Protocol) -> str:
    """Write one paragraph of plain English; square brackets mark what only the authors know."""
    sentences = [
        *_sampling(protocol),
        *_reading(protocol),
        *_scale(protocol),
        *_statistics(protocol),
    ]
    # A title or question of several lines doesn't break the paragraph.
    return " ".join(" ".join(sentences).split())


def sampling(design: Design, item: str) -> str:
    """Tell how a study's images (or volumes) were chosen, as a part of a sentence."""
    if design.source is None or design.drawn_from is None:
        return "[state how they were chosen]"
    if design.drawn_from == 1:
        return f"one {item}"
    path = urlsplit(design.source)
    if path.path.startswith("/collections/"):
        which = " of a collection [state how these were chosen]"
    elif path.query:
        which = f" with {path.query.replace('&', ', ')}"
    else:
        which = ""
    if not design.per_label:
        return f"all {design.drawn_from:,} {item}s{which}"
    most = f"1 {item}" if design.per_label == 1 else f"{design.per_label:,} {item}s"
    return (
        f"a random sample of at most {most} of each label, seed {design.seed}, from the "
        f"{design.drawn_from:,} {item}s{which}"
    )


def _sampling(protocol: Protocol) -> list[str]:
    total = "[state how many]" if protocol.total is None else f"{protocol.total:,}"
    is_whole = protocol.readers and not protocol.unanswered
    verb = "was" if protocol.sampled == 1 else "were"
    sentence = (
        f"In the study “{protocol.title}”, {protocol.sampled:,} of the {total} {protocol.item}s "
        f"of {protocol.dataset} {verb} {'read' if is_whole else 'to be read'}"
    )
    if not protocol.practice:
        return [f"{sentence} ({protocol.sampling})."]
    others = "one other was" if protocol.practice == 1 else f"{protocol.practice} others were"
    told = ", after each of which the dataset's own label was told," if protocol.compared else ""
    return [
        f"{sentence}, and {others} set aside at random to practise on ({protocol.sampling}).",
        f"Answers in practice{told} are not counted.",
    ]


def _reading(protocol: Protocol) -> list[str]:
    if not protocol.readers:
        return ["No reader has begun yet."]
    readers = "One reader" if protocol.readers == 1 else f"{protocol.readers} readers"
    first = (
        f"{readers} {_KIND} read the {protocol.item}s one at a time, in a random order of their "
        f"own (seed {protocol.seed}), each without seeing the answers of others; the dataset's own "
        "labels were hidden."
    )
    if not protocol.repeated:
        return [first]
    missing = protocol.readers * protocol.repeated - protocol.again
    saw = "was to see" if missing else "saw"
    rest = "second answer is" if missing == 1 else "second answers are"
    return [
        first,
        f"Each {saw} {protocol.repeated:,} of them a second time, unannounced and in the same way"
        + (f"; {missing:,} {rest} missing." if missing else "."),
    ]


def _scale(protocol: Protocol) -> list[str]:
    kind = "ordered categories, from the lowest" if protocol.ordinal else "unordered categories"
    question = (
        f"The question was “{protocol.question}”, with {len(protocol.categories)} {kind}: "
        f"{'; '.join(protocol.categories)}."
    )
    sentences = [question]
    if protocol.confidence:
        sentences.append("Readers stated their confidence with each answer.")
    sentences.append(
        "They could also say that they could not tell; such answers are counted apart and were "
        "left out of the statistics."
    )
    if protocol.unanswered:
        missing = "answer is" if protocol.unanswered == 1 else "answers are"
        sentences.append(f"{protocol.unanswered:,} {missing} missing, and left out as well.")
    return sentences


def _statistics(protocol: Protocol) -> list[str]:
    compared = [
        *(["between each two readers"] if protocol.readers > 1 else []),
        *(["between each reader and the dataset's own label"] if protocol.compared else []),
        *(
            [f"between each reader's two answers to a repeated {protocol.item}"]
            if protocol.again
            else []
        ),
    ]
    weighted = " with quadratic weights (Cohen 1968) and without" if protocol.ordinal else ""
    sentences = []
    if compared:
        sentences.append(
            f"Percent agreement and Cohen's kappa (Cohen 1960){weighted} were computed "
            f"{_listed(compared)}."
        )
    metric = "ordinal" if protocol.ordinal else "nominal"
    alpha = f"Krippendorff's alpha with the {metric} metric (Krippendorff 2011)"
    if protocol.readers > 2:
        sentences.append(
            f"Among all readers, Fleiss' kappa (Fleiss 1971) was computed for the {protocol.item}s "
            f"that all of them answered, and {alpha} for those that at least two answered."
        )
    elif protocol.readers == 2:
        sentences.append(
            f"{alpha} was computed for the {protocol.item}s that both readers answered."
        )
    if protocol.compared and len(protocol.categories) == 2:
        sentences.append(
            "Sensitivity and specificity of each reader were computed against the dataset's own "
            f"label, with “{protocol.categories[protocol.positive]}” as positive."
        )
    if not sentences:
        return [f"The reading is done with Lightbox {protocol.version}."]
    sentences.append(
        f"Intervals are 95 % percentile bootstrap intervals by {protocol.item} (Efron and "
        f"Tibshirani 1993; {protocol.resamples:,} resamples, seeded)."
    )
    sentences.append(
        f"The reading and the statistics were done with Lightbox {protocol.version}, and are "
        "reported by the items of GRRAS (Kottner et al. 2011)."
    )
    return sentences


def _listed(parts: list[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
