import pathlib

import pytest

from lightwell.base import errors
from lightwell.files import yaml_lines


def parse(text: str):
    return yaml_lines.parse_document(text.encode("utf-8"), "x.yaml")


def test_values_are_plain_and_each_place_has_its_line() -> None:
    document = parse("a: 1\nb:\n  - x\n  - c: true\n    d: ~\n'1': 2021-10-14\n")
    assert document.value == {"a": 1, "b": ["x", {"c": True, "d": None}], "1": "2021-10-14"}
    assert document.lines["/b"] == 2
    assert document.lines["/b/1/d"] == 5
    assert document.format_place("/b/1/d") == "x.yaml, line 5 (/b/1/d)"
    assert document.format_place("/b/1/missing/deep") == "x.yaml, line 4 (/b/1/missing/deep)"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("012", 12),
        ("0x1f", "0x1f"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-3", -3),
        (".nan", ".nan"),
        ("'5'", "5"),
        ("null", None),
        ("TRUE", True),
        ('"null"', "null"),
        ("=", "="),
        ("2021-10-14 10:00:00", "2021-10-14 10:00:00"),
    ],
)
def test_only_what_looks_like_a_number_truth_or_nothing_is_other_than_text(text, value) -> None:
    read = parse(f"v: {text}\n").value["v"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' stands twice"),
        ("a: &x [1]\n", 1, "anchors and aliases"),
        ("a: &x [1]\nb: *x\n", 1, "anchors and aliases"),
        ("a: 1\n<<: {b: 2}\n", 2, "merge keys"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "tags such as"),
        ("a: !!str 5\n", 1, "tags such as"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: [1\nb: 2\n", 2, "not YAML"),
        ("a: 1\n\tb: 2\n", 2, "not YAML"),
        ("? [a]\n: 1\n", 1, "a field name must be a text"),
        ("a: 1e999\n", 1, "too large"),
        ("a: " + "[" * 100 + "]" * 100, 1, "levels deep"),
        ("a: " + "[" * 100_000, 1, "levels deep|not YAML"),
    ],
)
def test_what_surprises_or_attacks_is_refused_with_its_line(text, line, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence) as caught:
        parse(text)
    assert caught.value.problems[0].place == f"x.yaml, line {line}"


def test_all_doubled_fields_are_told_at_once() -> None:
    with pytest.raises(errors.UserMistake) as caught:
        parse("a: 1\na: 2\nb: 1\nb: 2\n")
    assert [problem.place for problem in caught.value.problems] == ["x.yaml, line 2", "x.yaml, line 4"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"# only a comment\n", "empty"),
        (b"a: \xff", "not UTF-8 at byte 3"),
        (b"a: \x00", "not YAML"),
        (b"a" * (yaml_lines.MAX_BYTES + 1), "at most"),
    ],
)
def test_bytes_that_are_no_document_are_refused(data, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        yaml_lines.parse_document(data, "x.yaml")


def test_json_is_read_as_well_and_a_byte_order_mark_is_ignored() -> None:
    assert parse('\ufeff{"a": [1, "b", null]}').value == {"a": [1, "b", None]}


def test_a_file_is_read_by_path_and_its_absence_is_one_sentence(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\n", "utf-8")
    assert yaml_lines.read_document(path).value == {"a": 1}
    with pytest.raises(errors.UserMistake, match="cannot be read"):
        yaml_lines.read_document(tmp_path / "none.yaml")
    with pytest.raises(errors.UserMistake, match="cannot be read"):
        yaml_lines.read_document(tmp_path)
