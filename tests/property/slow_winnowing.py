"""The slow twin of `lightwell.archive.fingerprint`: winnowing written down word for word.

Schleimer, Wilkerson, Aiken: Winnowing, SIGMOD 2003, definition 1, for k = 5 and w = 4, with the places that
the fast one does without. Takes words that are normalised already, imports nothing from the project.
"""

import hashlib

K, W = 5, 4


def list_hashes(words):
    """The hashes of all k-grams, in order."""
    found = []
    for start in range(len(words)):
        if start + K <= len(words):
            digest = hashlib.sha256(" ".join(words[start : start + K]).encode()).digest()
            found.append(int.from_bytes(digest, "big") >> 192)
    return found


def select(words):
    """The places and hashes that winnowing selects from one run of words.

    "In each window select the minimum hash value. If there is more than one hash with the minimum value,
    select the rightmost occurrence."
    """
    hashes = list_hashes(words)
    selected = set()
    for start in range(max(1, len(hashes) - W + 1)):
        window = range(start, min(start + W, len(hashes)))
        if window:
            least = min(hashes[place] for place in window)
            place = max(place for place in window if hashes[place] == least)
            selected.add((place, least))
    return selected


def fingerprint(runs):
    """The hashes selected from every run, each on its own, as eight bytes."""
    return {value.to_bytes(8, "big") for words in runs for _, value in select(words)}
