import datetime
import re

import pypdfium2
import pytest

from lightwell.sample import catalogue, style
from lightwell.sample.record import Written


def read_pages(one: Written) -> list[str]:
    with pypdfium2.PdfDocument(one.path) as pdf:
        return [pdf[k].get_textpage().get_text_range().replace("\r\n", "\n") for k in range(len(pdf))]


@pytest.fixture(scope="session")
def texts(written):
    return {one.document.number: read_pages(one) for one in written if one.pages is not None}


def join(pages: list[str]) -> str:
    return re.sub(r"\s+", " ", " ".join(pages))


def test_every_claim_of_the_texts_holds(sample_findings):
    assert [claim for claim, holds in sample_findings.claims.items() if not holds] == []


def test_there_are_at_least_three_hundred_pages_in_six_studies(written):
    assert sum(one.pages or 0 for one in written) >= 300
    assert len({one.study for one in written}) == 6
    assert sum(one.pages is None for one in written) >= 2


def test_the_same_seed_writes_the_same_bytes(written, tmp_path):
    again = catalogue.write_documents(tmp_path)
    assert [one.path.read_bytes() for one in again] == [one.path.read_bytes() for one in written]


def test_every_page_says_that_it_is_a_sample_and_which_page_it_is(written, texts):
    for one in written:
        for number, page in enumerate(texts.get(one.document.number, []), 1):
            assert style.SAMPLE in page
            assert one.document.number in page
            assert f"Page {number} of {one.pages}" in page


def test_files_that_are_not_pdfs_say_that_they_are_a_sample(written):
    for one in written:
        if one.pages is None:
            assert style.SAMPLE in one.path.read_text(encoding="utf-8").split("\n\n")[0]


def test_metadata_names_the_document_and_its_own_date(written):
    for one in written:
        if one.pages is None:
            continue
        with pypdfium2.PdfDocument(one.path) as pdf:
            data = pdf.get_metadata_dict()
        assert data["Title"] == one.document.title
        assert data["Author"] == "; ".join(one.document.authors)
        assert style.SAMPLE in data["Subject"]
        assert data["CreationDate"].startswith(f"D:{one.document.written:%Y%m%d}")


def test_no_placeholder_or_missing_number_is_left_on_a_page(texts):
    for number, pages in texts.items():
        found = re.search(r"\{\w+|\bnan\b|lorem|TODO|■", join(pages))
        assert found is None, (number, found)


def test_accents_are_searchable(texts):
    assert "Åsa Lindström" in join(texts["LF-NS-03"])
    assert "Þóra Ægisdóttir" in join(texts["LF-AB-01"])


def test_decks_are_landscape_and_the_tables_mix_both(written):
    def shapes(number: str) -> set[bool]:
        one = next(w for w in written if w.document.number == number)
        with pypdfium2.PdfDocument(one.path) as pdf:
            return {page.get_width() > page.get_height() for page in pdf}

    assert shapes("LF-NS-05") == {True}
    assert shapes("LF-ER-11") == {True, False}


def test_the_journal_article_is_set_in_two_columns(written):
    one = next(w for w in written if w.document.number == "LF-ER-08")
    with pypdfium2.PdfDocument(one.path) as pdf:
        page = pdf[0]
        words = page.get_textpage()
        left = [words.get_rect(k)[0] for k in range(words.count_rects())]
        middle = page.get_width() / 2
    assert sum(x > middle for x in left) > 10
    assert sum(x < middle / 2 for x in left) > 10


def test_held_pages_hold_the_section_and_nothing_else_does(written, texts):
    held = {one.document.number: one.held_pages for one in written if one.held_pages}
    assert set(held) == {"LF-BI-02", "LF-BI-03", "LF-BI-05", "LF-AB-01"}
    for number, phrase in (
        ("LF-BI-02", "Lingering counts more than a tap"),
        ("LF-BI-02", "measuring"),
        ("LF-AB-01", "hashes are compared for pictures that are not end-to-end encrypted"),
    ):
        on = [k for k, page in enumerate(texts[number], 1) if phrase in join([page])]
        assert on
        assert all(any(first <= page <= last for first, last, _ in held[number]) for page in on)


def test_the_summary_leaves_out_what_the_report_found(texts):
    report, summary = join(texts["LF-NS-03"]), join(texts["LF-NS-06"])
    assert "cost children sleep" in report
    assert "hold-out" in report
    assert "hold-out" not in summary
    assert "alerts" not in summary


def test_documents_of_one_study_print_the_same_number(sample_findings, texts):
    change = format(sample_findings.numbers["ns_ho_nights_after"], "abschg")
    for number in ("LF-NS-03", "LF-NS-05", "LF-NS-07"):
        assert change in join(texts[number]).replace("−", ""), number
    shared = format(sample_findings.numbers["er_night_2015"], "pct")
    for number in ("LF-NS-03", "LF-ER-01"):
        assert shared in join(texts[number]), number


def test_abuse_study_says_on_its_first_page_that_nothing_is_described(texts):
    assert "It describes no picture, no child and no way to find either" in join(texts["LF-AB-01"][:1])


def test_dates_printed_on_title_pages_are_those_of_the_catalogue(written, texts):
    for one in written:
        if one.pages is not None and one.document.layout in ("report", "deck"):
            day: datetime.date = one.document.written
            assert f"{day.day} {day:%B %Y}" in texts[one.document.number][0]
