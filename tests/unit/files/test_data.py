import pytest

from lightwell.base import errors, ground
from lightwell.files import data, schemas

TOPICS = set(data.read_schema("study", 1)["$defs"]["topic"]["enum"])


@pytest.mark.parametrize("country", data.list_countries())
def test_a_help_line_says_how_to_reach_it_and_how_well_it_is_known(country: str) -> None:
    page = data.read_help_lines(country)
    assert page["country"] == country
    assert page["lines"]
    assert len({line["id"] for line in page["lines"]}) == len(page["lines"])
    for line in page["lines"]:
        assert line["number"] or line["text_to"] or line["web"], line["id"]
        assert line["what_for"]
        assert set(line["topics"]) <= TOPICS
        assert line["check"] in ground.CHECKS
        # Only a confirmed line may claim to be more than general knowledge.
        assert (line["confirmed_on"] is None) == (line["check"] == "recall")
        assert not line["web"] or line["web"].startswith("https://")


def test_a_country_without_help_lines_is_named() -> None:
    with pytest.raises(errors.UserMistake, match="no help lines for 'ZZ'; there are for AU"):
        data.read_help_lines("ZZ")
    with pytest.raises(errors.UserMistake):
        data.read_help_lines("../grounds/1")


def test_the_open_letter_is_a_valid_letter_with_five_asks_and_a_source_for_each() -> None:
    letter = data.read_letter()
    assert schemas.find_problems("letter", 1, letter) == []
    assert [ask["number"] for ask in letter["asks"]] == [1, 2, 3, 4, 5]
    assert letter["signatories_in_all"] == 59
    assert {"nspcc", "barnardos", "iwf"} <= {each["id"] for each in letter["signatories"]}


def test_grounds_are_read_once_and_checked() -> None:
    assert data.read_grounds() is data.read_grounds()
    assert "junior-staff" in data.read_grounds()


def test_an_unknown_example_is_named() -> None:
    with pytest.raises(errors.UserMistake, match="no example 'novel'"):
        data.read_example("novel")
