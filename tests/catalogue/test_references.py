"""How a reference is printed."""

from app.catalogue.facts import all_facts
from app.catalogue.references import Reference

ARTICLE = Reference(
    key="doe2020",
    kind="article",
    authors=("Doe, J.", "Roe, R. R."),
    title="On small pictures",
    container="Journal of Pictures",
    year=2020,
    volume="7",
    issue="2",
    pages="10-20",
    doi="10.1000/182",
)
DATA = Reference(
    key="house",
    kind="misc",
    authors=("House of Pictures",),
    title="Pictures",
    urls=("https://example.org/pictures",),
)


def test_an_article_is_cited_with_all_that_finds_it() -> None:
    assert ARTICLE.text == (
        "Doe, J., & Roe, R. R. (2020). On small pictures. "
        "Journal of Pictures, 7(2), 10-20. https://doi.org/10.1000/182"
    )


def test_more_authors_are_said_to_be_more() -> None:
    many = Reference(
        key="doe", kind="article", authors=("Doe, J.", "Roe, R."), title="T", et_al=True, year=2020
    )
    assert many.text.startswith("Doe, J., Roe, R., et al. (2020). T.")
    assert "author = {Doe, J. and Roe, R. and others}" in many.bibtex


def test_data_without_year_or_doi_is_cited_with_its_address() -> None:
    assert DATA.text == "House of Pictures. Pictures. https://example.org/pictures"


def test_an_article_as_bibtex_has_its_fields() -> None:
    assert ARTICLE.bibtex.splitlines() == [
        "@article{doe2020,",
        "  author = {Doe, J. and Roe, R. R.},",
        "  title = {{On small pictures}},",
        "  journal = {Journal of Pictures},",
        "  year = {2020},",
        "  volume = {7},",
        "  number = {2},",
        "  pages = {10--20},",
        "  doi = {10.1000/182},",
        "}",
    ]


def test_an_organisation_stays_whole_in_bibtex() -> None:
    assert "author = {{House of Pictures}}" in DATA.bibtex


def test_a_reference_without_its_own_address_leads_to_its_doi() -> None:
    assert ARTICLE.addresses == ("https://doi.org/10.1000/182",)
    assert DATA.addresses == ("https://example.org/pictures",)


def test_one_key_names_one_reference() -> None:
    cited = {reference for facts in all_facts() for reference in facts.references}
    assert len({reference.key for reference in cited}) == len(cited)


def test_every_reference_can_be_found() -> None:
    assert all(reference.addresses for facts in all_facts() for reference in facts.references)


def test_an_article_as_ris_has_its_fields_and_the_formats_line_ends() -> None:
    assert ARTICLE.ris.split("\r\n") == [
        "TY  - JOUR",
        "ID  - doe2020",
        "AU  - Doe, J.",
        "AU  - Roe, R. R.",
        "TI  - On small pictures",
        "T2  - Journal of Pictures",
        "PY  - 2020",
        "VL  - 7",
        "IS  - 2",
        "SP  - 10",
        "EP  - 20",
        "DO  - 10.1000/182",
        "UR  - https://doi.org/10.1000/182",
        "ER  - ",
        "",
    ]


def test_data_without_year_or_doi_has_its_address_in_ris() -> None:
    assert "TY  - GEN\r\n" in DATA.ris
    assert "UR  - https://example.org/pictures\r\n" in DATA.ris
    assert "PY" not in DATA.ris


def test_ris_says_where_authors_are_left_out() -> None:
    many = Reference(key="doe", kind="article", authors=("Doe, J.",), title="T", et_al=True)
    assert "N1  - There are more authors than are listed." in many.ris


def test_every_published_reference_is_one_ris_record() -> None:
    for facts in all_facts():
        records = facts.ris.split("ER  - \r\n")
        assert records.pop() == ""
        assert [record[:6] for record in records] == ["TY  - "] * len(facts.references)
        assert all(line[2:6] == "  - " for record in records for line in record.splitlines())
