"""How the files of a provider are read: a mapping is data, one layout for each way they were laid out.

`parse_layout` turns the value of one version file (YAML or JSON) into a frozen `Layout` or names every
problem by its place in it (a JSON Pointer). Nothing is guessed: a field nobody knows, a rule without what
is counted, and a guess that nobody confirmed are problems. The format: docs/reference/figures.md.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lightwell.base import errors, pointer
from lightwell.base.canonical import Json
from lightwell.figures import period as periods
from lightwell.figures import value as values

TABLE, STACKED, PLATFORMS = "table", "stacked", "platforms"
KINDS = (TABLE, STACKED, PLATFORMS)
ROLES = (
    "provider",
    "service",
    "policy area",
    "metric",
    "period",
    "period kind",
    "breakdown",
    "value",
    "ignored",
)
CASES = ("kept", "folded")
# Whose word the figures are: a provider's about itself, or that of who receives its reports.
TELLERS = ("company", "clearing-house", "other")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MAX_SCALE = 10**12


@dataclass(frozen=True, slots=True)
class Measure:
    """What is counted, in which unit, whether a % stands behind it, and what one printed unit stands for."""

    counts: str
    unit: str
    percent_sign: bool = False
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """What a metric's figures are: by its exact name, or by a pattern such as `* rate`."""

    name: str
    is_pattern: bool
    measure: Measure

    def matches(self, metric: str) -> bool:
        """Answer whether this rule is about the metric, which is folded where letter case is."""
        return fnmatch.fnmatchcase(metric, self.name) if self.is_pattern else metric == self.name


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table and what stands in it; which fields mean something depends on `role`."""

    header: str
    role: str
    name: str = ""
    metric: str = ""
    measure: Measure | None = None
    period: periods.Period | None = None
    policy_area: str = ""
    ends_with_period: bool = False
    kinds: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Replacement:
    """A printed value that is read as another, in one column, with the reason."""

    column: str
    printed: str
    read: str
    reason: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """Rows that state one figure twice, told apart by their order, in named editions only, and why."""

    column: str
    printed: str
    editions: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its columns; in a stacked file also the title above it and the words of its row of totals.

    `shifted` names the column whose values stand one row too low in the file, with `shifted_reason`.
    """

    title: str
    header: tuple[str, ...]
    columns: tuple[Column, ...]
    totals: frozenset[str] = frozenset()
    policy_area: str = ""
    shifted: str = ""
    shifted_reason: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout version: how every cell of a file of this kind is read. Checked once, by `parse_layout`."""

    mapping: str
    version: str
    kind: str
    dataset: str
    provider: str
    service: str
    tables: tuple[Table, ...]
    rules: tuple[Rule, ...]
    is_folded: bool
    no_number: frozenset[str]
    binary_numbers: bool
    restates_history: bool
    editions: tuple[str, ...]
    everything: frozenset[str]
    replacements: tuple[Replacement, ...]
    repeated: tuple[Repeated, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    sheet: str = ""
    told_by: str = TELLERS[0]
    report: str = ""
    value: Json = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Mapping:
    """All layouts of one provider's files, oldest first."""

    name: str
    layouts: tuple[Layout, ...]

    @property
    def value(self) -> Json:
        """The mapping as JSON, as it is attached to a record; `parse_mapping` reads it again."""
        return {"name": self.name, "versions": [each.value for each in self.layouts]}


def parse_mapping(value: Json) -> Mapping:
    """Read a whole mapping from JSON; the inverse of `Mapping.value`; `UserMistake` has every problem."""
    check = _Check()
    fields = check.take_object(value, (), required=("name", "versions"))
    listed = check.take_list(fields.get("versions"), ("versions",), least=1)
    layouts = [_parse_layout(each, ("versions", str(at)), check) for at, each in enumerate(listed)]
    name = check.take_text(fields.get("name"), ("name",))
    check.finish()
    return make_mapping(name, [each for each in layouts if each is not None])


def make_mapping(name: str, layouts: Sequence[Layout]) -> Mapping:
    """Put layouts together; how bytes are read must be the same in all, as it comes before the choice."""
    for attribute in ("delimiter", "encoding", "sheet"):
        if len({getattr(each, attribute) for each in layouts}) > 1:
            raise errors.UserMistake(
                f"the versions of the mapping {name} differ in {attribute}; make them one"
            )
    if len({each.version for each in layouts}) < len(layouts):
        raise errors.UserMistake(f"two versions of the mapping {name} have the same name")
    return Mapping(name, tuple(layouts))


def parse_layout(value: Json) -> Layout:
    """Read one version; raises `UserMistake` whose problems have JSON Pointers as places."""
    check = _Check()
    layout = _parse_layout(value, (), check)
    check.finish()
    if layout is None:
        raise TypeError("a layout without problems was not made")
    return layout


_Place = tuple[str, ...]
_COMMON = (
    "name", "version", "kind", "dataset", "provider", "service", "policy_area", "metrics", "letter_case",
    "no_number", "binary_numbers", "restates_history", "editions", "everything", "read_as", "repeated",
    "delimiter", "encoding", "sheet", "told_by", "report",
)  # fmt: skip
_OF_TABLE = ("header", "columns", "policy_area")
_OF_STACK = ("title", "totals", "shifted")


def _parse_layout(value: Json, at: _Place, check: _Check) -> Layout | None:
    before = len(check.problems)
    if not isinstance(value, dict) or not value.keys() & {"version", "header", "columns", "tables"}:
        # One mistake is one sentence: every field of what is no mapping would be missing too.
        check.report(
            at, "this is no mapping: here stand its fields, each with its name (docs/reference/figures.md)"
        )
        return None
    check.find_guesses(value, at)
    fields = check.take_object(
        value, at, required=("name", "version", "provider"), allowed=(*_COMMON, *_OF_TABLE, "tables")
    )
    kind = check.take_choice(fields.get("kind", TABLE), (*at, "kind"), KINDS)
    folded = check.take_choice(fields.get("letter_case", "kept"), (*at, "letter_case"), CASES) == "folded"
    rules = _parse_rules(fields.get("metrics", []), (*at, "metrics"), check, folded)
    if kind == STACKED:
        listed = check.take_list(fields.get("tables"), (*at, "tables"), least=1)
        tables = [
            _parse_table(each, (*at, "tables", str(n)), check, rules, folded, stacked=True)
            for n, each in enumerate(listed)
        ]
    elif kind == TABLE:
        tables = [_parse_table(fields, at, check, rules, folded, stacked=False)]
    else:
        tables = []
    name = check.take_text(fields.get("name"), (*at, "name"))
    texts = {
        each: check.take_text(fields.get(each, ""), (*at, each), empty=True)
        for each in ("service", "sheet", "report")
    }
    words = {
        each: check.take_texts(fields.get(each, []), (*at, each))
        for each in ("no_number", "everything", "editions")
    }
    flags = {
        each: check.take_flag(fields.get(each, each == "restates_history"), (*at, each))
        for each in ("binary_numbers", "restates_history")
    }
    version = check.take_text(fields.get("version"), (*at, "version"))
    if version and not _SLUG.fullmatch(version):
        check.report((*at, "version"), "a version is written in small letters, digits and hyphens")
    columns = {each.header for table in tables for each in table.columns}
    replacements = _parse_replacements(fields.get("read_as", []), (*at, "read_as"), check, columns)
    repeated = _parse_repeated(fields.get("repeated", []), (*at, "repeated"), check, columns)
    told_by = check.take_choice(fields.get("told_by", TELLERS[0]), (*at, "told_by"), TELLERS)
    made = {
        "dataset": check.take_text(fields.get("dataset", name), (*at, "dataset")),
        "provider": check.take_text(fields.get("provider"), (*at, "provider")),
        "delimiter": check.take_choice(
            fields.get("delimiter", ","), (*at, "delimiter"), (",", ";", "\t", "|")
        ),
        "encoding": check.take_choice(
            fields.get("encoding", "utf-8"), (*at, "encoding"), ("utf-8", "windows-1252", "iso-8859-1")
        ),
    }
    if len(check.problems) > before:
        return None
    return Layout(
        mapping=name,
        version=version,
        kind=kind,
        tables=tuple(tables),
        rules=rules,
        is_folded=folded,
        no_number=frozenset(words["no_number"]),
        everything=frozenset(_fold(each, folded) for each in words["everything"]),
        editions=words["editions"],
        replacements=replacements,
        repeated=repeated,
        value=value,
        dataset=made["dataset"],
        provider=made["provider"],
        delimiter=made["delimiter"],
        encoding=made["encoding"],
        service=texts["service"],
        sheet=texts["sheet"],
        binary_numbers=flags["binary_numbers"],
        restates_history=flags["restates_history"],
        told_by=told_by,
        report=texts["report"],
    )


def _parse_table(
    fields: dict[str, Json],
    at: _Place,
    check: _Check,
    rules: tuple[Rule, ...],
    folded: bool,
    *,
    stacked: bool,
) -> Table:
    if stacked:
        fields = check.take_object(
            fields, at, required=("header", "columns"), allowed=(*_OF_TABLE, *_OF_STACK)
        )
    header = check.take_texts(fields.get("header"), (*at, "header"), least=1)
    if len(set(header)) < len(header):
        check.report((*at, "header"), "two columns have one name")
    given = check.take_object(fields.get("columns"), (*at, "columns"))
    columns = []
    for name in header:
        if name in given:
            columns.append(_parse_column(name, given[name], (*at, "columns", name), check, rules, folded))
        else:
            check.report((*at, "columns"), f"column {values.quote(name)} of the header has no meaning here")
    for name in given:
        if name not in header:
            check.report((*at, "columns", name), "this column is not in the header")
    title = check.take_text(fields.get("title", ""), (*at, "title"), empty=True) if stacked else ""
    roles = [each.role for each in columns]
    for role in ("provider", "service", "policy area", "metric", "period", "period kind"):
        if roles.count(role) > 1:
            check.report((*at, "columns"), f"only one column can be the {role}")
    if columns and "value" not in roles:
        check.report((*at, "columns"), "no column is a value")
    for each in columns:
        if each.role != "value":
            continue
        if not each.metric and "metric" not in roles and not stacked:
            check.report((*at, "columns", each.header), "say `metric`, because no column is the metric")
        if each.period is None and "period" not in roles and not stacked:
            check.report((*at, "columns", each.header), "say `period`, because no column is the period")
    shifted = check.take_object(fields.get("shifted", {}), (*at, "shifted"), allowed=("column", "reason"))
    column = check.take_text(shifted.get("column", ""), (*at, "shifted", "column"), empty=not shifted)
    if column and column not in header:
        check.report((*at, "shifted", "column"), "this column is not in the header")
    return Table(
        title,
        header,
        tuple(columns),
        frozenset(check.take_texts(fields.get("totals", []), (*at, "totals"))),
        check.take_text(fields.get("policy_area", ""), (*at, "policy_area"), empty=True),
        column,
        check.take_text(shifted.get("reason", ""), (*at, "shifted", "reason"), empty=not shifted),
    )


_OF_ROLE = {
    "breakdown": ("name",),
    "period kind": ("kinds",),
    "ignored": ("reason",),
    "service": ("ends_with_period",),
    "value": ("metric", "counts", "unit", "percent_sign", "scale", "period", "policy_area"),
}


def _parse_column(
    header: str, value: Json, at: _Place, check: _Check, rules: tuple[Rule, ...], folded: bool
) -> Column:
    fields = check.take_object(value, at, required=("is",))
    role = check.take_choice(fields.get("is"), (*at, "is"), ROLES)
    for name in fields:
        if name not in ("is", "confirm", *_OF_ROLE.get(role, ())):
            check.report((*at, name), f"a column that is {role} has no field {name!r}")
    if role == "ignored":
        check.take_text(fields.get("reason"), (*at, "reason"))
    if role == "breakdown":
        return Column(header, role, name=check.take_text(fields.get("name", header), (*at, "name")).lower())
    if role == "service":
        flag = check.take_flag(fields.get("ends_with_period", False), (*at, "ends_with_period"))
        return Column(header, role, ends_with_period=flag)
    if role == "period kind":
        kinds = check.take_object(fields.get("kinds"), (*at, "kinds"))
        read = tuple(
            (_fold(name, folded), check.take_choice(each, (*at, "kinds", name), periods.KINDS))
            for name, each in kinds.items()
        )
        return Column(header, role, kinds=read)
    if role != "value":
        return Column(header, role)
    metric = check.take_text(fields.get("metric", ""), (*at, "metric"), empty=True)
    measure = None
    if "counts" in fields or "unit" in fields:
        measure = _parse_measure(fields, at, check)
    elif metric:
        measure = find_measure(rules, _fold(metric, folded))
        if measure is None:
            check.report(
                at, f"say `counts` and `unit`, because no rule knows the metric {values.quote(metric)}"
            )
    period = None
    if "period" in fields:
        period = check.take_period(fields["period"], (*at, "period"))
    area = check.take_text(fields.get("policy_area", ""), (*at, "policy_area"), empty=True)
    return Column(header, role, "", metric, measure, period, area)


def _parse_measure(fields: dict[str, Json], at: _Place, check: _Check) -> Measure:
    counts = check.take_choice(fields.get("counts"), (*at, "counts"), values.COUNTS)
    unit = check.take_choice(fields.get("unit", "number"), (*at, "unit"), values.UNITS)
    sign = check.take_flag(fields.get("percent_sign", unit == "per cent"), (*at, "percent_sign"))
    scale = fields.get("scale", 1)
    if isinstance(scale, bool) or not isinstance(scale, int) or not 1 <= scale <= _MAX_SCALE:
        check.report((*at, "scale"), f"a scale is a whole number from 1 to {_MAX_SCALE}")
        scale = 1
    return Measure(counts, unit, sign, scale)


def _parse_rules(value: Json, at: _Place, check: _Check, folded: bool) -> tuple[Rule, ...]:
    rules = []
    for n, each in enumerate(check.take_list(value, at)):
        here = (*at, str(n))
        fields = check.take_object(
            each,
            here,
            required=("counts",),
            allowed=("name", "pattern", "unit", "counts", "percent_sign", "scale"),
        )
        if ("name" in fields) == ("pattern" in fields):
            check.report(here, "a rule has either a `name` or a `pattern`")
            continue
        key = "name" if "name" in fields else "pattern"
        text = check.take_text(fields[key], (*here, key))
        rules.append(Rule(_fold(text, folded), key == "pattern", _parse_measure(fields, here, check)))
    return tuple(rules)


def find_measure(rules: Sequence[Rule], metric: str) -> Measure | None:
    """Find what a metric's figures are: an exact name before patterns, an earlier rule before a later."""
    matching = [each for each in rules if each.matches(metric)]
    matching.sort(key=lambda each: each.is_pattern)
    return matching[0].measure if matching else None


def _parse_replacements(value: Json, at: _Place, check: _Check, columns: set[str]) -> tuple[Replacement, ...]:
    made = []
    for n, each in enumerate(check.take_list(value, at)):
        names = ("column", "printed", "read", "reason")
        fields = check.take_object(each, (*at, str(n)), required=names, allowed=names)
        texts = [check.take_text(fields.get(name), (*at, str(n), name)) for name in names]
        _check_column(texts[0], columns, (*at, str(n), "column"), check)
        made.append(Replacement(*texts))
    return tuple(made)


def _parse_repeated(value: Json, at: _Place, check: _Check, columns: set[str]) -> tuple[Repeated, ...]:
    made = []
    for n, each in enumerate(check.take_list(value, at)):
        here = (*at, str(n))
        names = ("column", "printed", "editions", "reason")
        fields = check.take_object(each, here, required=names, allowed=names)
        column, printed, reason = (
            check.take_text(fields.get(x), (*here, x)) for x in ("column", "printed", "reason")
        )
        _check_column(column, columns, (*here, "column"), check)
        made.append(
            Repeated(
                column,
                printed,
                check.take_texts(fields.get("editions"), (*here, "editions"), least=1),
                reason,
            )
        )
    return tuple(made)


def _check_column(name: str, columns: set[str], at: _Place, check: _Check) -> None:
    if name and columns and name not in columns:
        check.report(at, f"there is no column {values.quote(name)}")


def _fold(text: str, folded: bool) -> str:
    return text.casefold() if folded else text


class _Check:
    """Takes values out of untrusted data and gathers what is wrong, each with its place."""

    def __init__(self) -> None:
        self.problems: list[errors.Problem] = []
        self.missing: set[_Place] = set()

    def report(self, at: _Place, sentence: str) -> None:
        if at in self.missing:
            return
        self.problems.append(errors.Problem(pointer.format_pointer(at), sentence))

    def finish(self) -> None:
        if self.problems:
            raise errors.UserMistake(problems=self.problems)

    def find_guesses(self, value: Json, at: _Place) -> None:
        if isinstance(value, dict):
            if "confirm" in value:
                guess = value["confirm"] if isinstance(value["confirm"], str) else "this was guessed"
                self.report((*at, "confirm"), f"{guess}; see whether it is right, then delete this line")
            for name, each in value.items():
                self.find_guesses(each, (*at, str(name)))
        elif isinstance(value, list):
            for n, each in enumerate(value):
                self.find_guesses(each, (*at, str(n)))

    def take_object(
        self, value: Json, at: _Place, *, required: Sequence[str] = (), allowed: Sequence[str] | None = None
    ) -> dict[str, Json]:
        if not isinstance(value, dict):
            self.report(
                at, "here stands a list of fields, each with its name" if value is not None else "is missing"
            )
            return {}
        for name in required:
            if name not in value:
                self.report(at, f"the field {name!r} is missing")
                self.missing.add((*at, name))
        for name in value:
            if allowed is not None and name not in allowed and name != "confirm":
                self.report((*at, str(name)), "no such field is known here")
        return value

    def take_list(self, value: Json, at: _Place, *, least: int = 0) -> list[Json]:
        if not isinstance(value, list) or len(value) < least:
            self.report(at, "here stands a list" + (" with at least one entry" if least else ""))
            return []
        return value

    def take_text(self, value: Json, at: _Place, *, empty: bool = False) -> str:
        if isinstance(value, str) and (value.strip() or empty):
            return value.strip()
        self.report(at, "here stands a text; put quotation marks around it where it looks like a number")
        return ""

    def take_texts(self, value: Json, at: _Place, *, least: int = 0) -> tuple[str, ...]:
        listed = self.take_list(value, at, least=least)
        return tuple(self.take_text(each, (*at, str(n)), empty=True) for n, each in enumerate(listed))

    def take_flag(self, value: Json, at: _Place) -> bool:
        if not isinstance(value, bool):
            self.report(at, "here stands true or false")
        return value is True

    def take_choice(self, value: Json, at: _Place, choices: Sequence[str]) -> str:
        if isinstance(value, str) and value in choices:
            return value
        self.report(at, f"here stands one of: {', '.join(map(repr, choices))}")
        return choices[0]

    def take_period(self, value: Json, at: _Place) -> periods.Period | None:
        try:
            return periods.parse_period(self.take_text(value, at)) if isinstance(value, str) else None
        except errors.UserMistake as error:
            self.report(at, error.problems[0].sentence)
            return None
