"""Searching the index: a lookup and filters in, keys of pages in order and counts out. No text is here.

The first `WINDOW` hits come by relevance (BM25), the rest by time of opening, newest first; a cursor
names the last hit that was seen, so that a reader can go on to the end however many hits there are.
As long as the index does not change, every hit comes exactly once.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import tantivy

from lightwell.base import errors
from lightwell.files import analysis, index
from lightwell.files.lookup import MAX_HITS, Clause, Lookup, Part

WINDOW = 1000
MAX_COUNTS = 100
# A beginning such as "re*" may have a million words; the commonest ones stand for it.
MAX_ENDINGS = 500


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader ticked: within one field any of the values, across fields all.

    `since` and `until` are dates as declared (2019, 2019-06, 2019-06-30), both included.
    """

    company: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    study: tuple[str, ...] = ()
    item: tuple[str, ...] = ()
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Without:
    """Pages and whole items that must not be found although the index may still hold them."""

    pages: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """One page: where it is, in which row, when it was opened (Unix time), how well it fits, and the cursor
    that goes on after it."""

    row: int
    opened: int
    study: str
    item: int
    page: int
    score: float
    cursor: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pages fit, and how many of them have each value of each field, most first."""

    pages: int
    by: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """After which hit to go on: by relevance (with a score) or by time of opening."""

    place: int
    score: float | None = None
    rank: int = 0


NOTHING = Without()


def find_hits(
    folder: index.IndexFolder,
    wanted: Lookup,
    filters: Filters,
    *,
    cursor: str = "",
    limit: int = 10,
    newest: bool = False,
    without: Without = NOTHING,
) -> list[Hit]:
    """Find the next hits after `cursor`; `newest` orders all of them by time of opening.

    Raises `UserMistake` for a cursor or filter that is none, `CouldNotCheck` without an index.
    """
    limit = max(1, min(limit, MAX_HITS))
    after = parse_cursor(cursor) if cursor else None
    searcher, _ = folder.open_searcher()
    query = _build_query(searcher, wanted, filters, without)
    if newest or not _has_score(wanted):
        return _find_newest(searcher, query, after, limit, [])
    if after is not None and after.score is None:
        return _find_newest(searcher, query, after, limit, _rank(searcher, query, WINDOW)[0])
    return _find_best(searcher, query, after, limit)


def count_hits(
    folder: index.IndexFolder, wanted: Lookup, filters: Filters, *, without: Without = NOTHING
) -> Counts:
    """Count the pages that fit, in all and by field; remembered until the index changes."""
    searcher, state = folder.open_searcher()
    return _count(_Remembered(searcher), state, str(folder.root), wanted, filters, without)


def format_cursor(cursor: _Cursor) -> str:
    """Write a cursor as it stands in an address."""
    if cursor.score is None:
        return f"n{cursor.place:x}"
    return f"b{struct.pack('>d', cursor.score).hex()}.{cursor.place:x}.{cursor.rank}"


def parse_cursor(text: str) -> _Cursor:
    """Read a cursor; `UserMistake` for anything that `format_cursor` did not write."""
    try:
        if len(text) > 100:
            raise ValueError
        if text[:1] == "n":
            read = _Cursor(int(text[1:], 16))
        else:
            score, place, rank = text[1:].split(".")
            read = _Cursor(int(place, 16), struct.unpack(">d", bytes.fromhex(score))[0], int(rank))
        if format_cursor(read) != text or not 0 <= read.place < 2**64 or not 0 <= read.rank <= WINDOW:
            raise ValueError
    except (ValueError, struct.error):
        raise errors.UserMistake("This address of further results is not whole; search again.") from None
    return read


def _find_best(
    searcher: tantivy.Searcher, query: tantivy.Query, after: _Cursor | None, limit: int
) -> list[Hit]:
    rank = after.rank if after else 0
    fetch = rank + limit + 20
    while True:
        ranked, complete = _rank(searcher, query, min(fetch, WINDOW))
        rest = ranked
        if after is not None and after.score is not None:
            border = (-after.score, -after.place)
            rest = [each for each in ranked if (each[0], each[1]) > border]
        if len(rest) >= limit or complete or fetch >= WINDOW:
            break
        fetch *= 2
    position = len(ranked) - len(rest)
    hits = [
        _make_hit(searcher, address, -score, _Cursor(-place, -score, position + k + 1))
        for k, (score, place, address) in enumerate(rest[:limit])
    ]
    if len(hits) < limit and not complete:
        window = _rank(searcher, query, WINDOW)[0]
        hits += _find_newest(searcher, query, None, limit - len(hits), window)
    return hits


# A ranked hit sorts by falling score, then by falling place, which is unique.
_Ranked = tuple[float, int, tantivy.DocAddress]


def _rank(searcher: tantivy.Searcher, query: tantivy.Query, limit: int) -> tuple[list[_Ranked], bool]:
    """Rank the best hits, and say whether these are all there are.

    Among equal scores the index chooses by its inner order; below `WINDOW` the last, perhaps cut, group of
    equals is therefore left out, so that its order cannot depend on where the cut fell.
    """
    found = searcher.search(query, limit, count=False).hits
    addresses = [address for _, address in found]
    places = searcher.fast_field_values("place", addresses)
    ranked = sorted(
        (
            (-float(score), -int(place or 0), address)
            for (score, address), place in zip(found, places, strict=True)
        ),
        key=lambda each: each[:2],
    )
    complete = len(found) < limit
    if not complete and limit < WINDOW:
        last = ranked[-1][0]
        ranked = [each for each in ranked if each[0] != last]
    return ranked, complete


def _find_newest(
    searcher: tantivy.Searcher,
    query: tantivy.Query,
    after: _Cursor | None,
    limit: int,
    window: Sequence[_Ranked],
) -> list[Hit]:
    conditions = [(tantivy.Occur.Must, query)]
    schema = index.read_schema()
    if after is not None:
        if after.place == 0:
            return []
        below = tantivy.Query.range_query(
            schema, "place", tantivy.FieldType.Unsigned, None, after.place, True, False
        )
        conditions.append((tantivy.Occur.Must, below))
    if window:
        seen = tantivy.Query.term_set_query(schema, "place", [-place for _, place, _ in window])
        conditions.append((tantivy.Occur.MustNot, seen))
    joined = tantivy.Query.boolean_query(conditions)
    found = searcher.search(joined, limit, count=False, order_by_field="place").hits
    return [_make_hit(searcher, address, 0.0, _Cursor(int(place))) for place, address in found]


def _make_hit(searcher: tantivy.Searcher, address: tantivy.DocAddress, score: float, cursor: _Cursor) -> Hit:
    document = searcher.doc(address)
    study, item, page = index.parse_key(str(document.get_first("key")))
    row, opened = int(document.get_first("row") or 0), int(document.get_first("opened") or 0)
    return Hit(row, opened, study, item, page, score, format_cursor(cursor))


class _Remembered:
    """A searcher that does not count for remembering: the name of its state does."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self.searcher = searcher

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Remembered)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(maxsize=512)
def _count(
    holder: _Remembered, state: str, root: str, wanted: Lookup, filters: Filters, without: Without
) -> Counts:
    query = _build_query(holder.searcher, wanted, filters, without)
    wishes = {name: {"terms": {"field": name, "size": MAX_COUNTS}} for name in index.FACETS}
    wishes["pages"] = {"value_count": {"field": "place"}}
    found = holder.searcher.aggregate(query, wishes)
    return Counts(
        int(found["pages"]["value"]),
        {
            name: tuple(
                sorted(
                    ((str(each["key"]), int(each["doc_count"])) for each in found[name]["buckets"]),
                    key=lambda pair: (-pair[1], pair[0]),
                )
            )
            for name in index.FACETS
        },
    )


def _build_query(
    searcher: tantivy.Searcher, wanted: Lookup, filters: Filters, without: Without
) -> tantivy.Query:
    conditions = [
        (
            tantivy.Occur.MustNot if clause.negated else tantivy.Occur.Must,
            _build_clause(searcher, clause),
        )
        for clause in wanted.clauses
    ]
    conditions += [(tantivy.Occur.Must, each) for each in _build_filters(filters)]
    schema = index.read_schema()
    for name, values in (("key", without.pages), ("item", without.items)):
        if values:
            hidden = tantivy.Query.term_set_query(schema, name, sorted(values))
            conditions.append((tantivy.Occur.MustNot, hidden))
    if all(occur == tantivy.Occur.MustNot for occur, _ in conditions):
        conditions.append((tantivy.Occur.Must, tantivy.Query.all_query()))
    return tantivy.Query.boolean_query(conditions)


def _build_filters(filters: Filters) -> Iterable[tantivy.Query]:
    schema = index.read_schema()
    for name in (*index.FACETS, "study", "item"):
        values = getattr(filters, name)
        if values:
            clean = [analysis.replace_surrogates(value) for value in values[:MAX_COUNTS]]
            chosen = tantivy.Query.term_set_query(schema, name, clean)
            yield tantivy.Query.const_score_query(chosen, 0.0)
    for name, date in (("since", filters.since), ("until", filters.until)):
        if date and not index.encode_day(date):
            raise errors.UserMistake("a date is written 2019, 2019-06 or 2019-06-30", place=name)
    if filters.since or filters.until:
        first = index.encode_day(filters.since) if filters.since else 1
        last = index.encode_day(filters.until, last=True) if filters.until else 99999999
        if not first or not last:
            raise errors.UserMistake("Write a date as 2019, 2019-06 or 2019-06-30.")
        days = tantivy.Query.range_query(schema, "day", tantivy.FieldType.Unsigned, first, last)
        yield tantivy.Query.const_score_query(days, 0.0)


def _build_clause(searcher: tantivy.Searcher, clause: Clause) -> tantivy.Query:
    parts = [_build_part(searcher, part) for part in clause.parts]
    if len(parts) == 1:
        return parts[0]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, part) for part in parts])


def _build_part(searcher: tantivy.Searcher, part: Part) -> tantivy.Query:
    schema = index.read_schema()
    if part.years:
        first, last = part.years
        values = [str(year) for year in range(first, last + 1)]
        return tantivy.Query.const_score_query(tantivy.Query.term_set_query(schema, "year", values), 0.0)
    if part.field in ("topic", "kind", "language", "study"):
        value = analysis.replace_surrogates(part.text).strip().lower()
        values = [value, "-".join(value.split())]
        return tantivy.Query.const_score_query(tantivy.Query.term_set_query(schema, part.field, values), 0.0)
    if part.field in ("company", "service"):
        return tantivy.Query.const_score_query(_build_words(searcher, part, f"{part.field}_name", ""), 0.0)
    name = part.field or "text"
    return _build_words(searcher, part, name, f"{name}_written")


def _build_words(searcher: tantivy.Searcher, part: Part, stemmed: str, written: str) -> tantivy.Query:
    schema = index.read_schema()
    if written and part.prefix:
        return _build_beginning(searcher, analysis.analyze_words(part.text, analysis.WRITTEN), written)
    exact = bool(written) and part.quoted
    name = written if exact else stemmed
    words = analysis.analyze_words(part.text, analysis.WRITTEN if exact else analysis.STEMMED)
    if not words:
        return tantivy.Query.empty_query()
    if len(words) == 1:
        return tantivy.Query.term_query(schema, name, words[0], "freq")
    return tantivy.Query.phrase_query(schema, name, list(words))


def _build_beginning(searcher: tantivy.Searcher, words: list[str], name: str) -> tantivy.Query:
    schema = index.read_schema()
    if not words:
        return tantivy.Query.empty_query()
    if len(words) > 1:
        return tantivy.Query.phrase_prefix_query(schema, name, list(words))
    endings = searcher.terms_with_prefix(name, words[0], limit=MAX_ENDINGS)
    if not endings:
        return tantivy.Query.empty_query()
    chosen = tantivy.Query.term_set_query(schema, name, [word for word, _ in endings])
    return tantivy.Query.const_score_query(chosen, 0.0)


def _has_score(wanted: Lookup) -> bool:
    """Answer whether relevance orders anything: filters and beginnings alone fit all pages equally."""
    return any(
        part.field in ("", "title") and not part.prefix
        for clause in wanted.clauses
        if not clause.negated
        for part in clause.parts
    )
