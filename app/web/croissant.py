"""A dataset described for machines: Croissant for learning tools, schema.org for search engines.

Croissant is the format of MLCommons, version 1.0: http://mlcommons.org/croissant/1.0. It reaches
the arrays of a file as the members of a zip archive; of the items inside an array it can't speak,
so the description says in words that row i of the images and of the labels is item i.
"""

import json
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.datasets.dataset import Dataset
from app.datasets.identity import Identity, identify
from app.datasets.library import Library
from app.datasets.survey import Surveys
from app.errors import NotReadyError
from app.web import addresses
from app.web.api import ERRORS, DatasetId
from app.web.words import counted, images, size_words

_PATIENCE_SECONDS: Final = 2.0

_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


class LinkedData(JSONResponse):
    """JSON-LD."""

    media_type = "application/ld+json"


def croissant(library: Library, surveys: Surveys, base: str | None) -> APIRouter:
    """Make the route of the Croissant description; ``base`` is the server's public address."""
    router = APIRouter(responses=ERRORS)

    @router.get(
        "/api/datasets/{dataset_id}/croissant",
        summary="One dataset in Croissant, for machine learning tools",
        # Without a form of its own, which would be said of errors, too.
        response_class=Response,
        responses={200: {"content": {LinkedData.media_type: {}}}},
    )
    def described(request: Request, dataset_id: DatasetId) -> LinkedData:
        dataset = library.dataset(dataset_id)
        md5 = surveys.md5(dataset, _PATIENCE_SECONDS)
        if md5.error:
            raise md5.error
        if md5.value is None:
            raise NotReadyError(
                f"The MD5 of {dataset.archive.path.name}, which Croissant asks for, is still being "
                "computed; try again in a moment."
            )
        url = public(request, base) + addresses.about(dataset.id)
        return LinkedData(as_croissant(dataset, identify(dataset, md5.value), url))

    return router


def public(request: Request, base: str | None) -> str:
    """Give the server's address as others know it, without a last slash."""
    return (base or str(request.base_url)).rstrip("/")


def description(dataset: Dataset) -> str:
    """Say in a few sentences what a dataset is, and what is known to be wrong with it."""
    splits = ", ".join(
        f"{split} {counted(index.total)}" for split, index in dataset.indexes.items()
    )
    what = images(dataset.total, volumes=dataset.is_volume)
    sentences = [f"{what} ({splits}) of {size_words(dataset)} each, for the task {dataset.task}."]
    if dataset.facts:
        sentences.insert(0, f"{dataset.facts.modality}.")
        sentences.extend(note.text for note in dataset.facts.notes)
    return " ".join(sentences)


def as_croissant(dataset: Dataset, identity: Identity, url: str) -> dict[str, Any]:
    """Describe a dataset whose MD5 is known; ``url`` is that of its page, whole.

    A file that is not the published one is described as it is here: by its name, to be laid beside
    the description, and by its own MD5.
    """
    facts = dataset.facts
    found: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": dataset.title,
        "description": f"{description(dataset)} {identity.sentence} Row i of train_images and of "
        "train_labels (and so in val and test) is item i of that split.",
        "url": url,
        "distribution": [_file(dataset, identity), _ARRAYS],
        "recordSet": _record_sets(dataset),
    }
    if facts:
        found |= {
            "license": facts.license_url,
            "citeAs": facts.bibtex,
            "creator": _creators(dataset),
            "keywords": _keywords(dataset),
            "sameAs": list(facts.source_urls),
        }
    return found


def _file(dataset: Dataset, identity: Identity) -> dict[str, Any]:
    path = dataset.archive.path
    address = path.name
    if identity.standing == "official" and identity.published:
        published = identity.published
        address = published.earlier_url if identity.is_earlier else published.url
    return {
        "@type": "cr:FileObject",
        "@id": "file",
        "name": path.name,
        "description": "The arrays of all splits, as numpy.savez_compressed writes them.",
        "contentUrl": address,
        "contentSize": f"{dataset.archive.stamp[0]} B",
        "encodingFormat": "application/zip",
        "md5": identity.md5,
    }


_ARRAYS: Final = {
    "@type": "cr:FileSet",
    "@id": "arrays",
    "description": "One NumPy array of images and one of labels for each split.",
    "containedIn": {"@id": "file"},
    "encodingFormat": "application/octet-stream",
    "includes": "*.npy",
}


def _record_sets(dataset: Dataset) -> list[dict[str, Any]]:
    splits = [
        {"splits/name": split, "splits/items": index.total}
        for split, index in dataset.indexes.items()
    ]
    labels = [
        {"labels/value": label.value, "labels/name": label.meaning or label.name}
        for label in dataset.labels
    ]
    sets = [
        _listed("splits", "The splits and how many items each has.", "name", splits),
        _listed("labels", "The label values and what they are called.", "value", labels),
    ]
    stored = {
        "@type": "cr:RecordSet",
        "@id": "members",
        "description": "The arrays: which split, images or labels, and the .npy file's bytes.",
        "field": [
            _of_name("split", "filename", r"^(train|val|test)")
            | {"references": {"field": {"@id": "splits/name"}}},
            # From another property than the split: mlcroissant lets only one of two that share
            # a property see its value unchanged.
            _of_name("part", "fullpath", r".*_(images|labels)\.npy$"),
            {
                "@type": "cr:Field",
                "@id": "members/content",
                "dataType": "sc:Text",
                "source": {
                    "fileSet": {"@id": "arrays"},
                    "extract": {"fileProperty": "content"},
                },
            },
        ],
    }
    return [*(each for each in sets if each["data"]), stored]


def _listed(name: str, text: str, key: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe rows that stand in the description itself."""
    fields = rows[0] if rows else {}
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "description": text,
        "key": {"@id": f"{name}/{key}"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": field,
                "dataType": "sc:Integer" if isinstance(value, int) else "sc:Text",
            }
            for field, value in fields.items()
        ],
        "data": rows,
    }


def _of_name(name: str, file_property: str, pattern: str) -> dict[str, Any]:
    """Describe what the name of an array says."""
    return {
        "@type": "cr:Field",
        "@id": f"members/{name}",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": "arrays"},
            "extract": {"fileProperty": file_property},
            "transform": {"regex": pattern},
        },
    }


def _creators(dataset: Dataset) -> list[dict[str, str]]:
    """Name who made the collection; its reference is the last of a dataset's."""
    names = dataset.facts.references[-1].authors if dataset.facts else ()
    return [{"@type": "Person" if "," in name else "Organization", "name": name} for name in names]


def _keywords(dataset: Dataset) -> list[str]:
    return [dataset.modality, dataset.task, "3D" if dataset.is_volume else "2D", "medical imaging"]


def as_schema_org(dataset: Dataset, identity: Identity, base: str) -> str:
    """Describe a dataset in schema.org's words, as JSON that may stand inside a page's script."""
    facts = dataset.facts
    found: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": dataset.title,
        "description": description(dataset),
        "url": base + addresses.about(dataset.id),
        "keywords": _keywords(dataset),
        "measurementTechnique": dataset.modality,
        "distribution": [
            {
                "@type": "DataDownload",
                "encodingFormat": "application/ld+json",
                "contentUrl": base + addresses.croissant(dataset.id),
            }
        ],
    }
    if facts:
        found |= {
            "license": facts.license_url,
            "creator": _creators(dataset),
            "citation": [reference.text for reference in facts.references],
            "sameAs": list(facts.source_urls),
        }
    published = identity.published
    if identity.standing == "official" and published:
        download = {
            "@type": "DataDownload",
            "encodingFormat": "application/zip",
            "contentUrl": published.earlier_url if identity.is_earlier else published.url,
            "contentSize": f"{dataset.archive.stamp[0]} B",
        }
        found["distribution"].insert(0, download)
    text = json.dumps(found, ensure_ascii=False, indent=2)
    # Nothing in it can end the script or begin a comment, whatever a file is called.
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
