"""Searches to try: words that stand on published pages, so that no example of the front page finds nothing.

Words that fit research about children come first where they are found; otherwise words are taken from the
pages themselves. Only what a search finds now is offered, so that a hidden page lends no words.
"""

from __future__ import annotations

import functools
import re
from collections import Counter

from django.db.models import Min

from lightwell.actions import log, search
from lightwell.base import errors
from lightwell.db.models import PublicPage
from lightwell.files import index
from lightwell.files.state import State

PREFERRED = ("sleep", '"after midnight"', "bullying comments")
COUNT = 3
# Pages looked at for words of their own: the first of each of so many documents.
_PAGES = 10
# Shorter words are mostly those that every page has.
_WORD = re.compile(r"\b[^\W\d_]{6,20}\b")
_PHRASE = re.compile(r"(?<![\w-])[a-zà-ÿ]{5,20} [a-zà-ÿ]{5,20}(?![\w-])")


def list_examples(state: State) -> tuple[str, ...]:
    """List at most three searches that find something; none while nothing is published or indexed."""
    try:
        moment = (index.open_folder(state.index).read_state(), log.count_entries())
    except errors.CouldNotCheck:
        return ()
    return _list_examples(state, moment)


def choose_words(texts: list[str]) -> list[str]:
    """Choose searches from the texts of pages: a frequent word, a phrase, then more words, best first."""
    words = Counter(word.lower() for text in texts for word in _WORD.findall(text))
    ranked = [word for word, _ in words.most_common(2 * COUNT)]
    phrases = [f'"{found[0]}"' for text in texts if (found := _PHRASE.search(text))]
    # Scripts without such words: whatever stands first.
    rest = [word for text in texts for word in text.split()[:COUNT]]
    return [*ranked[:1], *phrases[:1], *ranked[1:], *phrases[1:], *rest]


@functools.lru_cache(maxsize=4)
def _list_examples(state: State, _moment: object) -> tuple[str, ...]:
    found: list[str] = []
    try:
        for each in (*PREFERRED, *choose_words(_read_first_pages())):
            if each not in found and search.find_pages(state, each, limit=1).counts.pages:
                found.append(each)
            if len(found) == COUNT:
                break
    except errors.LightwellError:
        # A word that a search reads otherwise: the page has fewer examples.
        pass
    return tuple(found)


def _read_first_pages() -> list[str]:
    visible = PublicPage.objects.visible()
    firsts = visible.values("item").annotate(first=Min("pk")).order_by("item").values_list("first", flat=True)
    return list(visible.filter(pk__in=list(firsts[:_PAGES])).order_by("pk").values_list("text", flat=True))
