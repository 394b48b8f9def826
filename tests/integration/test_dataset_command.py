"""`lightwell dataset`: a draft without what few children have, a check that names all that does not fit."""

import datetime
import pathlib
import re

import duckdb
import pytest
import query_stage

from lightwell.cli import dataset
from lightwell.engines import codebook_files, descriptions
from lightwell.query import codebook, domain

# 1,000 children with five rows, and some with what nobody else has.
ROWS = """
    SELECT CAST(i // 5 AS BIGINT) AS child, ['AT', 'BE', 'CY'][1 + (i // 5) % 3] AS country,
        CASE WHEN i < 50 THEN 'Wiesbaden' ELSE ['Graz', 'Linz'][1 + i % 2] END AS place,
        CAST(i % 2837 AS DOUBLE) / 10 AS minutes, CAST(i % 9 AS DOUBLE) AS code,
        CAST(i % 2000 + 17 AS BIGINT) AS steps, i % 4 = 0 AS night,
        DATE '2026-01-07' + CAST(i % 70 AS INTEGER) AS day,
        TIMESTAMP '2026-01-07 10:11:12' + to_minutes(i % 90000) AS moment,
        'free words ' || i AS words, CAST(7 AS BIGINT) AS seven
    FROM range(5000) AS numbers(i)
"""
ODD = """
    SELECT * EXCLUDE (i) REPLACE (CAST(5000 AS BIGINT) AS child, 'Vaduz' AS country, 98765.4321 AS minutes,
        CAST(i AS DOUBLE) + 100 AS code, -777777 AS steps, DATE '1961-11-13' AS day,
        TIMESTAMP '2061-10-09 08:07:06' AS moment)
    FROM (SELECT *, ROW_NUMBER() OVER () AS i FROM usage LIMIT 400)
"""


@pytest.fixture
def stage(tmp_path, monkeypatch):
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE usage AS {ROWS}")
    connection.execute(f"INSERT INTO usage {ODD}")
    connection.execute(f"COPY usage TO '{tmp_path}/usage.parquet' (FORMAT parquet)")
    connection.execute(f"COPY usage TO '{tmp_path}/usage.csv'")
    connection.execute(f"ATTACH '{tmp_path}/data.duckdb' AS file")
    connection.execute("CREATE TABLE file.usage AS SELECT * FROM usage")
    connection.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def typed(stage, monkeypatch, capsys):
    return lambda *words: query_stage.run(monkeypatch, capsys, *words)


def describe(typed, *more, file="usage.parquet"):
    return typed("dataset", "describe", file, "--unit", "child", "--output", "draft.yaml", *more)


@pytest.mark.parametrize("file", ["usage.parquet", "usage.csv", "data.duckdb"])
def test_a_draft_has_the_types_and_bounds_of_a_file_and_nothing_is_attested(typed, stage, file) -> None:
    code, out, err = describe(typed, file=file)
    assert (code, err) == (0, "")
    assert "to be attested" in out
    book = codebook_files.read_codebook(stage / "draft.yaml")
    table = book.tables["usage"]
    assert (table.unit, table.rows_per_child) == ("child", 5)
    domains = {name: column.domain for name, column in table.columns.items()}
    assert domains["country"].values == ("AT", "BE", "CY")
    assert (domains["minutes"].low, domains["minutes"].high) == (0, 300)
    assert (domains["steps"].low, domains["steps"].high) == (0, 2000)
    assert (domains["day"].low, domains["day"].high) == (
        datetime.date(2026, 1, 1),
        datetime.date(2026, 3, 31),
    )
    assert domains["night"].kind == domain.BOOLEAN
    assert domains["moment"].low == datetime.datetime(2026, 1, 1)  # noqa: DTZ001, times of a data set have no zone
    assert domains["words"].kind == domain.TEXT
    assert domains["words"].values is None
    assert domains["seven"].values == (7,)
    assert table.columns["country"].is_constant
    assert not table.columns["night"].is_constant
    bounded = [name for name, of in domains.items() if of.values or of.is_bounded]
    assert len(codebook.list_unattested(book)) == len(bounded) + 1
    text = (stage / "draft.yaml").read_text()
    assert text.count("from the data: attest it from a public source or buy it") == len(bounded) + 1


def test_what_few_children_have_is_nowhere_in_a_draft_and_no_count_is(typed, stage) -> None:
    describe(typed)
    text = (stage / "draft.yaml").read_text()
    assert re.search(r"place: .*# .*rare values left out", text)
    assert re.search(r"country: .*# .*rare values left out", text)
    # The values of one odd child and of ten, exact ends, and numbers of rows and children.
    for secret in ("Vaduz", "Wiesbaden", "98765", "98,765", "777777", "1961", "2061", "283.6", "2016", "400"):
        assert secret not in text, secret
    for count in ("5000", "5400", "1000", "1001", "999", "50,", "10 "):
        assert count not in text.replace("[10", ""), count


def test_a_value_is_listed_from_twenty_children_on(stage) -> None:
    connection = duckdb.connect()
    for children, listed in ((descriptions.LEAST_CHILDREN - 1, False), (descriptions.LEAST_CHILDREN, True)):
        connection.execute(
            f"COPY (SELECT i AS child, CASE WHEN i < {children} THEN 'few' ELSE 'many' END AS answer, "
            f"CASE WHEN i < {children} THEN 900.5 ELSE i / 100.0 END::DOUBLE AS amount "
            f"FROM range(1000) AS numbers(i)) TO '{stage}/some.parquet' (FORMAT parquet)"
        )
        columns = {
            one.name: one for one in descriptions.describe_file(stage / "some.parquet", "child").columns
        }
        assert ("few" in columns["answer"].domain.values) is listed
        assert (columns["amount"].domain.high > 800) is listed


def test_nothing_is_drafted_from_the_rows_of_a_handful_of_children(typed, stage) -> None:
    duckdb.connect().execute(
        "COPY (SELECT * FROM 'usage.parquet' WHERE child < 19) TO 'few.parquet' (FORMAT parquet)"
    )
    code, out, err = describe(typed, file="few.parquet")
    assert (code, out) == (1, "")
    assert "fewer than 20 children" in err


def test_a_draft_answers_no_query_and_says_what_to_do(typed, stage) -> None:
    describe(typed)
    code, out, err = typed(
        "query",
        "--data",
        "usage.parquet",
        "--codebook",
        "draft.yaml",
        "--epsilon",
        "1",
        "SELECT COUNT(*) FROM usage",
    )
    assert (code, out) == (1, "")
    assert "draft.yaml, line 12" in err
    assert "attest what you can" in err
    assert not list(stage.glob("*.sqlite*"))
    code, out, _ = typed(
        "query", "explain", "--codebook", "draft.yaml", "--epsilon", "1", "SELECT COUNT(*) FROM usage"
    )
    assert code == 0
    assert "The codebook is a draft" in out


def test_an_attested_draft_answers(typed, stage) -> None:
    describe(typed)
    text = (stage / "draft.yaml").read_text()
    (stage / "draft.yaml").write_text(text.replace('attested: ""', "attested: invented for this test"))
    code, out, err = typed(
        "query", "--data", "usage.parquet", "--codebook", "draft.yaml", "--epsilon", "1",
        "SELECT country, COUNT(*) AS n, AVG(minutes) FROM usage GROUP BY country",
    )  # fmt: skip
    assert code == 0, err
    assert "AT" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--unit", "pupil"), "the file has no column pupil; it has child, country"),
        (
            ("--unit", "minutes"),
            "minutes is stored as DOUBLE, and a child is named by a whole number or a text",
        ),
    ],
)
def test_a_unit_that_is_none_is_named(typed, words, sentence) -> None:
    code, _, err = describe(typed, *words)
    assert code == 1
    assert sentence in err


@pytest.mark.parametrize(
    ("unit", "sentence"),
    [
        ('i AS "child id"', "the column child id cannot name the child"),
        ("CAST(i AS HUGEINT) AS child", "child is stored as DOUBLE, and a child is named by"),
        ("CAST(i AS DECIMAL(9, 2)) AS child", "child is stored as DECIMAL(9,2), and a child is named by"),
        (
            "TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (i) DAY AS child",
            "child is stored as TIMESTAMP WITH",
        ),
        ("[i] AS child", "child is stored as BIGINT[], and a child is named by"),
    ],
)
def test_a_draft_is_made_only_for_a_unit_that_can_be_asked_about(typed, stage, unit, sentence) -> None:
    duckdb.connect().execute(
        f"COPY (SELECT {unit}, i % 9 AS night FROM range(90) AS numbers(i)) TO '{stage}/strange.parquet' "
        "(FORMAT parquet)"
    )
    name = "child id" if "child id" in unit else "child"
    code, _, err = typed("dataset", "describe", "strange.parquet", "--unit", name, "--output", "draft.yaml")
    assert code == 1
    assert sentence in err
    assert not (stage / "draft.yaml").exists()


@pytest.mark.parametrize("file", ["hashed.parquet", "hashed.csv"])
def test_children_may_be_named_by_hashes_of_64_bits(typed, stage, file) -> None:
    duckdb.connect().execute(
        f"COPY (SELECT CAST(18446744073709551615 - i // 2 AS UBIGINT) AS child, i % 2 = 0 AS night "
        f"FROM range(90) AS numbers(i)) TO '{stage / file}'"
    )
    code, _, err = typed("dataset", "describe", file, "--unit", "child", "--output", "draft.yaml")
    assert (code, err) == (0, "")
    (table,) = codebook_files.read_codebook(stage / "draft.yaml").tables.values()
    assert table.unit == "child"
    code, out, err = typed("dataset", "check", file, "--codebook", "draft.yaml")
    assert (code, err) == (0, "")
    assert "the data fit the codebook" in out


def test_a_draft_is_of_the_one_table_of_a_duckdb_file_and_a_check_of_the_one_named(typed, stage) -> None:
    assert describe(typed, file="data.duckdb")[0] == 0
    check = ("dataset", "check", "data.duckdb", "--codebook", "draft.yaml")
    with duckdb.connect(str(stage / "data.duckdb")) as connection:
        connection.execute("CREATE TABLE more AS SELECT 1 AS child")
    code, out, err = typed(*check)
    assert code == 1
    assert "to be mended" in err
    assert "usage.country" in out
    (stage / "draft.yaml").rename(stage / "usage.yaml")
    code, _, err = describe(typed, file="data.duckdb")
    assert code == 1
    assert "a draft is of one table" in err
    assert "has more, usage" in err
    with duckdb.connect(str(stage / "data.duckdb")) as connection:
        connection.execute("DROP TABLE usage")
    code, _, err = typed(*check[:-1], "usage.yaml")
    assert code == 1
    assert "data.duckdb: the file has no table usage" in err


def test_a_draft_never_replaces_a_file(typed, stage) -> None:
    (stage / "draft.yaml").write_text("attested by hand")
    code, _, err = describe(typed)
    assert code == 1
    assert "name another" in err
    assert (stage / "draft.yaml").read_text() == "attested by hand"


def test_names_and_values_that_bite_are_written_so_that_they_are_read_as_they_are(typed, stage) -> None:
    odd = ['a "quoted" one', "true", "~", "# no comment", "tab\there", "line\nbreak", "ключ", "\u202eback"]
    connection = duckdb.connect()
    connection.execute('CREATE TABLE odd (child BIGINT, "no" VARCHAR, "two words" VARCHAR, "null" BIGINT)')
    connection.executemany(
        "INSERT INTO odd VALUES (?, ?, 'x', 1)", [[i, odd[i % len(odd)]] for i in range(400)]
    )
    connection.execute(f"COPY odd TO '{stage}/2 odd-names.parquet' (FORMAT parquet)")
    code, out, err = describe(typed, file="2 odd-names.parquet")
    assert (code, err) == (0, "")
    assert "1 left out" in out
    table = codebook_files.read_codebook(stage / "draft.yaml").tables["t_2_odd_names"]
    assert set(table.columns["no"].domain.values) == set(odd)
    assert set(table.columns) == {"no", "null"}
    assert "two words is left out" in (stage / "draft.yaml").read_text()


# --- the check ------------------------------------------------------------------------------------------

CODEBOOK = """\
codebook: 1
dataset: invented
population: invented
budget: {epsilon: 3, delta: 1e-6}
tables:
  usage:
    unit: child
    rows_per_child: 4
    attested: invented
    columns:
      country: {type: text, values: [AT, BE, CY], constant: true, nulls: false, attested: invented}
      minutes: {type: real, low: 0, high: 100, step: 0.1, attested: invented}
      steps: {type: integer, low: 0, high: 9, attested: invented}
      day: {type: date, low: 2026-01-01, high: 2026-01-31, attested: invented}
"""
CHECKED = [
    (1, "AT", 1.0, 1, "2026-01-01"), (1, "AT", 2.0, 2, "2026-01-02"), (1, "BE", 3.0, 3, "2026-01-03"),
    (1, "AT", 4.0, 4, "2026-01-04"), (1, "AT", 5.0, 5, "2026-01-05"), (2, "XX", 100.5, 10, "2026-02-01"),
    (2, "XX", float("nan"), -1, None), (None, "CY", 1.0, 1, "2026-01-01"), (3, None, None, None, None),
]  # fmt: skip
FOUND = {
    "usage.child: 1 rows name no child; they never count [unit]",
    "usage.child: 1 children have more than 4 rows; each is weighted down to 4 [rows]",
    "usage.country: 2 rows have a value outside; they count as null [values]",
    "usage.country: 1 rows have none [values]",
    "usage.country: 1 children have several; for each the least counts [constant]",
    "usage.minutes: 2 rows have a value outside; they are moved to the nearer bound, or null [values]",
    "usage.steps: 2 rows have a value outside; they are moved to the nearer bound, or null [values]",
    "usage.day: 1 rows have a value outside; they are moved to the nearer bound, or null [values]",
}


@pytest.fixture
def checked(stage):
    (stage / "usage.yaml").write_text(CODEBOOK)
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE checked (child BIGINT, country VARCHAR, minutes DOUBLE, steps BIGINT, day DATE)"
    )
    connection.executemany("INSERT INTO checked VALUES (?, ?, ?, ?, ?)", CHECKED)
    connection.execute(f"COPY checked TO '{stage}/checked.parquet' (FORMAT parquet)")
    return stage


def test_a_check_names_everything_that_does_not_fit_and_fails(checked, typed) -> None:
    code, out, err = typed("dataset", "check", "checked.parquet", "--codebook", "usage.yaml")
    assert code == 1
    assert set(out.splitlines()) == FOUND
    assert err == "8 of these are to be mended, in the data or in the codebook\n"


def test_what_is_meant_is_accepted_by_kind_and_nothing_else(checked, typed) -> None:
    words = ["dataset", "check", "usage=checked.parquet", "--codebook", "usage.yaml", "--accept", "values"]
    code, out, _ = typed(*words, "--accept", "rows", "--accept", "unit")
    assert code == 1
    assert [line for line in out.splitlines() if not line.startswith("accepted: ")] == [
        "usage.country: 1 children have several; for each the least counts [constant]"
    ]
    code, out, err = typed(*words, "--accept", "rows", "--accept", "unit", "--accept", "constant")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "the data fit the codebook"
    assert dataset._ACCEPTABLE == descriptions.ACCEPTABLE


def test_a_column_that_is_missing_or_of_another_type_cannot_be_accepted(checked, typed) -> None:
    text = CODEBOOK.replace("steps:", "stairs:").replace(
        "country: {type: text, values: [AT, BE, CY]", "country: {type: integer, values: [1]"
    )
    (checked / "usage.yaml").write_text(text)
    accept = [word for kind in dataset._ACCEPTABLE for word in ("--accept", kind)]
    code, out, _ = typed("dataset", "check", "checked.parquet", "--codebook", "usage.yaml", *accept)
    assert code == 1
    refused = [line for line in out.splitlines() if not line.startswith("accepted: ")]
    assert sorted(refused) == [
        "usage.country: The file stores VARCHAR, which the codebook does not say. [column]",
        "usage.stairs: The file has no such column. [column]",
    ]


def test_a_row_of_a_csv_file_that_is_no_value_of_its_type_is_found(checked, typed) -> None:
    rows = [f"{i},AT,{i % 50}.5,{i % 9},2026-01-{1 + i % 31:02}" for i in range(30_000)]
    rows[29_000] = "29000,AT,many,some,later"
    rows += ["x1,AT,1.5,1,2026-01-01", "1.5,AT,1.5,1,2026-01-01"]
    (checked / "late.csv").write_text("child,country,minutes,steps,day\n" + "\n".join(rows) + "\n")
    code, out, _ = typed("dataset", "check", "late.csv", "--codebook", "usage.yaml")
    assert code == 1
    assert set(out.splitlines()) == {
        "usage.child: 2 rows name no child; they never count [unit]",
        "usage.minutes: 1 rows hold no real; they count as null [values]",
        "usage.steps: 1 rows hold no integer; they count as null [values]",
        "usage.day: 1 rows hold no date; they count as null [values]",
    }


def test_a_file_that_is_damaged_is_a_sentence(checked, typed) -> None:
    (checked / "usage.parquet").write_bytes(b"PAR1 and nothing else")
    for words in (
        ["describe", "usage.parquet", "--unit", "child", "--output", "x.yaml"],
        ["check", "usage.parquet", "--codebook", "usage.yaml"],
    ):
        code, _, err = typed("dataset", *words)
        assert code == 1
        assert len(err.strip().splitlines()) <= 2
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 283.6, (0, 300, 0.05)), (1.27, 2.11, (1.2, 2.2, 1e-4)), (1990, 2011, (1950, 2050, None)),
        (-3, 17, (-4, 18, None)), (0.5, 0.5, (0.5, 0.505, 5e-6)),
        (datetime.date(2026, 1, 7), datetime.date(2026, 12, 2),
         (datetime.date(2026, 1, 1), datetime.date(2026, 12, 31), None)),
        (datetime.date(1999, 5, 7), datetime.date(2026, 2, 2),
         (datetime.date(1999, 1, 1), datetime.date(2026, 12, 31), None)),
    ],
)  # fmt: skip
def test_bounds_are_rounded_outwards(low, high, expected) -> None:
    first, last, step = descriptions.round_outwards(low, high)
    assert (
        (first, last) == pytest.approx(expected[:2]) if not isinstance(low, datetime.date) else expected[:2]
    )
    assert step == (None if expected[2] is None else pytest.approx(expected[2]))
    assert first <= low
    assert high <= last


def test_the_codebook_of_the_reference_is_one_and_every_field_is_explained(stage) -> None:
    page = (pathlib.Path(__file__).parents[2] / "docs/reference/codebook.md").read_text("utf-8")
    (stage / "page.yaml").write_text(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    file = codebook_files.read_codebook_file(stage / "page.yaml")
    file.check_attested()
    assert set(file.codebook.tables) == {"usage", "countries"}
    for fields in codebook._FIELDS.values():
        for name in fields:
            assert f"`{name}`" in page or re.search(rf"^ *{name}:", page, re.MULTILINE), name


def test_dummy_data_are_made_from_the_codebook_alone_and_asked_as_it_says(checked, typed) -> None:
    (checked / "usage.parquet").unlink()
    code, out, err = typed(
        "dataset",
        "dummy",
        "--codebook",
        "usage.yaml",
        "--rows",
        "500",
        "--output",
        "dummy.parquet",
        "--seed",
        "4",
    )
    assert (code, err) == (0, "")
    told = re.search(r"lightwell (query --dummy .*) \.\.\.", out)[1].split()
    code, out, err = typed(
        *told, "--epsilon", "1", "SELECT country, COUNT(*) AS n FROM usage GROUP BY country"
    )
    assert (code, err) == (0, "")
    assert out.startswith("DUMMY DATA")
    code, _, err = typed(
        "dataset", "dummy", "--codebook", "usage.yaml", "--rows", "5", "--output", "usage.csv"
    )
    assert code == 1
    assert "invented" in err


def test_dummy_data_of_several_tables_go_into_a_folder(stage, typed) -> None:
    page = (pathlib.Path(__file__).parents[2] / "docs/reference/codebook.md").read_text("utf-8")
    (stage / "page.yaml").write_text(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    code, out, err = typed(
        "dataset", "dummy", "--codebook", "page.yaml", "--rows", "500", "--output", "invented"
    )
    assert (code, err) == (0, "")
    assert sorted(path.name for path in (stage / "invented").iterdir()) == [
        "countries.parquet", "usage.parquet",
    ]  # fmt: skip
    told = re.search(r"lightwell (query --dummy .*) \.\.\.", out)[1].split()
    code, out, err = typed(*told, "--epsilon", "1", "SELECT AVG(minutes) AS mean FROM usage")
    assert (code, err) == (0, "")
    assert "mean" in out
