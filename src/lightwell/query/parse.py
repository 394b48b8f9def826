"""From text to a syntax tree, within limits that a hostile text cannot exhaust. SQLGlot reads, nothing is
run."""

from __future__ import annotations

import sqlglot
from sqlglot import errors as sql_errors
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from lightwell.query.refusal import QueryRefused, Refusal

MAX_CHARACTERS = 20_000
MAX_TOKENS = 4_000
MAX_DEPTH = 40
DIALECT = "duckdb"
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
# Prefix operators nest as deep as they are long, without any bracket.
_PREFIX = {TokenType.NOT, TokenType.DASH, TokenType.TILDE, TokenType.PLUS}


def parse_query(text: str) -> exp.Select:
    """Read one SELECT statement.

    Raises QueryRefused when it is too long, too deep, no SQL, or anything but one SELECT.
    """
    if len(text) > MAX_CHARACTERS:
        raise _refuse("too-long", f"The text has {len(text)} characters.", f"Write at most {MAX_CHARACTERS}.")
    if not text.strip():
        raise _refuse("empty", "There is no query.", "Write for example: SELECT COUNT(*) FROM answers")
    if "\x00" in text:
        raise _refuse("syntax", "The text has a zero character.", "Leave it out.")
    try:
        tokens = sqlglot.tokenize(text, read=DIALECT)
    except (sql_errors.SqlglotError, RecursionError):
        raise _refuse(
            "syntax", "The text is not SQL.", "Look for a quotation mark that is not closed."
        ) from None
    if len(tokens) > MAX_TOKENS:
        raise _refuse("too-long", f"The text has {len(tokens)} words.", f"Write at most {MAX_TOKENS}.")
    depth = prefixes = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        prefixes = prefixes + 1 if token.token_type in _PREFIX else 0
        if depth > MAX_DEPTH or prefixes > MAX_DEPTH:
            raise QueryRefused(
                [
                    Refusal(
                        "too-deep",
                        f"More than {MAX_DEPTH} brackets or signs stand inside one another.",
                        "Name parts with WITH, or write less in one query.",
                        token.line,
                        token.col,
                    )
                ]
            )
    try:
        statements = sqlglot.parse(text, read=DIALECT)
    except sql_errors.ParseError as error:
        found = error.errors[0] if error.errors else {}
        raise QueryRefused(
            [
                Refusal(
                    "syntax",
                    "The text cannot be read as SQL here.",
                    "Compare it with the examples in docs/reference/sql.md.",
                    int(found.get("line") or 0),
                    int(found.get("col") or 0),
                )
            ]
        ) from None
    except (sql_errors.SqlglotError, RecursionError, ValueError):
        raise _refuse(
            "syntax", "The text cannot be read as SQL here.", "See docs/reference/sql.md."
        ) from None
    found_statements = [statement for statement in statements if statement is not None]
    if len(found_statements) != 1:
        raise _refuse("one-statement", "The text has more than one statement.", "Ask one query at a time.")
    statement = found_statements[0]
    if not isinstance(statement, exp.Select):
        raise _refuse(
            "only-select", "Only SELECT can be asked.", "Write SELECT ... FROM a table of the codebook."
        )
    return statement


def find_place(node: exp.Expression) -> tuple[int, int]:
    """The line and column of a node, or of the first word below it that has one; (0, 0) where none has."""
    for below in node.walk():
        if "line" in below.meta:
            return int(below.meta["line"]), int(below.meta["col"]) - (
                int(below.meta["end"]) - int(below.meta["start"])
            )
    return 0, 0


def _refuse(code: str, reason: str, advice: str) -> QueryRefused:
    return QueryRefused([Refusal(code, reason, advice)])
