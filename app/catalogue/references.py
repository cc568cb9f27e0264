"""References to what a dataset was made from, and how they are printed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A publication or a data source, as a bibliography lists it.

    ``kind`` is BibTeX's entry type. ``authors`` are "Family, G. N.", or one organisation;
    ``et_al`` says that there are more. ``urls`` lead to the data, else to the publication.
    """

    key: str
    kind: str
    authors: tuple[str, ...]
    title: str
    et_al: bool = False
    container: str = ""
    year: int | None = None
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    urls: tuple[str, ...] = ()

    @property
    def doi_url(self) -> str:
        """The address the DOI resolves at; empty without a DOI."""
        return f"https://doi.org/{self.doi}" if self.doi else ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the source is to be found: its own addresses, else the publication's."""
        return self.urls or ((self.doi_url,) if self.doi else ())

    @property
    def text(self) -> str:
        """The reference in APA style, on one line."""
        if self.et_al:
            authors = f"{', '.join(self.authors)}, et al."
        else:
            authors = ", & ".join(filter(None, (", ".join(self.authors[:-1]), self.authors[-1])))
        year = f" ({self.year})." if self.year else "." * (not authors.endswith("."))
        volume = self.volume + (f"({self.issue})" if self.issue else "")
        place = ", ".join(filter(None, (self.container, volume, self.pages)))
        sentences = [f"{authors}{year}", f"{self.title}.", f"{place}." if place else ""]
        return " ".join(filter(None, [*sentences, self.doi_url or next(iter(self.urls), "")]))

    @property
    def bibtex(self) -> str:
        """The reference as a BibTeX entry. Double braces keep capitals and whole names."""
        people = [name if "," in name else f"{{{name}}}" for name in self.authors]
        container = {"article": "journal", "inproceedings": "booktitle"}
        fields = {
            "author": " and ".join([*people, "others"] if self.et_al else people),
            "title": f"{{{self.title}}}",
            container.get(self.kind, "howpublished"): self.container,
            "year": str(self.year or ""),
            "volume": self.volume,
            "number": self.issue,
            "pages": self.pages.replace("-", "--"),
            "doi": self.doi,
            "url": "" if self.doi else next(iter(self.urls), ""),
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])

    @property
    def ris(self) -> str:
        """The reference as a RIS record; its lines end with CR LF, as that format wants it."""
        types = {"article": "JOUR", "inproceedings": "CPAPER"}
        first, _, last = self.pages.partition("-")
        fields = [
            ("TY", types.get(self.kind, "GEN")),
            ("ID", self.key),
            *(("AU", name) for name in self.authors),
            ("TI", self.title),
            ("T2", self.container),
            ("PY", str(self.year or "")),
            ("VL", self.volume),
            ("IS", self.issue),
            ("SP", first),
            ("EP", last),
            ("DO", self.doi),
            ("UR", self.doi_url or next(iter(self.urls), "")),
            ("N1", "There are more authors than are listed." if self.et_al else ""),
        ]
        lines = [f"{tag}  - {value}" for tag, value in fields if value]
        return "\r\n".join([*lines, "ER  - ", ""])
