"""What is to be set of a file that has no pages of its own: its pieces, and what was counted in it.

Made by `files/texts`, `files/chats` and `files/mails`; set by `files/typesetting`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lightwell.files.preparation import Finding
from lightwell.files.source_texts import Text
from lightwell.files.typesetting import Piece


@dataclass(frozen=True, slots=True)
class Draft:
    """Pieces in order, each set and forgotten, and the findings beside them.

    `held` are all texts of the file (`files/source_texts`) where its pages may leave some of them out.
    """

    pieces: Iterator[Piece]
    findings: Sequence[Finding] = field(default=())
    held: Iterable[Text] = field(default=())


@dataclass(frozen=True, slots=True)
class TooMuch:
    """Why a file is left as bytes although its format is known: data of this size is not read page by
    page.
    """

    reason: str
