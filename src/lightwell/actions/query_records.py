"""Private answers on record: what is checked before one is published, and reading those in view.

A record of the kind query-release states what its attached answer says (`query/statement`), names a codebook
that the record of its data set names too, and gives the question, from which the answer's id follows. Making
such a record: `actions/query_releases`. Absent: data about children; a record needs none.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lightwell.actions import figures
from lightwell.base import disclosure, errors
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure
from lightwell.engines import codebook_files
from lightwell.files.state import State
from lightwell.query import bound, path, release, statement
from lightwell.query.codebook import Codebook
from lightwell.query.cost import Cost

KIND, DATASET = statement.KIND, "dataset"
# What a reader could read in the attached file anyway, or needs for finding it.
_NEVER_HELD = (*statement.FIELDS, "question", "bounds", "dataset", "codebook", "file")
_WORD, _MOST_FOUND = re.compile(r"\w+"), 5
# Fields whose text nobody looks for: what every answer says alike, and digests.
_NO_WORDS = (
    "how",
    "not_proven",
    "notes",
    "plan",
    "codebook",
    "file",
    "answer",
    "data_version",
    "sources",
    "cost",
)
_PATHS = (path.WEIGHTED, path.RANKED, path.CUBED)


@dataclass(frozen=True, slots=True)
class Found:
    """A data set or an answer that has the words that somebody looked for."""

    record: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Worded:
    """A data set or an answer with its own words, sorted."""

    found: Found
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The newest version of an answer in view, and the bytes that were given out."""

    row: Disclosure
    record: disclosure.Disclosure
    answer: bytes

    @property
    def dataset(self) -> str:
        """The id of the record of its data set."""
        return str(self.record.body["dataset"]["id"])


def check_record(*, state: State, record: disclosure.Disclosure) -> None:
    """Refuse a record that says something else than its file; `UserMistake` with every problem."""
    problems = [
        errors.Problem(each.pointer, "this cannot be held back, because the attached answer says it")
        for each in record.withheld
        if any(f"{each.pointer}/".startswith(f"/body/{name}/") for name in _NEVER_HELD)
    ]
    if not problems:
        problems = _find_problems(state, record)
    if problems:
        raise errors.UserMistake(problems=problems)


def _find_problems(state: State, record: disclosure.Disclosure) -> list[errors.Problem]:
    file = str(record.body["file"])
    if file not in {each.digest for each in record.attachments}:
        return [errors.Problem("/body/file", "the answer is attached to the record")]
    problems = statement.find_problems(record.body, figures.get_file(state, file))
    if problems:
        return problems
    if not _list_versions(record):
        sentence = f"no data set of {record.provider.name} with this id is published here"
        return [errors.Problem("/body/dataset/id", sentence)]
    book = find_codebook(state, record)
    if book is None:
        sentence = f"no version of {record.body['dataset']['id']} in view names this codebook"
        return [errors.Problem("/body/codebook/digest", sentence)]
    answered = release.read_release(figures.get_file(state, file))
    bought = str((answered.truncation or {}).get("bought", ""))
    return list(_find_question_problems(record.body, book, bought))


def _find_question_problems(body: dict[str, Json], book: Codebook, bought: str) -> Iterator[errors.Problem]:
    """Find out whether the answer's id follows from the question, by one of the paths there are."""
    # Here and not above: SQLGlot is of lightwell[query], and a site that answers nothing starts without it.
    try:
        from lightwell.query import check, session
    except ModuleNotFoundError as error:
        sentence = (
            f"checking a private answer needs the Python package {error.name}: pip install 'lightwell[query]'"
        )
        raise errors.CouldNotCheck(sentence) from None
    bounds = body.get("bounds") or {}
    try:
        plan = check.check_query(
            str(body["question"]), book, rows=bounds.get("rows"), groups=bounds.get("groups")
        )
    except errors.UserMistake as error:
        for each in error.problems:
            yield errors.Problem("/body/question", str(each))
        return
    paid = Cost(body["cost"]["nano_rho"], body["cost"]["delta_units"])
    keys = [
        session.compute_answer_key(bound.bind(plan, each), book, paid, str(body["data_version"]), bought)
        for each in _PATHS
    ]
    if body["answer"] not in keys:
        sentence = "the answer attached to this record is one to another question, or to other bounds"
        yield errors.Problem("/body/question", sentence)


def find_codebook(state: State, record: disclosure.Disclosure) -> Codebook | None:
    """Find the codebook that an answer was given by, which a newer version of its data set may have replaced.

    None where no version of the data set in view names it.
    """
    stated = [row.read_record().body.get("codebook") for row in _list_versions(record)]
    named = next((each for each in stated if _is_same(each, record.body["codebook"])), None)
    if named is None:
        return None
    file = str(named["file"])
    return codebook_files.parse_codebook_file(figures.get_file(state, file), "codebook.yaml").codebook


def _list_versions(record: disclosure.Disclosure) -> list[Disclosure]:
    dataset, owner = str(record.body["dataset"]["id"]), record.provider.id
    return list(Disclosure.objects.visible().filter(record=dataset, kind=DATASET, provider_id=owner))


def _is_same(stated: Json, named: Json) -> bool:
    return isinstance(stated, dict) and all(
        stated.get(name) == named.get(name) for name in ("name", "version", "digest")
    )


def find_answered(state: State, record: str) -> Answered | None:
    """Find an answer in view; None where there is none, or its newest version was removed."""
    row = find_row(record)
    if row is None:
        return None
    read = row.read_record()
    return Answered(row, read, figures.get_file(state, str(read.body["file"])))


def find_row(record: str) -> Disclosure | None:
    """Find the newest version of an answer in view."""
    return Disclosure.objects.newest().visible().filter(record=record, kind=KIND).first()


def find_version(record: str, version: int) -> disclosure.Disclosure | None:
    """Find one version of an answer in view; None where there is none, or it was removed."""
    row = Disclosure.objects.visible().filter(record=record, version=version, kind=KIND).first()
    return row.read_record() if row else None


def list_answers(dataset: str) -> list[Disclosure]:
    """List the answers in view about a data set, the last put here first."""
    return [row for row in list_all() if row.read_record().body["dataset"]["id"] == dataset]


def list_all() -> list[Disclosure]:
    """List every answer in view, the last put here first."""
    return list(Disclosure.objects.newest().visible().filter(kind=KIND).order_by("-log_index"))


def list_words() -> tuple[Worded, ...]:
    """List the own words of every data set and answer in view, the last put here first.

    Words of a record are its title, summary, question, groups and columns. Read anew for each state of the
    archive (whoever keeps the list keeps its stamp with it) and not for each search.
    """
    found = []
    for row in Disclosure.objects.newest().visible().filter(kind__in=(KIND, DATASET)).order_by("-log_index"):
        body = row.read_record().body
        words = {word.casefold() for text in _list_texts(body) for word in _WORD.findall(text)}
        named = Found(row.record, row.kind, str(body.get("title") or row.record))
        found.append(Worded(named, tuple(sorted(words))))
    return tuple(found)


def find_by_words(query: str, listed: Iterable[Worded] | None = None) -> list[Found]:
    """Find data sets and answers in view whose own words begin with each word that is looked for.

    What cannot be read as plain words (fields, exclusions) finds none. `listed` is from `list_words`.
    """
    wanted = [word.casefold() for word in _WORD.findall(query)]
    if not wanted or any(sign in query for sign in ':"-'):
        return []
    fitting = (
        each.found
        for each in (list_words() if listed is None else listed)
        if all(_begins(each.words, word) for word in wanted)
    )
    return list(itertools.islice(fitting, _MOST_FOUND))


def _begins(words: Sequence[str], wanted: str) -> bool:
    at = bisect.bisect_left(words, wanted)
    return at < len(words) and words[at].startswith(wanted)


def _list_texts(body: Json) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict):
        for name, part in body.items():
            if name not in _NO_WORDS:
                yield from _list_texts(part)
    elif isinstance(body, list):
        for part in body:
            yield from _list_texts(part)
