"""From text to a syntax tree, within limits that a hostile text cannot exhaust. SQLGlot reads, nothing is
run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import sqlglot
from sqlglot import errors as sql_errors
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from lightwell.query.place import Places, find_place, find_word
from lightwell.query.refusal import QueryRefused, Refusal

MAX_CHARACTERS = 20_000
MAX_TOKENS = 4_000
# SQLGlot takes up to 25 frames of Python a bracket: these fit beside whoever asks.
MAX_DEPTH = 30
DIALECT = "duckdb"
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
# Prefix operators nest as deep as they are long, without any bracket.
_PREFIX = {TokenType.NOT, TokenType.DASH, TokenType.TILDE, TokenType.PLUS}
# Whatever else a statement begins with does something to the database, and is not even parsed.
_FIRST = {TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN}
_EXAMPLE = "Write for example: SELECT COUNT(*) FROM answers"


def parse_query(text: str) -> exp.Select:
    """Read one SELECT statement, each node marked with its place.

    Raises QueryRefused when it is too long, too deep, no SQL, or anything but one SELECT.
    """
    if len(text) > MAX_CHARACTERS:
        raise _refuse("too-long", f"The text has {len(text)} characters.", f"Write at most {MAX_CHARACTERS}.")
    if "\x00" in text:
        where = text.index("\x00")
        line, column = Places(text, ()).locate(where)
        raise _refuse("syntax", "The text has a zero character.", "Leave it out.", line, column)
    half = next((place for place, sign in enumerate(text) if "\ud800" <= sign <= "\udfff"), None)
    if half is not None:
        place = Places(text, ()).locate(half)
        raise _refuse("syntax", "The text has half of a character.", "Leave it out.", *place)
    dialect = sqlglot.Dialect.get_or_raise(DIALECT)
    try:
        tokens = dialect.tokenize(text)
    except (sql_errors.SqlglotError, RecursionError, ValueError):
        opened = _find_open(text)
        raise _refuse(
            "syntax",
            "The text is not SQL.",
            "Look for a quotation mark or a comment that is not closed.",
            *((0, 0) if opened is None else Places(text, ()).locate(opened)),
        ) from None
    places = Places(text, tokens)
    _check_tokens(tokens, places)
    try:
        # What sqlglot.parse does, which would cut the text into words once more.
        statements = dialect.parser().parse(tokens, text)
    except sql_errors.ParseError as error:
        raise _place_syntax(error, tokens, places) from None
    except Exception:
        raise _refuse(
            "syntax", "The text cannot be read as SQL here.", "See docs/reference/sql.md."
        ) from None
    tree = next((statement for statement in statements if statement is not None), None)
    if tree is None:
        raise _refuse("empty", "There is no query.", _EXAMPLE)
    places.mark_all(tree)
    _respell(tree)
    _check_complete(tree)
    while isinstance(tree, exp.Subquery | exp.Paren) and not _list_extra(tree):
        tree = tree.this
    if isinstance(tree, exp.SetOperation):
        raise _refuse(
            "set-operation",
            "UNION, INTERSECT and EXCEPT are not answered.",
            "Ask two queries, or tell the rows apart with CASE and GROUP BY.",
            *_find_keyword(tokens, places, ("UNION", "INTERSECT", "EXCEPT")),
        )
    if not isinstance(tree, exp.Select):
        raise _refuse("only-select", "Only SELECT can be asked.", _EXAMPLE, *places.locate(tokens[0].start))
    places.mark_items(tree, text)
    return tree


# What hides other signs until it is closed: texts, names, comments. Within a text '' is one mark of it.
_HIDING = re.compile(
    r"""
    '(?:[^']|'')*+' | "(?:[^"]|"")*+" | --[^\n]* | /\*.*?\*/ | \$(\w*)\$.*?\$\1\$
    | (?P<open>'|"|/\*|\$\w*\$)
    """,
    re.DOTALL | re.VERBOSE,
)


def _find_open(text: str) -> int | None:
    """Where a quotation mark or a comment begins that is never closed."""
    return next((found.start() for found in _HIDING.finditer(text) if found["open"]), None)


def _check_complete(tree: exp.Expr) -> None:
    """Refuse what lacks a part that SQLGlot itself says it has: MIN() becomes a node about nothing."""
    for node in tree.walk():
        for name, is_required in node.arg_types.items():
            if is_required and node.args.get(name) is None:
                place = find_place(node)
                raise _refuse(
                    "syntax", f"{find_word(node)[:40].upper()} lacks an argument.", "Write it.", *place
                )


def _respell(tree: exp.Expr) -> None:
    """Give functions that SQLGlot does not know here the name of the same function that it knows."""
    for node in list(tree.find_all(exp.Anonymous)):
        make = _SPELLINGS.get((str(node.this).upper(), len(node.expressions)))
        if make is not None and node.parent is not None:
            made = make(*node.expressions)
            made.meta.update(node.meta)
            node.replace(made)


_SPELLINGS: dict[tuple[str, int], Callable[..., exp.Expression]] = {
    ("MEAN", 1): lambda part: exp.Avg(this=part),
    ("WEEKDAY", 1): lambda part: exp.DayOfWeek(this=part),
    ("DATE_PART", 2): lambda unit, part: exp.Extract(this=unit, expression=part),
    ("DATEPART", 2): lambda unit, part: exp.Extract(this=unit, expression=part),
    ("PREFIX", 2): lambda part, words: exp.StartsWith(this=part, expression=words),
    ("SUFFIX", 2): lambda part, words: exp.EndsWith(this=part, expression=words),
}


def _list_extra(node: exp.Expression) -> list[str]:
    return [part for part, value in node.args.items() if value and part != "this"]


def _check_tokens(tokens: Sequence[Token], places: Places) -> None:
    """Refuse by words alone what is too long, too deep, several statements, or no SELECT."""
    if len(tokens) > MAX_TOKENS:
        raise _refuse("too-long", f"The text has {len(tokens)} words.", f"Write at most {MAX_TOKENS}.")
    first = next((token for token in tokens if token.token_type != TokenType.SEMICOLON), None)
    if first is None:
        raise _refuse("empty", "There is no query.", _EXAMPLE)
    ended = False
    for token in tokens[tokens.index(first) :]:
        if ended and token.token_type != TokenType.SEMICOLON:
            raise _refuse(
                "one-statement",
                "The text has more than one statement.",
                "Ask one query at a time.",
                *places.locate(token.start),
            )
        ended = ended or token.token_type == TokenType.SEMICOLON
    if first.token_type not in _FIRST:
        raise _refuse(
            "only-select",
            f"{first.text[:40].upper()} is no question; only SELECT is.",
            _EXAMPLE,
            *places.locate(first.start),
        )
    depth = prefixes = lists = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        prefixes = prefixes + 1 if token.token_type in _PREFIX else 0
        # No list is answered, and a long chain of brackets after a name takes the parser long.
        lists += token.token_type in (TokenType.L_BRACKET, TokenType.L_BRACE)
        if max(depth, prefixes, lists) > MAX_DEPTH:
            raise _refuse(
                "too-deep",
                f"More than {MAX_DEPTH} brackets or signs stand inside one another.",
                "Name parts with WITH, or write less in one query.",
                *places.locate(token.start),
            )


def _place_syntax(error: sql_errors.ParseError, tokens: Sequence[Token], places: Places) -> QueryRefused:
    """A syntax error at the word that SQLGlot stumbled over."""
    found = error.errors[0] if error.errors else {}
    line, end = int(found.get("line") or 0), int(found.get("col") or 0)
    at = next((token for token in tokens if (token.line, token.col) == (line, end)), None)
    return _refuse(
        "syntax",
        f"The text cannot be read as SQL at “{at.text[:40]}”." if at else "The text cannot be read as SQL.",
        "Compare it with the examples in docs/reference/sql.md.",
        *(places.locate(at.start) if at else (0, 0)),
    )


def _find_keyword(tokens: Sequence[Token], places: Places, words: Sequence[str]) -> tuple[int, int]:
    at = next((token for token in tokens if token.text.upper() in words), None)
    return places.locate(at.start) if at else (0, 0)


def read_whole(node: object) -> int | None:
    """The whole number that a constant is written as, or None for anything else."""
    if not isinstance(node, exp.Literal) or node.is_string:
        return None
    text = str(node.this)
    # isdigit is true of ² as well, and a number of thousands of digits is nobody's.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _refuse(code: str, reason: str, advice: str, line: int = 0, column: int = 0) -> QueryRefused:
    return QueryRefused([Refusal(code, reason, advice, line, column)])
