import json
from importlib import resources

import pytest

from lightwell.sample import catalogue, findings, record

GROUNDS = {
    ground["id"]: ground
    for ground in json.loads((resources.files("lightwell.data") / "grounds" / "1.json").read_text())[
        "grounds"
    ]
}
ALL = list(catalogue.list_documents())
HELD = [(document, part) for _, document in ALL for part in document.withheld]


def test_numbers_files_and_texts_are_used_once():
    for values in ([d.number for _, d in ALL], [d.file for _, d in ALL], [d.text for _, d in ALL]):
        assert len(set(values)) == len(values)


def test_every_text_belongs_to_a_document():
    texts = {p.name.removesuffix(".txt") for p in (resources.files("lightwell.sample") / "text").iterdir()}
    assert texts == {d.text for _, d in ALL} - {"codebook"}


@pytest.mark.parametrize(("document", "part"), HELD, ids=[f"{d.number} {p.mark}" for d, p in HELD])
def test_what_is_held_back_has_a_ground_that_may_be_used_so(document, part):
    ground = GROUNDS[part.ground]
    assert ("page" if part.mark else "item") in ground["applies_to"]
    assert part.decider in ground["may_decide"]
    assert part.review_days <= ground["longest_days"]


def test_the_demo_has_every_state_it_must_show():
    assert {d.planned for _, d in ALL} == set(record.PLANNED)
    by_number = {study.number: study for study in catalogue.STUDIES}
    assert {d.planned for d in by_number["LF-NS"].documents} == {"opened", "held-not-read"}
    assert {d.planned for d in by_number["LF-LV"].documents} == {"overdue"}
    assert {study.ask for study in catalogue.STUDIES} == {1, 2}
    assert [s.number for s in catalogue.STUDIES if not s.in_advance] == ["LF-ER"]
    assert by_number["LF-ER"].search_statement


def test_only_the_overdue_study_is_overdue_on_the_sample_date():
    late = {
        document.number
        for study, document in ALL
        if study.date_due(document) < catalogue.AS_OF and document.planned == "overdue"
    }
    assert late == {"LF-LV-01", "LF-LV-02", "LF-LV-03", "LF-LV-04"}


def test_nothing_is_dated_after_its_due_date_unless_overdue_or_after_the_sample_date():
    for study, document in ALL:
        assert document.written <= catalogue.AS_OF
        if document.planned != "overdue":
            assert document.written <= study.date_due(document), document.number


def test_a_document_without_ground_cannot_be_held_back():
    _, document = ALL[0]
    with pytest.raises(ValueError, match=f"{document.number}: what is held back needs a ground"):
        record.Document(**{**document.__dict__, "planned": "withheld"})


def test_a_summary_of_eighty_one_words_is_refused():
    study = catalogue.STUDIES[0]
    with pytest.raises(ValueError, match="has 81 words"):
        record.Study(**{**study.__dict__, "summary": "word " * 81})


def test_a_seed_on_which_a_sentence_would_be_untrue_writes_nothing(tmp_path, monkeypatch, sample_findings):
    wrong = findings.Findings(claims={"night use rises with age": False})
    monkeypatch.setattr(catalogue.findings, "find_all", lambda _: wrong)
    with pytest.raises(ValueError, match="night use rises with age"):
        catalogue.write_documents(tmp_path, 3)
    assert not list(tmp_path.iterdir())
