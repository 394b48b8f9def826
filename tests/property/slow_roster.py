"""A slow twin of the matcher: every form of every name as one regular expression, tried at every letter.

Nothing of `archive/spelling`, `archive/forms` or `archive/matcher` is used. It knows names of the shapes
that the property test draws: one or more given names and one family name, First Last, hyphens allowed.
"""

import re
import unicodedata
from itertools import chain, product

START, END = r"(?<![^\W_])", r"(?:'[sS])?(?![^\W_])"
GAP = r"(?:'[sS])?[\W_]+"


def fold(text: str) -> str:
    text = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L").replace("’", "'"))
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def any_case(part: str) -> str:
    return f"(?i:{part})"


def capital(part: str) -> str:
    return part[0].upper() + any_case(part[1:])


def list_patterns(name: str) -> list[str]:
    """Write each form of a name as a pattern over folded text."""
    patterns = []
    spelt = {name, name.replace("ü", "ue").replace("ö", "oe")}
    for whole in {each.replace("-", "") for each in spelt} | spelt:
        words = [re.findall(r"[a-z]+", fold(word).lower()) for word in whole.split()]
        for cut in range(1, len(words)):
            patterns += list_orders(words[:cut], words[cut:])
        if len(words) == 1:
            patterns.append(GAP.join([*map(any_case, words[0][:-1]), capital(words[0][-1])]))
    return [f"{START}{pattern}{END}" for pattern in patterns] + [
        f"{START}{pattern}(?<=[^\\W\\d_]{{2}})[0-9]{{1,2}}(?![^\\W_])"
        for pattern in patterns
        if pattern[-2:] != "\\."
    ]


def list_orders(given: list[list[str]], family: list[list[str]]) -> list[str]:
    first, every, last = given[0], list(chain(*given)), list(chain(*family))
    letters = [part[0] for part in every]
    patterns = []
    for names in (first, every, first + letters[len(first) :]):
        for order in (names + last, last + names):
            full = len(names[0]) > 1
            patterns += [GAP.join(map(any_case, order))] if full else list_initialled(order)
    for initials in (letters[:1], letters[: len(first)], letters):
        for order in (initials + last, last + initials):
            patterns += list_initialled(order)
        if len(initials) > 1:
            joined = "".join(initials)
            capitals = [capital(part) for part in last]
            patterns.append(GAP.join([joined.upper(), *capitals]))
            patterns.append(GAP.join([*capitals, joined.upper()]))
            # Initials with one capital count where the family name stands in capitals.
            loud = [part.upper() for part in last]
            for at in range(len(loud)):
                some = [*capitals[:at], loud[at], *capitals[at + 1 :]]
                patterns.append(GAP.join([capital(joined), *some]))
                patterns.append(GAP.join([*some, capital(joined)]))
    for alone in (first, every, last):
        if len("".join(alone)) > 1:
            patterns.append(GAP.join([*map(any_case, alone[:-1]), capital(alone[-1])]))
    whole = [part[0].upper() for part in every + last]
    patterns.append(r"\.[\W_]*".join(whole))
    if len(whole) > 2:
        patterns.append("".join(whole))
    for joined in ("".join(first + last), "".join(last + first)):
        if len(joined) >= 7:
            patterns.append(any_case(joined))
    return patterns


def list_initialled(order: list[str]) -> list[str]:
    """Write an order with initials twice: each initial with a dot or a capital beside capitals."""
    patterns = []
    places = [at for at, part in enumerate(order) if len(part) == 1]
    for dots in product((True, False), repeat=len(places)):
        dotted = dict(zip(places, dots, strict=True))
        loud = not all(dots)
        parts = []
        for at, part in enumerate(order):
            if at in dotted:
                text = any_case(part) if dotted[at] else part.upper()
                # The dot stands directly behind the initial.
                parts.append(text + (r"(?=\.)" if dotted[at] else ""))
            else:
                parts.append(capital(part) if loud else any_case(part))
        patterns.append(GAP.join(parts))
    return patterns


def find_covered(names: list[str], lines: list[list[str]]) -> set[int]:
    """Return the numbers of the words that some form of some name covers."""
    words = [word for line in lines for word in line]
    readings = [([[at] for at in range(len(words))], words)]
    start = 0
    for line in lines[:-1]:
        start += len(line)
        if 0 < start < len(words) and line and words[start - 1].endswith("-"):
            places = [[at] for at in range(len(words))]
            places[start - 1 : start + 1] = [[start - 1, start]]
            joined = words[start - 1].rstrip("-") + words[start]
            readings.append((places, [*words[: start - 1], joined, *words[start + 1 :]]))
    patterns = [re.compile(pattern) for name in names for pattern in list_patterns(name)]
    covered: set[int] = set()
    for places, written in readings:
        folded = [fold(word) for word in written]
        owner = [at for at, word in enumerate(folded) for _ in range(len(word) + 1)]
        text = " ".join(folded)
        for pattern in patterns:
            for at in range(len(text)):
                if found := pattern.match(text, at):
                    # What ends in a lookahead or a dot ends in its word.
                    for word in range(owner[at], owner[found.end() - 1] + 1):
                        covered.update(places[word])
    return covered
