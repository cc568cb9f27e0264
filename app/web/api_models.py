"""What the API answers, as it describes it itself."""

from pydantic import BaseModel, Field

from app.datasets.identity import Standing
from app.datasets.selection import Split


class LabelModel(BaseModel):
    """A class of the dataset."""

    value: int = Field(description="The number that stands in the label array.")
    name: str = Field(description="Its published name, or the number.")


class SplitModel(BaseModel):
    """One split."""

    count: int = Field(description="Number of items.")
    labels: dict[str, int] = Field(description="Number of items by label value.")


class RefusalModel(BaseModel):
    """A file, or a part of one, that is not served."""

    file: str = Field(description="Name of the file.")
    part: str = Field(description="Member of the file, or the file itself.")
    reason: str = Field(description="One sentence: what is wrong and what to do.")


class Kind(BaseModel):
    """What kind of dataset it is."""

    id: str = Field(description="The file's stem; part of every address.")
    title: str = Field(description="Published title, or the id.")
    task: str = Field(description="As MedMNIST names it.")
    modality: str = Field(description="As MedMNIST names it.")
    shape: list[int] = Field(description="Shape of one item, as the file has it.")
    channels: int = Field(description="3 for colour, 1 for grey.")


class Summary(Kind):
    """A dataset in the list."""

    count: int = Field(description="Number of items in all splits.")
    url: str = Field(description="Address of this dataset in the API.")
    page_url: str = Field(description="Address of its grid.")


class DatasetList(BaseModel):
    """What is served, and what can't be."""

    datasets: list[Summary] = Field(description="The datasets served, by id.")
    refused: list[RefusalModel] = Field(description="Files and parts that are not served, and why.")


class IdentityModel(BaseModel):
    """How a file stands to what is published."""

    standing: Standing = Field(
        description="official: its MD5 is a published one; different: its name is published, its "
        "content is not what that name promises; unpublished: neither; checking: its MD5 is not "
        "known yet, ask again; unknown: its MD5 can't be known."
    )
    sentence: str = Field(description="The same in words.")
    md5: str | None = Field(description="The file's MD5, as soon as it is known.")
    differences: list[str] = Field(description="What contradicts the facts its name promises.")


class DatasetModel(Kind):
    """All about one dataset."""

    labels: list[LabelModel] = Field(description="The classes, by value.")
    splits: dict[str, SplitModel] = Field(description="The splits served.")
    citation: str = Field(description="How to cite the data; empty if unknown.")
    source_urls: list[str] = Field(description="Where the data come from.")
    license: str = Field(description="SPDX identifier where there is one; empty if unknown.")
    refused: list[RefusalModel] = Field(description="Parts of the file that are not served.")
    ignored: list[str] = Field(description="Members that are not part of the layout.")
    identity: IdentityModel = Field(description="Whether the file is the published one.")


class ItemModel(BaseModel):
    """One item."""

    split: Split = Field(description="Its split.")
    index: int = Field(description="Its position within the split's array, from 0.")
    labels: list[int] = Field(description="The labels it carries: one, or any number.")
    names: list[str] = Field(description="Their names.")
    page_url: str = Field(description="Its page.")
    image_url: str = Field(
        description="Its exact pixels as PNG, of a volume those of its middle slice along z; "
        "answers 406 where PNG can't hold the values, which .npy does."
    )


class ItemPage(BaseModel):
    """One page of a selection."""

    total: int = Field(description="Items in the selection.")
    page: int = Field(description="This page, from 1.")
    pages: int = Field(description="Number of pages, at least 1.")
    per_page: int = Field(description="Items a page.")
    items: list[ItemModel] = Field(description="The items of this page, in order.")


class HistogramModel(BaseModel):
    """Label counts under a selection's filters."""

    total: int = Field(description="Items in the selection.")
    splits: dict[str, dict[str, int]] = Field(
        description="Items by split and label value; one with several labels counts for each."
    )
    items: dict[str, int] = Field(description="Items by split, each counted once.")
    unlabelled: dict[str, int] = Field(description="Items by split that carry no label.")


class ErrorModel(BaseModel):
    """What every error says."""

    error: str = Field(description="One sentence: what is wrong.")
    part: str = Field(description="Which part of the address is wrong.")
    back: str = Field("", description="Address to start again from.")
