"""Which topic a figure belongs to, and whether it is about the safety of children: by rules that are data.

The rules stand in `data/figure-topics` (read by `files/data`), written for people who know the field. Here
is only how a rule is applied: the first one fits, one of whose words stands in a name of the series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.figures.point import Series


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the site, empty where no rule names one, and whether it is about the safety of children."""

    topic: str
    child_safety: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Words in small letters, any of which is enough, and the topic that follows."""

    words: tuple[str, ...]
    topic: Topic


NONE = Topic("", False)


def parse_rules(value: Json) -> tuple[Rule, ...]:
    """Read the rules; `UserMistake` names every malformed one by its number."""
    listed = value.get("rules") if isinstance(value, dict) else None
    problems, rules = [], []
    for number, each in enumerate(listed if isinstance(listed, list) else [], 1):
        fields = each if isinstance(each, dict) else {}
        topic, flag, words = fields.get("topic"), fields.get("child_safety"), fields.get("any")
        named = isinstance(words, list) and all(isinstance(word, str) and word for word in words)
        if not (words and named and isinstance(topic, str) and isinstance(flag, bool) and len(fields) == 3):
            sentence = "a rule has `any` (a list of words), `topic` and `child_safety` (true or false)"
            problems.append(errors.Problem(f"rule {number}", sentence))
            continue
        rules.append(Rule(tuple(word.casefold() for word in words or ()), Topic(topic, flag)))
    if problems or not rules:
        raise errors.UserMistake(problems=problems or [errors.Problem("", "there is no rule")])
    return tuple(rules)


def find_topic(rules: Sequence[Rule], series: Series) -> Topic:
    """Find the topic of a series; `NONE` where no rule fits."""
    names = (series.provider, series.service, series.policy_area, series.metric)
    text = "\n".join((*names, *(value for _, value in series.breakdown))).casefold()
    return next((rule.topic for rule in rules if any(word in text for word in rule.words)), NONE)
