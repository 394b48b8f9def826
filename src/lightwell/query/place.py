"""Where in the text each node of a syntax tree begins, so that a refusal can point at the word it is about.

SQLGlot remembers the place of names, constants and most functions. For the rest the place is that of the
leftmost part below, or of the keyword before it that belongs to the node.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

_KEY, _TEXT = "lightwell", "lightwell text"
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_ENDING = (TokenType.COMMA, TokenType.FROM, TokenType.SEMICOLON, TokenType.WHERE, TokenType.GROUP_BY)
# How many words a node's own keyword may stand before its first part: EXTRACT ( month FROM x.
_REACH = 5
_WORDS: dict[type[exp.Expression], tuple[str, ...]] = {
    exp.Boolean: ("TRUE", "FALSE"),
    exp.Cast: ("CAST", "DATE", "TIMESTAMP", "TIME", "TRY_CAST"),
    exp.TryCast: ("TRY_CAST",),
    exp.Group: ("GROUP BY",),
    exp.GroupConcat: ("STRING_AGG", "GROUP_CONCAT", "LISTAGG"),
    exp.GroupingSets: ("GROUPING SETS",),
    exp.If: ("IF", "WHEN"),
    exp.Neg: ("-",),
    exp.Paren: ("(",),
    exp.Subquery: ("(",),
    exp.Tuple: ("(",),
    exp.Not: ("NOT", "!"),
    exp.PercentileCont: ("QUANTILE_CONT", "PERCENTILE_CONT"),
    exp.PercentileDisc: ("QUANTILE_DISC", "PERCENTILE_DISC"),
    exp.Placeholder: ("?", "$", ":"),
    exp.Parameter: ("$", "@"),
    exp.Star: ("*",),
    exp.TableSample: ("TABLESAMPLE", "USING", "SAMPLE"),
    exp.Array: ("[", "ARRAY"),
    exp.Struct: ("{", "STRUCT_PACK"),
    exp.ToMap: ("MAP",),
    exp.Abs: ("ABS", "@"),
    exp.Lock: ("FOR",),
    exp.Window: (),
}


class Places:
    """The words of a text by where they begin."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.starts = [token.start for token in tokens]
        self.lines = [0, *(place + 1 for place, sign in enumerate(text) if sign == "\n")]

    def locate(self, offset: int) -> tuple[int, int]:
        """The line and column, both from 1, of a character."""
        line = bisect_right(self.lines, offset)
        return line, offset - self.lines[line - 1] + 1

    def mark_all(self, tree: exp.Expr) -> None:
        """Write into each node where it begins and with which word."""
        for node in reversed(list(tree.dfs())):
            found = self._find_start(node)
            if found is not None:
                start, is_own = found
                place = bisect_right(self.starts, start) - 1
                line, column = self.locate(start)
                word = self.tokens[place].text if is_own else type(node).__name__
                node.meta[_KEY] = (line, column, word, start)

    def mark_items(self, select: exp.Select, text: str) -> None:
        """Keep how each column of the answer was written: up to a comma, FROM or the end."""
        for item in select.expressions:
            if _KEY not in item.meta:
                continue
            first = bisect_right(self.starts, item.meta[_KEY][3]) - 1
            words: list[str] = []
            depth, end = 0, -1
            for token in self.tokens[first:]:
                depth += (token.text in _OPENING) - (token.text in _CLOSING)
                is_last = token.token_type in _ENDING and not depth
                if depth < 0 or is_last:
                    break
                gap = " " if words and token.start > end + 1 else ""
                words.append(gap + text[token.start : token.end + 1])
                end = token.end
            item.meta[_TEXT] = "".join(words)

    def _find_start(self, node: exp.Expr) -> tuple[int, bool] | None:
        known = node.meta.get("start")
        if isinstance(known, int):
            return known, True
        below: list[int] = [part.meta[_KEY][3] for part in node.iter_expressions() if _KEY in part.meta]
        words = _list_words(node)
        if not below:
            alone = [
                token.start for token in self.tokens if token.text.upper() in words and token.text != "("
            ]
            return (alone[0], True) if alone else None
        first = min(below)
        place = bisect_right(self.starts, first) - 1
        for before in range(place - 1, max(place - 1 - _REACH, -1), -1):
            if self.tokens[before].text.upper() in words:
                return self.starts[before], True
        return first, False


def _list_words(node: exp.Expr) -> tuple[str, ...]:
    known = next((words for kind, words in _WORDS.items() if type(node) is kind), None)
    if known is not None:
        return known
    if isinstance(node, exp.Var):
        return (node.name.upper(),)
    names = node.sql_names() if isinstance(node, exp.Func) else [type(node).__name__]
    return tuple(name.upper() for name in names)


def find_place(node: exp.Expr) -> tuple[int, int]:
    """The line and column of a node; (0, 0) where it is not known."""
    line, column, _, _ = node.meta.get(_KEY, (0, 0, "", 0))
    return line, column


def find_word(node: exp.Expr) -> str:
    """The node's own word as it was written, or what SQLGlot calls it where it has none."""
    return str(node.meta.get(_KEY, (0, 0, type(node).__name__, 0))[2])


def find_text(node: exp.Expression) -> str:
    """How a column of the answer was written; nothing for another node."""
    return str(node.meta.get(_TEXT, ""))
