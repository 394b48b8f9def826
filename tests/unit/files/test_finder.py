"""Searching an index: the language of the search box, the order of hits, and every hit exactly once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lightwell.base import errors
from lightwell.files import excerpt, finder, index, lookup

TEXTS = {
    1: "Children sleeping badly at night answered the survey.",
    2: "They slept; the night was long and the phone was on.",
    3: "A survey about phones. Naïve well-being scores, 10:30 in the evening.",
    4: "Sleep at night, sleep at noon, sleep at last.",
    5: "日本語のテキスト about sleep",
}


def make_page(number: int, text: str, **changes: object) -> index.PageDocument:
    values: dict[str, object] = {
        "study": "std-a",
        "item": 1,
        "page": number,
        "place": number,
        "row": number,
        "opened": 0,
        "company": "larkfield",
        "company_name": "Larkfield (sample)",
        "services": (("larkfield-messages", "Larkfield Messages"),),
        "topics": ("sleep", "body-image"),
        "kind": "report",
        "date": "2019-06",
        "language": "en",
        "title": "Diaries of the first wave",
        "text": text,
    }
    return index.PageDocument(**(values | changes))  # type: ignore[arg-type]


def build_folder(root: Path, pages: list[index.PageDocument]) -> index.IndexFolder:
    folder = index.IndexFolder(root)
    with folder.rebuild(0) as writer:
        for page in pages:
            writer.add_page(page)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> index.IndexFolder:
    other = make_page(
        6,
        "Bullying in chats",
        item=2,
        company="kestrel",
        company_name="Kestrel",
        services=(("kestrel-chat", "Kestrel Chat"), ("kestrel-video", "Kestrel Video")),
        topics=("bullying",),
        kind="memo",
        date="",
        language="fr",
        title="Minutes",
    )
    return build_folder(tmp_path, [*(make_page(number, text) for number, text in TEXTS.items()), other])


def find(folder: index.IndexFolder, text: str, **filters: object) -> set[int]:
    chosen = finder.Filters(**filters)  # type: ignore[arg-type]
    return {hit.page for hit in finder.find_hits(folder, lookup.parse_lookup(text), chosen, limit=50)}


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("sleep", {1, 4, 5}),
        ("SLEEPS", {1, 4, 5}),
        ("children survey", {1}),
        ("child survey", {1} - {1}),  # the English stemmer keeps children apart from child
        ('"sleep at night"', {4}),
        ('"sleeping badly"', {1}),
        ('"sleep badly"', set()),
        ("“sleep at night”", {4}),
        ("slee*", {1, 4, 5}),
        ("sleepi*", {1}),
        ('"survey about ph*"', {3}),
        ("night -sleep", {2}),
        ('night -"the night"', {1, 4}),
        ("-sleep", {2, 3, 6}),
        ("phone OR bully", {2, 3, 6}),
        ("phone OR bully -survey", {2, 6}),
        ("sleep AND night", {1, 4}),
        ("naive", {3}),
        ("NAÏVE", {3}),
        ("well-being", {3}),
        ("being well", {3}),
        ("10:30", {3}),
        ("日本", {5}),
        ("語日", set()),
        ("title:diary", {1, 2, 3, 4, 5}),
        ("title:minutes", {6}),
        ('title:"first wave" night', {1, 2, 4}),
        ("company:kestrel", {6}),
        ("company:Larkfield night", {1, 2, 4}),
        ('service:"kestrel chat"', {6}),
        ("topic:bullying", {6}),
        ('topic:"body image" phone', {2, 3}),
        ("kind:memo", {6}),
        ("language:fr", {6}),
        ("year:2019 night", {1, 2, 4}),
        ("year:2018..2020 -night", {3, 5}),
        ("-year:2019", {6}),
        ("study:std-a chats", {6}),
        ("nothinglikethis", set()),
        ("nothinglike*", set()),
        ("", {1, 2, 3, 4, 5, 6}),
    ],
)
def test_what_people_type_finds_these_pages(folder: index.IndexFolder, text: str, pages: set[int]) -> None:
    assert find(folder, text) == pages


@pytest.mark.parametrize(
    ("filters", "pages"),
    [
        ({"company": ("kestrel",)}, {6}),
        ({"company": ("kestrel", "larkfield")}, {1, 2, 3, 4, 5, 6}),
        ({"service": ("kestrel-video",)}, {6}),
        ({"topic": ("body-image", "bullying"), "kind": ("report",)}, {1, 2, 3, 4, 5}),
        ({"language": ("de",)}, set()),
        ({"year": ("2019",)}, {1, 2, 3, 4, 5}),
        ({"item": ("std-a/2",)}, {6}),
        ({"since": "2019"}, {1, 2, 3, 4, 5}),
        ({"since": "2019-07"}, set()),
        ({"until": "2019"}, {1, 2, 3, 4, 5}),
        ({"until": "2019-05-31"}, set()),
        ({"since": "2019-06", "until": "2019-06"}, {1, 2, 3, 4, 5}),
    ],
)
def test_filters_narrow_down(folder: index.IndexFolder, filters: dict[str, object], pages: set[int]) -> None:
    assert find(folder, "", **filters) == pages


def test_counts_say_how_many_pages_each_value_would_leave(folder: index.IndexFolder) -> None:
    counts = finder.count_hits(folder, lookup.parse_lookup("sleep OR bully"), finder.Filters())
    assert counts.pages == 4
    assert counts.by == {
        "company": (("larkfield", 3), ("kestrel", 1)),
        "service": (("larkfield-messages", 3), ("kestrel-chat", 1), ("kestrel-video", 1)),
        "topic": (("body-image", 3), ("sleep", 3), ("bullying", 1)),
        "kind": (("report", 3), ("memo", 1)),
        "year": (("2019", 3),),
        "language": (("en", 3), ("fr", 1)),
    }


def test_pages_and_items_named_as_hidden_are_neither_hits_nor_counted(folder: index.IndexFolder) -> None:
    without = finder.Without(frozenset({"std-a/1/4"}), frozenset({"std-a/2"}))
    wanted = lookup.parse_lookup("sleep OR bully")
    hits = finder.find_hits(folder, wanted, finder.Filters(), without=without)
    counts = finder.count_hits(folder, wanted, finder.Filters(), without=without)
    assert {hit.page for hit in hits} == {1, 5}
    assert counts.pages == 2
    assert "kestrel" not in dict(counts.by["company"])


def test_the_page_that_speaks_most_of_it_comes_first_and_the_newest_when_asked(
    folder: index.IndexFolder,
) -> None:
    wanted = lookup.parse_lookup("sleep")
    best = finder.find_hits(folder, wanted, finder.Filters())
    newest = finder.find_hits(folder, wanted, finder.Filters(), newest=True)
    assert best[0].page == 4
    assert [hit.page for hit in newest] == [5, 4, 1]


@pytest.mark.parametrize("text", ["sleep", "sleep OR night OR rest", "sle*", "year:2019", "", "-absent"])
@pytest.mark.parametrize(("window", "limit"), [(1000, 7), (20, 7), (20, 20), (5, 11), (64, 1)])
def test_screens_one_after_another_hold_every_hit_exactly_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, window: int, limit: int
) -> None:
    # Many equal scores, several segments and removed pages: where the cut falls must not matter.
    monkeypatch.setattr(finder, "WINDOW", window)
    bodies = ("sleep", "sleep and sleep", "night and sleep", "rest")
    pages = [make_page(number, bodies[number * 7 % 4], place=number * 13 % 151 + 1) for number in range(60)]
    folder = build_folder(tmp_path, pages[:30])
    for start in (30, 40, 50):
        with folder.write() as writer:
            for page in pages[start : start + 10]:
                writer.add_page(page)
            writer.remove_page("std-a", 1, start - 5)
    alive = [page for page in pages if page.page not in (25, 35, 45)]
    fitting = {page.page for page in alive if text not in ("sleep", "sle*") or "sleep" in page.text}
    wanted = lookup.parse_lookup(text)
    seen: list[int] = []
    cursor = ""
    while hits := finder.find_hits(folder, wanted, finder.Filters(), cursor=cursor, limit=limit):
        seen += [hit.page for hit in hits]
        cursor = hits[-1].cursor
    assert sorted(seen) == sorted(fitting)
    assert finder.count_hits(folder, wanted, finder.Filters()).pages == len(fitting)


@pytest.mark.parametrize(
    "cursor", ["x", "b", "n", "n-1", "n" + "f" * 17, "b00.1.2", "b" + "0" * 16 + ".1.99999", "n1 "]
)
def test_a_cursor_that_we_did_not_write_is_a_sentence(folder: index.IndexFolder, cursor: str) -> None:
    with pytest.raises(errors.UserMistake, match="search again"):
        finder.find_hits(folder, lookup.parse_lookup("sleep"), finder.Filters(), cursor=cursor)


def test_a_date_that_is_none_is_a_sentence(folder: index.IndexFolder) -> None:
    with pytest.raises(errors.UserMistake, match="a date is written 2019"):
        find(folder, "", since="yesterday")


def test_a_removed_page_is_gone_for_readers_that_were_open_before(folder: index.IndexFolder) -> None:
    reader = index.IndexFolder(folder.root)
    assert find(reader, "bullying") == {6}
    with folder.write() as writer:
        writer.remove_page("std-a", 2, 6)
    assert find(reader, "bullying") == set()


def add_and_break(writer: index.Writer) -> None:
    writer.remove_item("std-a", 1)
    writer.add_page(make_page(7, "half"))
    writer.add_page(None)  # type: ignore[arg-type]


def test_a_rebuild_that_fails_leaves_the_old_index_answering(folder: index.IndexFolder) -> None:
    with pytest.raises(AttributeError), folder.rebuild(9) as writer:
        add_and_break(writer)
    assert find(folder, "sleep") == {1, 4, 5}
    assert folder.read_stamp() == 0
    assert len(list(folder.root.glob("g-*"))) == 1


def test_a_change_that_fails_half_way_changes_nothing(folder: index.IndexFolder) -> None:
    with pytest.raises(AttributeError), folder.write() as writer:
        add_and_break(writer)
    assert find(folder, "sleep") == {1, 4, 5}
    with folder.write() as writer:
        writer.remove_page("std-a", 1, 5)
    assert find(folder, "sleep") == {1, 4}


def test_the_old_index_answers_and_changes_while_the_new_one_is_built(folder: index.IndexFolder) -> None:
    with folder.rebuild(5) as writer:
        writer.add_page(make_page(7, "sleep anew"))
        with folder.write() as other:
            other.remove_page("std-a", 1, 5)
        assert find(folder, "sleep") == {1, 4}
    assert find(folder, "sleep") == {7}
    assert folder.read_stamp() == 5


def test_an_index_of_an_older_format_counts_as_none(
    folder: index.IndexFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "FORMAT", index.FORMAT + 1)
    assert folder.read_stamp() is None


def test_a_damaged_index_says_how_to_mend_it(folder: index.IndexFolder) -> None:
    generation = folder.root / str(folder.read_generation())
    (generation / "meta.json").write_text("{")
    with pytest.raises(errors.Damaged, match="lightwell search rebuild"):
        find(index.IndexFolder(folder.root), "sleep")


def test_writers_wait_for_each_other(folder: index.IndexFolder) -> None:
    def add_ten(start: int) -> None:
        for number in range(start, start + 10):
            with folder.write() as writer:
                writer.add_page(make_page(number, "parallel"))

    threads = [threading.Thread(target=add_ten, args=(start,)) for start in (100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(find(folder, "parallel")) == 30


def list_marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in excerpt.find_ranges(text, lookup.parse_lookup(query))]


@pytest.mark.parametrize(
    ("drawn", "typed"),
    [
        ("cafe\u0301s", "cafés"),
        ("cafés", "cafe\u0301s"),
        ("na\u0131\u0308ve", "na\u0131ve"),
        ("\u05e9\u05b8\u05dc\u05d5\u05b9\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u0633\u064e\u0644\u064e\u0627\u0645", "\u0633\u0644\u0627\u0645"),
        ("\u0938\u094b\u0928\u093e", "\u0938\u094b\u0928\u093e"),
        ("\u1112\u1161\u11ab", "\ud55c"),
    ],
)
def test_marks_drawn_apart_or_left_out_by_whoever_types_hide_no_word(
    drawn: str, typed: str, tmp_path: Path
) -> None:
    assert list_marked(f"before {drawn} after", typed) == [drawn]
    folder = build_folder(tmp_path, [make_page(1, f"before {drawn} after")])
    assert find(folder, typed) == {1}


def test_marks_that_are_letters_of_their_script_part_two_words(tmp_path: Path) -> None:
    assert list_marked("\u0938\u094b\u0928\u093e", "\u0938\u0928") == []
